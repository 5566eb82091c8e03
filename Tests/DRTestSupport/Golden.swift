import FoundationEssentials

/// Files that hold what a test expects, recorded by `DRCTL_RECORD=1` and read over before they are committed.
package enum Golden {
    /// What differs from the file, or that there is none.
    package struct Difference: Error, CustomStringConvertible {
        package let description: String
    }

    /// Compares a text with `Golden/NAME` beside the test's source file.
    /// - Throws: `Difference` with the first line that differs; a missing file is a difference.
    package static func check(_ text: String, _ name: String, besides source: String = #filePath) throws {
        let folder = String(source[..<(source.lastIndex(of: "/") ?? source.startIndex)]) + "/Golden"
        let path = folder + "/" + name
        if ProcessInfo.processInfo.environment["DRCTL_RECORD"] == "1" {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
                throw Difference(description: "could not record \(path)")
            }
            return
        }
        guard let recorded = FileManager.default.contents(atPath: path) else {
            throw Difference(description: "there is no golden file \(path): record it with DRCTL_RECORD=1 and read it")
        }
        let expected = String(decoding: recorded, as: UTF8.self)
        if expected == text { return }
        let lines = (
            expected.split(separator: "\n", omittingEmptySubsequences: false),
            text.split(separator: "\n", omittingEmptySubsequences: false)
        )
        let first =
            zip(lines.0, lines.1).enumerated().first { $0.element.0 != $0.element.1 }?.offset
            ?? min(lines.0.count, lines.1.count)
        func line(_ of: [Substring]) -> String { first < of.count ? String(of[first]) : "(end)" }
        throw Difference(
            description: "\(path):\(first + 1) differs\n  expected: \(line(lines.0))\n  found:    \(line(lines.1))")
    }
}
