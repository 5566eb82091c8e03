import FoundationEssentials
import Testing

/// A file in `Golden/` that holds what is expected; `DRCTL_RECORD=1` writes it anew.
enum GoldenFile {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Golden")

    private static var isRecording: Bool { ProcessInfo.processInfo.environment["DRCTL_RECORD"] == "1" }

    /// Compares, and fails where the file is missing.
    static func expect(
        _ actual: String, equals name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let url = folder.appending(path: name)
        if isRecording {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(actual.utf8).write(to: url)
            return
        }
        guard let bytes = try? Data(contentsOf: url) else {
            Issue.record("\(name) is missing; record it with DRCTL_RECORD=1", sourceLocation: sourceLocation)
            return
        }
        let expected = String(decoding: bytes, as: UTF8.self)
        guard actual != expected else { return }
        let new = actual.split(separator: "\n", omittingEmptySubsequences: false)
        let old = expected.split(separator: "\n", omittingEmptySubsequences: false)
        let difference = new.difference(from: old).map { change in
            switch change {
            case .insert(let line, let text, _): "+ \(line + 1): \(text)"
            case .remove(let line, let text, _): "- \(line + 1): \(text)"
            }
        }
        Issue.record("\(name) differs:\n\(difference.joined(separator: "\n"))", sourceLocation: sourceLocation)
    }
}
