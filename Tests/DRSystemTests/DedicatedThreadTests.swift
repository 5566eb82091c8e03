import DRSystem
import Glibc
import Testing

@Suite struct DedicatedThreadTests {
    private actor Counter {
        private let thread = DedicatedThread()
        nonisolated var unownedExecutor: UnownedSerialExecutor { thread.executor }
        private(set) var values: [Int] = []
        private(set) var threads: Set<UInt> = []

        func add(_ value: Int) {
            values.append(value)
            threads.insert(pthread_self())
        }

        /// Blocks the thread, and nobody else's.
        func block() { usleep(1000) }
    }

    @Test func anActorsJobsRunOnItsThreadOneAfterAnother() async {
        let counter = Counter()
        for value in 0..<100 {
            await counter.add(value)
            if value.isMultiple(of: 20) { await counter.block() }
            await Task.yield()
        }
        #expect(await counter.values == Array(0..<100))
        #expect(await counter.threads.count == 1)
    }

    @Test func manyActorsEndWithTheirLastReference() async {
        for _ in 0..<200 {
            let counter = Counter()
            await counter.add(1)
            #expect(await counter.values == [1])
        }
    }
}
