/// Places the nodes of a directed graph without cycles in layers, after Sugiyama: layers by the longest path, long
/// edges through invisible nodes, order within layers by barycentres, positions by least squares that keep their
/// distance.
struct GraphLayout {
    /// A visible node, or a point that a long edge passes through.
    struct Place: Equatable {
        var layer: Int
        /// Across the layers, in the caller's units.
        var center: Double
    }

    /// Where each node is, by its index.
    private(set) var nodes: [Place] = []
    /// Every drawn edge with the places it passes, ends included.
    private(set) var edges: [(from: Int, to: Int, points: [Place])] = []
    private(set) var layerCount = 0
    private(set) var widestLayer = 0

    /// All points: real nodes first, then those of long edges.
    private var places: [Place] = []
    private var layers: [[Int]] = []
    private var up: [[Int]] = []
    private var down: [[Int]] = []

    /// - Parameters:
    ///   - count: number of nodes.
    ///   - edges: pairs (before, after). What leads into a cycle is left out; what follows from others is not drawn.
    ///   - spacing: distance between the centres of neighbouring nodes of a layer.
    ///   - edgeSpacing: distance between a passing edge and its neighbour.
    init(count: Int, edges given: [(Int, Int)], spacing: Double, edgeSpacing: Double) {
        let reduced = Self.reduced(count: count, edges: given)
        let layerOf = Self.layers(count: count, edges: reduced)
        places = layerOf.map { Place(layer: $0, center: 0) }
        layerCount = (layerOf.max() ?? -1) + 1
        up = Array(repeating: [], count: count)
        down = up
        var paths: [[Int]] = []
        for (from, to) in reduced { paths.append(addEdge(from, to)) }
        layers = Array(repeating: [], count: layerCount)
        for (index, place) in places.enumerated() { layers[place.layer].append(index) }
        widestLayer = layers.map { $0.count { $0 < count } }.max() ?? 0
        order()
        position(realCount: count, spacing: spacing, edgeSpacing: edgeSpacing)
        nodes = Array(places.prefix(count))
        edges = zip(reduced, paths).map { edge, path in (edge.0, edge.1, path.map { places[$0] }) }
    }

    private mutating func addEdge(_ from: Int, _ to: Int) -> [Int] {
        var path = [from]
        for layer in places[from].layer + 1..<max(places[from].layer + 1, places[to].layer) {
            places.append(Place(layer: layer, center: 0))
            up.append([])
            down.append([])
            path.append(places.count - 1)
        }
        path.append(to)
        for (one, next) in zip(path, path.dropFirst()) {
            down[one].append(next)
            up[next].append(one)
        }
        return path
    }

    /// Edges that no other path implies, in a stable order; edges of cycles are dropped.
    private static func reduced(count: Int, edges: [(Int, Int)]) -> [(Int, Int)] {
        var after = Array(repeating: Set<Int>(), count: count)
        for (from, to) in edges where from != to && (0..<count).contains(from) && (0..<count).contains(to) {
            after[from].insert(to)
        }
        let sequence = topological(count: count, after: after)
        var rank = Array(repeating: -1, count: count)
        for (index, node) in sequence.enumerated() { rank[node] = index }
        var reach = Array(repeating: Set<Int>(), count: count)
        var kept: [(Int, Int)] = []
        for node in sequence.reversed() {
            // Nearest first: what the nearer ones reach needs no edge of its own.
            for next in after[node].sorted(by: { rank[$0] < rank[$1] }) where rank[next] > rank[node] {
                if reach[node].contains(next) { continue }
                kept.append((node, next))
                reach[node].insert(next)
                reach[node].formUnion(reach[next])
            }
        }
        return kept.sorted { $0 < $1 }
    }

    /// Kahn's order, smallest index first; nodes of cycles are missing.
    private static func topological(count: Int, after: [Set<Int>]) -> [Int] {
        var waiting = Array(repeating: 0, count: count)
        for node in 0..<count { for next in after[node] { waiting[next] += 1 } }
        var ready = (0..<count).filter { waiting[$0] == 0 }
        var sequence: [Int] = []
        var head = 0
        while head < ready.count {
            let node = ready[head]
            head += 1
            sequence.append(node)
            for next in after[node].sorted() {
                waiting[next] -= 1
                if waiting[next] == 0 { ready.append(next) }
            }
        }
        return sequence
    }

