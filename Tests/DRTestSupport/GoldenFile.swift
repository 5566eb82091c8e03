import FoundationEssentials

/// A file beside the tests that holds what they expect: recorded by `DRCTL_RECORD=1`, and read over before it is
/// committed.
package struct GoldenFile: Sendable {
    /// What differs from the file, or that there is none.
    package struct Difference: Error, CustomStringConvertible {
        package let description: String
    }

    package let path: String

    /// - Parameter name: relative to the folder of the test's source file.
    package init(_ name: String, besides source: String = #filePath) {
        path = source[..<(source.lastIndex(of: "/") ?? source.startIndex)] + "/" + name
    }

    /// Whether what is found is written instead of compared.
    package static var isRecording: Bool { ProcessInfo.processInfo.environment["DRCTL_RECORD"] == "1" }

    /// - Throws: `Difference` where there is no such file.
    package func text() throws(Difference) -> String {
        guard let recorded = FileManager.default.contents(atPath: path) else {
            throw Difference(description: "there is no golden file \(path): record it with DRCTL_RECORD=1 and read it")
        }
        return String(decoding: recorded, as: UTF8.self)
    }

    /// Compares a text with the file.
    /// - Throws: `Difference` with every line that differs; a missing file is a difference.
    package func expect(_ actual: String) throws {
        if Self.isRecording { return try record(actual) }
        let expected = try text()
        if expected == actual { return }
        let new = actual.split(separator: "\n", omittingEmptySubsequences: false)
        let old = expected.split(separator: "\n", omittingEmptySubsequences: false)
        let changes = new.difference(from: old).map { change in
            switch change {
            case .insert(let line, let text, _): "+ \(line + 1): \(text)"
            case .remove(let line, let text, _): "- \(line + 1): \(text)"
            }
        }
        throw Difference(description: "\(path) differs:\n" + changes.prefix(200).joined(separator: "\n"))
    }

    private func record(_ actual: String) throws {
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        guard FileManager.default.createFile(atPath: path, contents: Data(actual.utf8)) else {
            throw Difference(description: "could not record \(path)")
        }
    }
}
