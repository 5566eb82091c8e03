internal import CArchive
internal import DRSystem
internal import Glibc

/// The one place that judges libarchive's return codes.
struct ArchiveCheck {
    /// What ARCHIVE_WARN said: the call did something, but not all that was asked. It is neither success nor failure,
    /// so it is kept, and whoever finishes must look at it.
    private(set) var warnings: [String] = []
    private let feed: ArchiveFeed?

    /// - Parameter feed: what a reader reads from; nil for a writer.
    init(feed: ArchiveFeed?) { self.feed = feed }

    /// Forgets warnings that the caller expected.
    mutating func dropWarnings(after count: Int) { warnings.removeSubrange(count...) }

    /// - Parameters:
    ///   - code: what the call returned; a count where it returns one.
    ///   - archive: the handle that it was made on; its error is taken and cleared.
    ///   - place: what was being done, for the message.
    /// - Returns: the code, ARCHIVE_EOF (1) included.
    @discardableResult
    mutating func callAsFunction(
        _ code: Int, _ archive: OpaquePointer, _ place: @autoclosure () -> String
    ) throws(ArchiveError) -> Int {
        if code >= 0 { return code }
        let text = unsafe archive_error_string(archive).map { unsafe String(cString: $0) } ?? "no reason given"
        let number = unsafe archive_errno(archive)
        unsafe archive_clear_error(archive)
        let message = "\(place()): \(displayEscaped(text))"
        if code == Int(ARCHIVE_WARN) {
            warnings.append(message)
            return code
        }
        throw ArchiveError(self.code(number), message)
    }

    /// libarchive's error numbers do not tell: it leaves old ones standing. A reader's own feed knows whether it failed;
    /// everything else that is wrong when reading is wrong with the bytes.
    private func code(_ number: Int32) -> ArchiveError.Code {
        if number == ENOMEM { return .outOfMemory }
        return feed.map { $0.failure ?? .damaged } ?? .ioFailed
    }
}
