import DRParallel
import Testing

@Suite struct ParallelTests {
    @Test(arguments: [0, 1, 2, 511, 512, 5000, 100_001])
    func everythingIsInOnePartAndInOrder(count: Int) {
        let parts = Parallel.chunks(of: count, least: 512)
        #expect(parts.flatMap { Array($0) } == Array(0..<count))
        #expect(parts.allSatisfy { $0.count >= min(count, 512) })
        let doubled = Parallel.map(parts.count) { part in parts[part].map { $0 * 2 } }
        #expect(doubled.flatMap { $0 } == (0..<count).map { $0 * 2 })
    }
}
