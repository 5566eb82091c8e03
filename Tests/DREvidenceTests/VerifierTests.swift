import DRCrypto
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import DRTestSupport
import Foundation
import SystemPackage
import Testing

@testable import DREvidence

/// A finished run in a directory of its own, with everything that verification looks at.
struct RunOnDisk {
    private let folder: TemporaryDirectory
    let run: RunDirectory
    static let tool = "drctl test"

    init(_ original: Story = FirstDrill.finished) throws {
        folder = try TemporaryDirectory()
        run = RunDirectory(at: folder.path)
        var story = original
        let script = Array("#!/bin/bash\n".utf8)
        story.plan.files = [
            PlannedFile(
                path: "scripts/serve", sha256: Digest.of(script), sizeBytes: Int64(script.count), isExecutable: true)
        ]
        let plan = try PlanCodec.encode(story.plan)
        guard case .runCreated(var created) = story.events[0].event else { throw CancellationError() }
        created.plan = Digest.of(plan)
        story.events[0].event = .runCreated(created)
        try write("plan.json", plan)
        try write("files/scripts/serve", script)
        for entry in story.events {
            guard case .attemptEnded(_, let end) = entry.event else { continue }
            for output in [end.standardOutput, end.standardError].compactMap({ $0 }) {
                try write(output.path, Array(output.tail.utf8))
            }
        }
        try JournalWriter.create(at: run.journal, first: Self.batch(story.events.prefix(1)))
        let writer = try JournalWriter.open(at: run.journal).writer
        var rest = story.events.dropFirst()
        while !rest.isEmpty {
            _ = try writer.append(Self.batch(rest.prefix(3)))
            rest = rest.dropFirst(3)
        }
        try derive()
    }

    static func batch(_ events: ArraySlice<JournaledEvent>) throws -> JournalBatch {
        var batch = JournalBatch(after: (events.first?.number ?? 1) - 1)
        #expect(try batch.add(Array(events)))
        return batch
    }

    /// Writes record and report as they follow from plan and journal.
    func derive() throws {
        let contents = try JournalReader.read(at: run.journal)
        let plan = try PlanCodec.decode(read("plan.json"))
        let record = try Record.derive(plan: plan, events: contents.events, head: #require(contents.head))
        try write("record.json", record.fileBytes())
        try write("report.html", Array(Report.render(record, tool: Self.tool).utf8))
    }

    var url: URL { URL(filePath: run.path.string) }

    func read(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: url.appending(path: path))) }

    func write(_ path: String, _ bytes: [UInt8]) throws {
        let file = url.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }

    /// Replaces the first occurrence of a text in a file.
    func change(_ path: String, _ old: String, to new: String) throws {
        let text = String(decoding: try read(path), as: UTF8.self)
        let range = try #require(text.range(of: old), "\(path) does not contain \(old)")
        try write(path, Array(text.replacingCharacters(in: range, with: new).utf8))
    }

    func verify() -> Verification { EvidenceVerifier.verify(run, tool: Self.tool) }
}

extension Verification {
    func result(of subject: String) -> Result? { checks.last { $0.subject == subject }?.result }
    func detail(of subject: String) -> String { checks.last { $0.subject == subject }?.detail ?? "" }
}

@Suite struct VerifierTests {
    @Test("A run that nobody touched is intact, and its signer is unknown")
    func intact() throws {
        let disk = try RunOnDisk()
        let verification = disk.verify()
        #expect(verification.verdict == .intactSignerUnknown, "\(verification.checks.filter { $0.result != .holds })")
        #expect(verification.summary == "intact, signer unknown")
        for subject in ["journal.jsonl", "plan.json", "record.json", "report.html", "files/scripts/serve"] {
            #expect(verification.result(of: subject) == .holds, "\(subject)")
        }
        #expect(verification.checks.count { $0.subject.hasPrefix("inside/") } > 10)
    }

    /// What somebody may change, and which check has to see it.
    enum Tampering: CaseIterable {
        case recordVerdict, recordFormatting, reportHeadline, plan, plannedFile, output, outputAsLink, journalLine
        case cutJournal

        var subject: String {
            switch self {
            case .recordVerdict, .recordFormatting: "record.json"
            case .reportHeadline: "report.html"
            case .plan: "plan.json"
            case .plannedFile: "files/scripts/serve"
            case .output, .outputAsLink: "inside/output/space.1.stdout"
            case .journalLine, .cutJournal: "journal.jsonl"
            }
        }

        var expected: Verification.Result { self == .outputAsLink ? .notEstablished : .doesNotHold }

