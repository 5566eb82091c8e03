import DRRunbook

/// What needs what: steps as boxes in layers, those that are needed first.
struct GraphPicture {
    var nodes: [Node]

    /// A step as it is drawn.
    struct Node {
        var id: StepID
        var title: String
        var needs: [StepID]
        /// nil: it has no mark.
        var tone: Tone?
        /// What stands below its name where there is room.
        var detail: String
        /// How it is, in words, for those who do not see the picture.
        var words: String
        /// A further word where a pointer rests.
        var remark: String?
    }

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
    /// - Parameter wrap: what is put around the picture's elements.
    func drawn(wrap: (String) -> String = { $0 }) -> Markup? {
        guard nodes.count > 1, nodes.count <= Self.mostSteps else { return nil }
        let style = nodes.count > 60 ? Self.compact : Self.full
        var indexOf: [StepID: Int] = [:]
        for (index, step) in nodes.enumerated() where indexOf[step.id] == nil { indexOf[step.id] = index }
        let edges = nodes.enumerated().flatMap { index, step in
            step.needs.compactMap { need in indexOf[need].map { ($0, index) } }
        }
        // Layers run downwards while they are narrow, else to the right: a page scrolls down best.
        let probe = GraphLayout(count: nodes.count, edges: edges, spacing: 1, edgeSpacing: 1)
        let isDown = probe.widestLayer <= (style.isCompact ? 7 : 5)
        let layout = GraphLayout(
            count: nodes.count, edges: edges, spacing: Double((isDown ? style.width : style.height) + style.gap),
            edgeSpacing: style.isCompact ? 6 : 16)
        return draw(layout, style, isDown: isDown, wrap)
    }

    private func draw(_ layout: GraphLayout, _ style: Style, isDown: Bool, _ wrap: (String) -> String) -> Markup {
        var picture = Picture()
        let grid = Grid(layout, style: style, isDown: isDown)
        for edge in layout.edges {
            picture.draw("path", ["class": "edge", "d": grid.path(edge.points), "marker-end": "url(#arrow)"])
        }
        for (step, place) in zip(nodes, layout.nodes) { draw(step, at: grid.center(place), style, in: &picture) }
        return picture.finished(
            name: "graph", style: "picture graph", width: grid.width, height: grid.height, title: "Graph of steps",
            description: nodes.map { step in
                let needs = step.needs.map(\.rawValue).joined(separator: ", ")
                return "\(step.id), \(step.words)" + (needs.isEmpty ? "" : ", needs \(needs)")
            }.joined(separator: "; "), wrap: wrap)
    }

    private func draw(_ step: Node, at center: (x: Int, y: Int), _ style: Style, in picture: inout Picture) {
        let left = center.x - style.width / 2
        let top = center.y - style.height / 2
        let title = "\(step.id): \(step.title): \(step.words)" + (step.remark.map { " \($0)" } ?? "")
        picture.group(["class": "node \(step.tone?.rawValue ?? "plain")"], title: title) { picture in
            picture.draw(
                "rect",
                [
                    "x": "\(left)", "y": "\(top)", "width": "\(style.width)", "height": "\(style.height)",
                    "rx": style.isCompact ? "4" : "7",
                ])
            let size = style.isCompact ? 11 : 14
            if let tone = step.tone {
                picture.draw(
                    "use",
                    [
                        "class": "mark", "href": "#i-\(tone.rawValue)", "x": "\(left + (style.isCompact ? 5 : 9))",
                        "y": "\(style.isCompact ? center.y - 5 : top + 8)", "width": "\(size)", "height": "\(size)",
                    ])
            }
            let name = Picture.shortened(step.id.rawValue, to: style.characters)
            if style.isCompact {
                picture.write(name, x: left + 20, y: center.y + 4, ["class": "name small"])
            } else {
                picture.write(name, x: left + 29, y: top + 19, ["class": "name"])
                picture.write(Picture.shortened(step.detail, to: 24), x: left + 29, y: top + 35, ["class": "detail"])
            }
        }
    }
}

extension GraphPicture.Node {
    /// A step as it ended.
    init(_ step: StepRecord) {
        let took = step.elapsedNanoseconds.map(Wording.duration)
        self.init(
            id: step.id, title: step.title, needs: step.needs, tone: Tone(step.outcome),
            detail: [step.kind.rawValue, took].compactMap { $0 }.joined(separator: " · "),
            words: Wording.outcome(step.outcome), remark: took.map { "in \($0)" })
    }

    /// A step as it is planned.
    init(_ step: PlannedStep, mode: RunMode) {
        let isSkipped = mode == .drill && step.skipInDrill != nil
        let asksPeople = step.action.kind == .manual || step.action.kind == .approve
        self.init(
            id: step.id, title: step.title, needs: step.needs.map(\.step),
            tone: isSkipped ? .idle : asksPeople ? .waiting : nil,
            detail: "\(step.action.kind.rawValue) · \(step.effect.rawValue)",
            words: isSkipped ? "skipped" : asksPeople ? "asks people" : step.effect.rawValue,
            remark: isSkipped ? step.skipInDrill.map { "in a drill: \($0)" } : nil)
    }
}
