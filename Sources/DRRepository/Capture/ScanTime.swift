internal import DRSystem

/// When a walk began, by every clock that can tell whether the one that stamps files went back since.
struct ScanTime: Hashable, Sendable {
    var wallNanoseconds: Int64
    var bootNanoseconds: Int64
    var bootID: String
    /// When files were first read whose content is trusted since.
    var trustedSinceNanoseconds: Int64

    /// A clock that is slewed goes slower, and never stamps a moment twice; at most this much of what passes.
    private static let mostSlewDivisor: Int64 = 1000
    /// Two clocks are not read at once.
    private static let mostReadingSkew: Int64 = 50_000_000

    init(_ time: any TimeSource) {
        wallNanoseconds = time.wallNanoseconds()
        bootNanoseconds = time.bootNanoseconds()
        bootID = time.bootID
        trustedSinceNanoseconds = wallNanoseconds
    }

    init(wall: Int64, boot: Int64, bootID: String, trustedSince: Int64) {
        wallNanoseconds = wall
        bootNanoseconds = boot
        self.bootID = bootID
        trustedSinceNanoseconds = trustedSince
    }

    /// Whether what a walk saw that began then can still be told by times of change. Where the clock was set back in
    /// between, a file may have changed and have the time that it had.
    func stillCounts(at now: ScanTime, mostTrustNanoseconds: Int64) -> Bool {
        guard now.wallNanoseconds >= wallNanoseconds, trustedSinceNanoseconds <= wallNanoseconds,
            now.wallNanoseconds - trustedSinceNanoseconds <= mostTrustNanoseconds
        else { return false }
        // After a restart the wall clock alone can tell.
        guard now.bootID == bootID else { return true }
        let passed = now.bootNanoseconds - bootNanoseconds
        let lost = passed - (now.wallNanoseconds - wallNanoseconds)
        return passed >= 0 && lost <= passed / Self.mostSlewDivisor + Self.mostReadingSkew
    }
}
