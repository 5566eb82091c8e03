import DRRunbook
import Foundation
import Templates
import Testing

@testable import DREvidence

@Suite struct GraphLayoutTests {
    /// Graphs by a seeded generator: nodes need a few of those before them.
    static func random(_ count: Int, seed: UInt64) -> [(Int, Int)] {
        var state = seed
        func next(_ below: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % below
        }
        return (1..<max(1, count)).flatMap { node in (0..<next(4)).map { _ in (next(node), node) } }
    }

    @Test("Needs lie above, neighbours keep their distance", arguments: [(2, 1), (25, 7), (60, 3), (300, 11)])
    func holds(count: Int, seed: Int) {
        let edges = Self.random(count, seed: UInt64(seed))
        let layout = GraphLayout(count: count, edges: edges, spacing: 100, edgeSpacing: 10)
        #expect(layout.nodes.count == count)
        for (from, to) in edges { #expect(layout.nodes[from].layer < layout.nodes[to].layer) }
        for layer in 0..<layout.layerCount {
            let centers = layout.nodes.filter { $0.layer == layer }.map(\.center).sorted()
            for (one, next) in zip(centers, centers.dropFirst()) { #expect(next - one >= 99.999) }
        }
        for edge in layout.edges {
            #expect(edge.points.first == layout.nodes[edge.from] && edge.points.last == layout.nodes[edge.to])
            #expect(zip(edge.points, edge.points.dropFirst()).allSatisfy { $1.layer == $0.layer + 1 })
        }
    }

    @Test("What follows from other needs is not drawn")
    func reduced() {
        let layout = GraphLayout(
            count: 4, edges: [(0, 1), (1, 2), (0, 2), (2, 3), (0, 3)], spacing: 1, edgeSpacing: 1)
        #expect(layout.edges.map { [$0.from, $0.to] } == [[0, 1], [1, 2], [2, 3]])
    }

    @Test("A cycle, a loop and a stranger do not hang it")
    func cycle() {
        let layout = GraphLayout(
            count: 4, edges: [(0, 1), (1, 2), (2, 1), (3, 3), (0, 9)], spacing: 1, edgeSpacing: 1)
        #expect(layout.nodes.count == 4)
        #expect(
            layout.edges.map { [$0.from, $0.to] }.contains([0, 1]) == false
                || layout.nodes[0].layer < layout.nodes[1].layer)
    }

    @Test("Crossings that can be undone are undone")
    func crossings() {
        let layout = GraphLayout(count: 4, edges: [(0, 3), (1, 2)], spacing: 100, edgeSpacing: 10)
        let (a, b) = (layout.nodes[0].center < layout.nodes[1].center, layout.nodes[3].center < layout.nodes[2].center)
        #expect(a == b)
    }

    @Test("Positions are nearest to those wished")
    func spread() {
        #expect(GraphLayout.spread([0, 0], distances: [2]) == [-1, 1])
        #expect(GraphLayout.spread([0, 10], distances: [2]) == [0, 10])
        #expect(GraphLayout.spread([5, 5, 5], distances: [1, 1]) == [4, 5, 6])
    }
}

@Suite struct PictureTests {
    private static func nodes(_ count: Int) throws -> [GraphPicture.Node] {
        try steps(count).map(GraphPicture.Node.init)
    }

    private static func steps(_ count: Int) throws -> [StepRecord] {
        let one = try FirstDrill.finished.record().steps[0]
        let edges = GraphLayoutTests.random(count, seed: 5)
        return (0..<count).map { index in
            var step = one
            step.id = StepID("step-\(index)")
            step.needs = edges.filter { $0.1 == index }.map { StepID("step-\($0.0)") }
            return step
        }
    }

    @Test("A graph is drawn up to its limit and every step is in it", arguments: [2, 25, 300, 400])
    func graph(count: Int) throws {
        let picture = try #require(GraphPicture(nodes: try Self.nodes(count)).drawn()).renderText
        for index in 0..<count { #expect(picture.contains("<title>step-\(index): ")) }
    }

    @Test("No picture is better than one that nobody can read", arguments: [0, 1, 401])
    func noGraph(count: Int) throws {
        #expect(GraphPicture(nodes: try Self.nodes(count)).drawn() == nil)
    }

    @Test("A long run has several timelines, each step in one of them")
    func longTimeline() throws {
        var record = try FirstDrill.finished.record()
        record.steps = try Self.steps(150)
        let pictures = TimelinePicture(record: record).drawn()
        #expect(pictures.count == 3)
        for index in 0..<150 {
            #expect(pictures.count { $0.renderText.contains("<title>step-\(index): ") } == 1)
        }
    }

    @Test(
        "Ticks are round and few",
        arguments: [
            Int64(1_000_000), 900_000_000, 27_000_000_000, 600_000_000_000, 90_000_000_000_000, 40_000_000_000_000_000,
        ])
    func ticks(span: Int64) {
        let ticks = TimelinePicture.ticks(span: span)
        #expect((2...10).contains(ticks.count), "\(ticks)")
        #expect(ticks.first == 0 && (ticks.last ?? 0) <= span)
    }

    @Test("The page holds no script, no handler, and nothing to fetch", arguments: FixtureRun.allCases)
    func selfContained(run: FixtureRun) throws {
        let page = try Report.render(try run.story.record(), tool: "t")
        for banned in [
            "<script", "javascript:", "<link", "<img", "<iframe", "@import", "src=", " onload", "url(http",
            "href=\"http",
        ] {
            #expect(!page.contains(banned), "\(banned)")
        }
        #expect(page.contains("default-src 'none'"))
    }

    @Test("The embedded templates are the files")
    func embedded() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        func text(_ name: String) throws -> String {
            try String(contentsOf: root.appending(path: "Templates").appending(path: name), encoding: .utf8)
        }
        #expect(try text("report.mustache") == Templates.report)
        #expect(try text("report-step-row.mustache") == Templates.reportStepRow)
        #expect(try text("report-step.mustache") == Templates.reportStep)
        #expect(try text("report.css") == Templates.reportStyle)
    }
}
