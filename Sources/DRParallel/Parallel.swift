internal import Dispatch
internal import Glibc
internal import Synchronization

/// Work that falls into parts which know nothing of each other, on as many processors as there are.
///
/// Whoever asks takes part, and takes the parts that nobody has begun; so work within a part may fall into parts as well,
/// and gets the processors that the others have done with.
package enum Parallel {
    private static var processors: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// Ranges that together are `0..<count`: a few for each processor, and fewer where they would be smaller than `least`.
    package static func chunks(of count: Int, least: Int) -> [Range<Int>] {
        guard count > 0 else { return [] }
        let parts = max(1, min(4 * processors, count / max(1, least)))
        return (0..<parts).map { $0 * count / parts..<($0 + 1) * count / parts }
    }

    /// The result for each number below `count`, in order. Blocks until all are there.
    package static func map<Result: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) -> Result
    ) -> [Result] {
        if count == 1 { return [body(0)] }
        let work = Work(count, body)
        // A queue of its own has a thread whatever others wait for; the global one has as many as there are processors,
        // and whoever waits for parts of parts holds one of those.
        for _ in 1..<max(1, min(count, processors)) { DispatchQueue(label: "drctl.parts").async { work.take() } }
        work.take()
        return work.results()
    }

    /// The results of two pieces of work, side by side. Blocks until both are there.
    package static func both<One: Sendable, Other: Sendable>(
        _ one: @escaping @Sendable () -> One, _ other: @escaping @Sendable () -> Other
    ) -> (One, Other) {
        let results = map(2) { part -> (One?, Other?) in
            if part == 0 { (one(), nil) } else { (nil, other()) }
        }
        guard let one = results[0].0, let other = results[1].1 else {
            preconditionFailure("a piece of work has no result")
        }
        return (one, other)
    }
}

/// Parts that are done by whoever comes.
private final class Work<Result: Sendable>: Sendable {
    private let count: Int
    private let body: @Sendable (Int) -> Result
    private let next = Atomic(0)
    private let done = Mutex<[Int: Result]>([:])
    private let isOver = DispatchSemaphore(value: 0)

    init(_ count: Int, _ body: @escaping @Sendable (Int) -> Result) {
        self.count = count
        self.body = body
    }

    /// Does parts until all are begun. Who comes late does none.
    func take() {
        while case let part = next.wrappingAdd(1, ordering: .relaxed).oldValue, part < count {
            let result = body(part)
            let isLast = done.withLock { done in
                done[part] = result
                return done.count == count
            }
            if isLast { isOver.signal() }
        }
    }

    /// Blocks until every part is done.
    func results() -> [Result] {
        if count > 0 { isOver.wait() }
        let all = done.withLock { $0 }
        return (0..<count).compactMap { all[$0] }
    }
}
