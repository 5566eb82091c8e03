import DRRunbook

/// What needed what: the plan's graph with the outcome of every step.
struct GraphPicture {
    var steps: [StepRecord]

    /// Beyond this, a picture says nothing; every step's needs stand with it.
    static let mostSteps = 400

    struct Style {
        var width: Int
        var height: Int
        var gap: Int
        var layerGap: Int
        var characters: Int
        var isCompact: Bool
    }

    private static let full = Style(width: 172, height: 44, gap: 22, layerGap: 34, characters: 19, isCompact: false)
    private static let compact = Style(width: 118, height: 22, gap: 8, layerGap: 26, characters: 14, isCompact: true)

    /// Nil where there is nothing to draw, or too much.
    func drawn() -> Markup? {
        let planned = steps.filter(\.isMain)
        guard planned.count > 1, planned.count <= Self.mostSteps else { return nil }
        let style = planned.count > 60 ? Self.compact : Self.full
        var indexOf: [StepID: Int] = [:]
        for (index, step) in planned.enumerated() where indexOf[step.id] == nil { indexOf[step.id] = index }
        let edges = planned.enumerated().flatMap { index, step in
            step.needs.compactMap { need in indexOf[need].map { ($0, index) } }
        }
        // Layers run downwards while they are narrow, else to the right: a page scrolls down best.
        let probe = GraphLayout(count: planned.count, edges: edges, spacing: 1, edgeSpacing: 1)
        let isDown = probe.widestLayer <= (style.isCompact ? 7 : 5)
        let layout = GraphLayout(
            count: planned.count, edges: edges, spacing: Double((isDown ? style.width : style.height) + style.gap),
            edgeSpacing: style.isCompact ? 6 : 16)
        return draw(planned, layout, style, isDown: isDown)
    }

    private func draw(_ steps: [StepRecord], _ layout: GraphLayout, _ style: Style, isDown: Bool) -> Markup {
        var picture = Picture()
        let grid = Grid(layout, style: style, isDown: isDown)
        for edge in layout.edges {
            picture.draw("path", ["class": "edge", "d": grid.path(edge.points), "marker-end": "url(#arrow)"])
        }
        for (step, place) in zip(steps, layout.nodes) { draw(step, at: grid.center(place), style, in: &picture) }
        return picture.finished(
            name: "graph", style: "picture graph", width: grid.width, height: grid.height, title: "Graph of steps",
            description: steps.map { step in
                let needs = step.needs.map(\.rawValue).joined(separator: ", ")
                return "\(step.id), \(Wording.outcome(step.outcome))" + (needs.isEmpty ? "" : ", needs \(needs)")
            }.joined(separator: "; "))
    }

    private func draw(_ step: StepRecord, at center: (x: Int, y: Int), _ style: Style, in picture: inout Picture) {
        let tone = Tone(step.outcome)
        let left = center.x - style.width / 2
        let top = center.y - style.height / 2
        let took = step.elapsedNanoseconds.map(Wording.duration)
        let title = "\(step.id): \(step.title): \(Wording.outcome(step.outcome))" + (took.map { " in \($0)" } ?? "")
        picture.group(["class": "node \(tone.rawValue)"], title: title) { picture in
            picture.draw(
                "rect",
                [
                    "x": "\(left)", "y": "\(top)", "width": "\(style.width)", "height": "\(style.height)",
                    "rx": style.isCompact ? "4" : "7",
                ])
            let size = style.isCompact ? 11 : 14
            picture.draw(
                "use",
                [
                    "class": "mark", "href": "#i-\(tone.rawValue)", "x": "\(left + (style.isCompact ? 5 : 9))",
                    "y": "\(style.isCompact ? center.y - 5 : top + 8)", "width": "\(size)", "height": "\(size)",
                ])
            let name = Picture.shortened(step.id.rawValue, to: style.characters)
            if style.isCompact {
                picture.write(name, x: left + 20, y: center.y + 4, ["class": "name small"])
            } else {
                picture.write(name, x: left + 29, y: top + 19, ["class": "name"])
                let detail = [step.kind.rawValue, took].compactMap { $0 }.joined(separator: " · ")
                picture.write(detail, x: left + 29, y: top + 35, ["class": "detail"])
            }
        }
    }
}
