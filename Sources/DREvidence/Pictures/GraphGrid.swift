/// Where a layout's places lie on the picture. Layers run downwards, and a long run of narrow layers is folded into
/// columns as text is; or they run to the right.
struct Grid {
    private let style: GraphPicture.Style
    private let isDown: Bool
    /// Layers of one column; all of them where nothing is folded.
    private let perColumn: Int
    /// For each column, what is added to a place's center.
    private var shifts: [Double] = []
    /// For each column, where the gutter after it is.
    private var gutters: [Int] = []
    private(set) var width = 0
    private(set) var height = 0

    private static let margin = 20
    private static let gutter = 54
    private static let widest = 1030
    private static let mostRows = 8

    init(_ layout: GraphLayout, style: GraphPicture.Style, isDown: Bool) {
        self.style = style
        self.isDown = isDown
        var columns = isDown ? max(1, (layout.layerCount + Self.mostRows - 1) / Self.mostRows) : 1
        let places = layout.nodes + layout.edges.flatMap(\.points)
        while columns > 1, Self.extents(places, style, rows: Self.rows(layout, columns)).width > Self.widest {
            columns -= 1
        }
        perColumn = max(1, Self.rows(layout, columns))
        let extents = Self.extents(places, style, rows: isDown ? perColumn : .max)
        if isDown {
            (shifts, gutters, width) = extents
            height = 2 * Self.margin + perColumn * style.height + (perColumn - 1) * style.layerGap
        } else {
            shifts = [0]
            width = 2 * Self.margin + layout.layerCount * (style.width + style.layerGap) - style.layerGap
            height = 2 * Self.margin + style.height + Int((places.map(\.center).max() ?? 0).rounded(.up))
        }
    }

    private static func rows(_ layout: GraphLayout, _ columns: Int) -> Int {
        (layout.layerCount + columns - 1) / columns
    }

    private static func extents(
        _ places: [GraphLayout.Place], _ style: GraphPicture.Style, rows: Int
    ) -> (shifts: [Double], gutters: [Int], width: Int) {
        let columns = (places.map { $0.layer / rows }.max() ?? 0) + 1
        var left = Double(margin)
        var result: (shifts: [Double], gutters: [Int], width: Int) = ([], [], 0)
        for column in 0..<columns {
            let centers = places.filter { $0.layer / rows == column }.map(\.center)
            let least = centers.min() ?? 0
            let extent = (centers.max() ?? 0) - least + Double(style.width)
            result.shifts.append(left - least + Double(style.width) / 2)
            result.gutters.append(Int(left + extent) + gutter / 2)
            result.width = Int(left + extent) + margin
            left += extent + Double(gutter)
        }
        return result
    }

    /// The middle of a place.
    func center(_ place: GraphLayout.Place) -> (x: Int, y: Int) {
        guard isDown else {
            return (
                Self.margin + style.width / 2 + place.layer * (style.width + style.layerGap),
                Self.margin + style.height / 2 + Int(place.center.rounded())
            )
        }
        let row = place.layer % perColumn
        return (
            Int((place.center + shifts[place.layer / perColumn]).rounded()),
            Self.margin + style.height / 2 + row * (style.height + style.layerGap)
        )
    }

    /// A smooth line that leaves and enters along the layers' direction; from one column to the next it goes down
    /// below its place, up the gutter and in from above.
    func path(_ points: [GraphLayout.Place]) -> String {
        guard let first = points.first, let last = points.last, points.count > 1 else { return "" }
        let half = (isDown ? style.height : style.width) / 2
        let arrow = 6
        func end(_ place: GraphLayout.Place, _ distance: Int) -> (x: Int, y: Int) {
            let middle = center(place)
            return isDown ? (middle.x, middle.y + distance) : (middle.x + distance, middle.y)
        }
        var from = end(first, half)
        var text = "M\(from.x) \(from.y)"
        for (before, place) in zip(points, points.dropFirst()) {
            let to = place == last ? end(place, -half - arrow) : end(place, 0)
            if isDown, before.layer / perColumn != place.layer / perColumn {
                text += turn(from: from, to: to, gutter: gutters[before.layer / perColumn])
            } else if isDown {
                let middle = (from.y + to.y) / 2
                text += "C\(from.x) \(middle) \(to.x) \(middle) \(to.x) \(to.y)"
            } else {
                let middle = (from.x + to.x) / 2
                text += "C\(middle) \(from.y) \(middle) \(to.y) \(to.x) \(to.y)"
            }
            from = to
        }
        return text
    }

    private func turn(from: (x: Int, y: Int), to: (x: Int, y: Int), gutter: Int) -> String {
        let (low, high, round) = (height - 9, 7, 6)
        return "V\(low - round)Q\(from.x) \(low) \(from.x + round) \(low)H\(gutter - round)Q\(gutter) \(low) "
            + "\(gutter) \(low - round)V\(high + round)Q\(gutter) \(high) \(gutter + round) \(high)"
            + "H\(to.x - round)Q\(to.x) \(high) \(to.x) \(high + round)V\(to.y)"
    }
}
