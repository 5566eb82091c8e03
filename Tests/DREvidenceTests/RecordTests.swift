import DRCrypto
import DRMachine
import DRRunbook
import Foundation
import Testing

@testable import DREvidence

/// Runs that golden files are kept of.
enum FixtureRun: String, CaseIterable, Sendable {
    case finished, failed, refused, cancelled, open

    var story: Story {
        switch self {
        case .finished: FirstDrill.finished
        case .failed: FirstDrill.failed
        case .refused: FirstDrill.refused
        case .cancelled: FirstDrill.cancelled
        case .open: FirstDrill.open
        }
    }
}

@Suite struct RecordGoldenTests {
    @Test("A run's record is what it was", arguments: FixtureRun.allCases)
    func recordIsGolden(run: FixtureRun) throws {
        let bytes = try run.story.record().fileBytes()
        try Golden.compare(String(decoding: bytes, as: UTF8.self), with: "\(run.rawValue).record.json")
    }

    @Test("A run's report is what it was", arguments: FixtureRun.allCases)
    func reportIsGolden(run: FixtureRun) throws {
        let page = try Report.render(run.story.record(), tool: "drctl test")
        try Golden.compare(page, with: "\(run.rawValue).report.html")
    }
}

/// Files that a test's result is compared with.
enum Golden {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

    /// `DRCTL_RECORD=1` writes the file instead; a missing file is a failure.
    static func compare(_ text: String, with name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let file = folder.appending(path: name)
        if ProcessInfo.processInfo.environment["DRCTL_RECORD"] == "1" {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
            return
        }
        guard let golden = try? String(contentsOf: file, encoding: .utf8) else {
            Issue.record("no golden file \(name): record it with DRCTL_RECORD=1", sourceLocation: sourceLocation)
            return
        }
        if golden == text { return }
        let differs = zip(
            golden.split(separator: "\n", omittingEmptySubsequences: false),
            text.split(separator: "\n", omittingEmptySubsequences: false)
        )
        .enumerated().first { $0.element.0 != $0.element.1 }
        Issue.record(
            """
            \(name) differs at line \((differs?.offset ?? -1) + 1)
            golden: \(differs?.element.0 ?? "(ends)")
            now:    \(differs?.element.1 ?? "(ends)")
            """, sourceLocation: sourceLocation)
    }
}