    /// Longest path from the sources; a source stands directly before what needs it first.
    private static func layers(count: Int, edges: [(Int, Int)]) -> [Int] {
        var after = Array(repeating: Set<Int>(), count: count)
        for (from, to) in edges { after[from].insert(to) }
        var layer = Array(repeating: 0, count: count)
        for node in topological(count: count, after: after) {
            for next in after[node] { layer[next] = max(layer[next], layer[node] + 1) }
        }
        let hasNeed = Set(edges.map(\.1))
        for node in 0..<count where !hasNeed.contains(node) {
            if let first = after[node].map({ layer[$0] }).min() { layer[node] = first - 1 }
        }
        return layer
    }

    /// Sweeps down and up by the mean place of the neighbours, and keeps the order with the fewest crossings.
    private mutating func order() {
        var best = layers
        var fewest = crossings()
        for sweep in 0..<12 where fewest > 0 {
            let isDown = sweep % 2 == 0
            for index in isDown ? Array(layers.indices.dropFirst()) : Array(layers.indices.dropLast().reversed()) {
                let other = layers[isDown ? index - 1 : index + 1]
                let rank = Dictionary(uniqueKeysWithValues: other.enumerated().map { ($0.element, $0.offset) })
                let keyed = layers[index].enumerated().map { offset, node in
                    let near = (isDown ? up : down)[node].compactMap { rank[$0] }
                    let mean = near.isEmpty ? Double(offset) : Double(near.reduce(0, +)) / Double(near.count)
                    return (mean, offset, node)
                }
                layers[index] = keyed.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
            }
            let now = crossings()
            if now < fewest { (fewest, best) = (now, layers) }
        }
        layers = best
    }

    /// Pairs of edges between neighbouring layers that cross, counted as inversions.
    private func crossings() -> Int {
        var total = 0
        for (upper, lower) in zip(layers, layers.dropFirst()) {
            let rank = Dictionary(uniqueKeysWithValues: lower.enumerated().map { ($0.element, $0.offset) })
            var seen = Array(repeating: 0, count: lower.count)
            for node in upper {
                let ends = down[node].compactMap { rank[$0] }.sorted()
                for end in ends { total += seen[(end + 1)...].reduce(0, +) }
                for end in ends { seen[end] += 1 }
            }
        }
        return total
    }

    /// Draws every node towards the mean of its neighbours; order and distances are kept.
    private mutating func position(realCount: Int, spacing: Double, edgeSpacing: Double) {
        func distance(_ one: Int, _ other: Int) -> Double {
            let real = (one < realCount ? 1 : 0) + (other < realCount ? 1 : 0)
            return real == 2 ? spacing : real == 1 ? (spacing + edgeSpacing) / 2 : edgeSpacing
        }
        for layer in layers {
            var center = 0.0
            for (index, node) in layer.enumerated() {
                if index > 0 { center += distance(layer[index - 1], node) }
                places[node].center = center
            }
            for node in layer { places[node].center -= center / 2 }
        }
        for sweep in 0..<16 {
            for layer in sweep % 2 == 0 ? layers : layers.reversed() {
                let wished = layer.map { node in
                    let near = sweep % 2 == 0 ? up[node] : down[node]
                    return near.isEmpty
                        ? places[node].center : near.map { places[$0].center }.reduce(0, +) / Double(near.count)
                }
                let kept = Self.spread(wished, distances: zip(layer, layer.dropFirst()).map(distance))
                for (node, center) in zip(layer, kept) { places[node].center = center }
            }
        }
        let least = places.map(\.center).min() ?? 0
        for index in places.indices { places[index].center -= least }
    }

    /// The positions nearest to those wished (in least squares) that keep the given distances and the order:
    /// isotonic regression by pooling adjacent violators, after taking the distances out.
    static func spread(_ wished: [Double], distances: [Double]) -> [Double] {
        var offsets = [0.0]
        for distance in distances { offsets.append((offsets.last ?? 0) + distance) }
        var pools: [(mean: Double, count: Int)] = []
        for (wish, offset) in zip(wished, offsets) {
            pools.append((wish - offset, 1))
            while pools.count > 1, pools[pools.count - 2].mean > pools[pools.count - 1].mean {
                let last = pools.removeLast()
                let before = pools.removeLast()
                let count = before.count + last.count
                let sum = before.mean * Double(before.count) + last.mean * Double(last.count)
                pools.append((sum / Double(count), count))
            }
        }
        return zip(pools.flatMap { Array(repeating: $0.mean, count: $0.count) }, offsets).map(+)
    }
}