        func apply(to disk: RunOnDisk) throws {
            switch self {
            case .recordVerdict:
                try disk.change("record.json", "\"outcome\" : \"succeeded\"", to: "\"outcome\" : \"failed\"")
            case .recordFormatting: try disk.write("record.json", disk.read("record.json") + [UInt8(ascii: "\n")])
            case .reportHeadline: try disk.change("report.html", "Drill finished", to: "Drill completed")
            case .plan: try disk.change("plan.json", "\"width\":8", to: "\"width\":9")
            case .plannedFile: try disk.change(subject, "bash", to: "dash")
            case .output: try disk.change(subject, "41.2 GB", to: "91.2 GB")
            case .outputAsLink:
                let file = disk.url.appending(path: subject)
                try disk.write("elsewhere", try disk.read(subject))
                try FileManager.default.removeItem(at: file)
                try FileManager.default.createSymbolicLink(
                    at: file, withDestinationURL: disk.url.appending(path: "elsewhere"))
            case .journalLine: try disk.change("journal.jsonl", "41.2 GB", to: "91.2 GB")
            case .cutJournal:
                // A whole number of batches: only the head that the record holds shows it.
                let lines = try disk.read("journal.jsonl").split(separator: UInt8(ascii: "\n"))
                let commits = lines.indices.filter { lines[$0].starts(with: Array("{\"commit\"".utf8)) }
                let kept = lines[...commits[commits.count - 3]]
                try disk.write(
                    "journal.jsonl", Array(kept.joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")])
            }
        }
    }

    @Test("What was changed is seen, and named", arguments: Tampering.allCases)
    func tampered(tampering: Tampering) throws {
        let disk = try RunOnDisk()
        try tampering.apply(to: disk)
        let verification = disk.verify()
        #expect(verification.result(of: tampering.subject) == tampering.expected, "\(verification.checks)")
        #expect(verification.verdict == (tampering.expected == .doesNotHold ? .notAuthentic : .notEstablished))
    }

    @Test(
        "What is missing is not established, never fine",
        arguments: ["record.json", "report.html", "plan.json", "journal.jsonl", "inside/output/space.1.stdout"])
    func missing(path: String) throws {
        let disk = try RunOnDisk()
        try FileManager.default.removeItem(at: disk.url.appending(path: path))
        let verification = disk.verify()
        #expect(verification.verdict == .notEstablished)
        #expect(verification.result(of: path) == .notEstablished)
    }

    @Test(
        "Output of which nothing could be kept has no file; of an empty one that is missing nothing is known",
        arguments: [(true, Verification.Result.holds), (false, .notEstablished)])
    func neverKept(truncated: Bool, expected: Verification.Result) throws {
        var story = FirstDrill.finished
        let path = "inside/output/space.1.stdout"
        for index in story.events.indices {
            guard case .attemptEnded(let attempt, var end) = story.events[index].event,
                end.standardOutput?.path == path
            else { continue }
            end.standardOutput = OutputRecord(
                path: path, sha256: Digest.of([UInt8]()), sizeBytes: 0, truncated: truncated, tail: "")
            story.events[index].event = .attemptEnded(attempt, end)
        }
        let disk = try RunOnDisk(story)
        try FileManager.default.removeItem(at: disk.url.appending(path: path))
        #expect(disk.verify().result(of: path) == expected)
    }

    @Test("A record of another schema is not established, and an older head still verifies")
    func otherSchemaAndLaterEvents() throws {
        let newer = try RunOnDisk()
        try newer.change("record.json", "drctl.record/1", to: "drctl.record/9")
        #expect(newer.verify().verdict == .notEstablished)

        let open = try RunOnDisk(FirstDrill.open)
        let story = FirstDrill.open
        let writer = try JournalWriter.open(at: open.run.journal).writer
        var later = story
        later.takeUp(epoch: 2)
        _ = try writer.append(RunOnDisk.batch(later.events.dropFirst(story.events.count)))
        let verification = open.verify()
        #expect(verification.verdict == .intactSignerUnknown, "\(verification.checks.filter { $0.result != .holds })")
        #expect(verification.detail(of: "record.json").contains("3 events more since"))
    }

    @Test("A head noted elsewhere that the journal does not reach is refused")
    func anchorBeyond() throws {
        let disk = try RunOnDisk()
        let head = try #require(disk.verify().head)
        let beyond = JournalHead(commit: head.commit + 1, event: head.event + 1, hash: head.hash)
        let verification = EvidenceVerifier.verify(disk.run, anchors: [beyond], tool: RunOnDisk.tool)
        #expect(verification.result(of: "journal.jsonl") == .doesNotHold)
    }

    @Test("The first difference is named by line, and hostile bytes are shown")
    func difference() {
        let text = EvidenceVerifier.firstDifference(Array("a\n  \u{1B}b\n".utf8), Array("a\n  c\n".utf8))
        #expect(text == "line 2 says \\u{1B}b, and plan and journal give c")
    }
}
