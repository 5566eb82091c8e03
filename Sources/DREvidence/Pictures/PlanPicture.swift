package import DRRunbook
internal import Templates

/// A plan's steps as one SVG file that stands alone: no script, nothing fetched from anywhere.
package enum PlanPicture {
    /// How many steps are drawn; beyond that nobody could see anything.
    package static let fewest = 2
    package static let most = GraphPicture.mostSteps

    /// - Returns: nil where there is nothing to draw, or more steps than anybody could see in a picture.
    package static func svg(_ plan: Plan) -> String? {
        GraphPicture(nodes: plan.steps.map { GraphPicture.Node($0, mode: plan.mode) }).drawn { picture in
            """
            <style>\(Templates.reportStyle) svg{background:var(--paper)}</style>
            <defs>\(Templates.icons)</defs>
            \(picture)
            """
        }?.renderText
    }
}
