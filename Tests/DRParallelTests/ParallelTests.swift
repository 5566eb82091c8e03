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

    @Test func partsMayFallIntoParts() {
        let sums = Parallel.map(9) { outer in
            let (low, high) = Parallel.both {
                Parallel.map(100) { $0 * outer }
            } _: {
                Parallel.map(0) { $0 }
            }
            return low.reduce(0, +) + high.count
        }
        #expect(sums == (0..<9).map { $0 * 4950 })
    }
}
