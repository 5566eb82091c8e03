import DRCrypto
import Foundation
import Testing

/// The digest whose hexadecimal text repeats two digits.
func testDigest(_ pair: String) -> Digest {
    guard let digest = Digest(hex: String(repeating: pair, count: 32)) else {
        preconditionFailure("two hexadecimal digits are needed, not \(pair)")
    }
    return digest
}

/// A file beside the tests that holds what is expected; `DRCTL_RECORD=1` writes it anew.
struct GoldenFile {
    var path: String

    init(_ name: String) {
        path = ((#filePath as NSString).deletingLastPathComponent as NSString).deletingLastPathComponent + "/" + name
    }

    var isRecording: Bool { ProcessInfo.processInfo.environment["DRCTL_RECORD"] == "1" }

    func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    /// Compares, and fails where the file is missing.
    func expect(_ actual: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        if isRecording {
            try actual.write(toFile: path, atomically: true, encoding: .utf8)
            return
        }
        let expected = try? text()
        #expect(expected != nil, "\(path) is missing; record it with DRCTL_RECORD=1", sourceLocation: sourceLocation)
        #expect(actual == expected ?? "", sourceLocation: sourceLocation)
    }
}
