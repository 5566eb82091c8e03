internal import Dispatch
internal import Glibc
internal import Synchronization

/// Work that falls into parts which know nothing of each other, on as many processors as there are.
package enum Parallel {
    /// Ranges that together are `0..<count`: one for each processor, and fewer where they would be smaller than `least`.
    package static func chunks(of count: Int, least: Int) -> [Range<Int>] {
        guard count > 0 else { return [] }
        let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let parts = max(1, min(processors, count / max(1, least)))
        return (0..<parts).map { $0 * count / parts..<($0 + 1) * count / parts }
    }

    /// The result for each number below `count`, in order. Blocks until all are there.
    package static func map<Result: Sendable>(_ count: Int, _ body: @Sendable (Int) -> Result) -> [Result] {
        if count == 1 { return [body(0)] }
        let results = Mutex<[Int: Result]>([:])
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let result = body(index)
            results.withLock { $0[index] = result }
        }
        let all = results.withLock { $0 }
        return (0..<count).compactMap { all[$0] }
    }

    /// The results of two pieces of work, side by side. Blocks until both are there.
    package static func both<One: Sendable, Other: Sendable>(
        _ one: @Sendable () -> One, _ other: @Sendable () -> Other
    ) -> (One, Other) {
        let results = Mutex<(One?, Other?)>((nil, nil))
        DispatchQueue.concurrentPerform(iterations: 2) { index in
            if index == 0 {
                let result = one()
                results.withLock { $0.0 = result }
            } else {
                let result = other()
                results.withLock { $0.1 = result }
            }
        }
        guard case (let one?, let other?) = results.withLock({ $0 }) else {
            preconditionFailure("concurrentPerform returned before its work was done")
        }
        return (one, other)
    }
}
