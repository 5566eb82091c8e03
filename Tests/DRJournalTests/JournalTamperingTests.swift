import DRCrypto
import DRJournal
import DRMachine
import DRSystem
import DRTestSupport
import Foundation
import SystemPackage
import Testing

/// Each way of tampering with each line, through the verifier and through the checker that the page holds.
@Suite struct JournalTamperingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var line: Int
        var change: @Sendable ([[UInt8]], Int) -> [[UInt8]]
        var testDescription: String { "line \(line + 1) \(name)" }
    }

    /// Lines of the sample: events 1…9 and the commit lines after events 1, 4, 5, 7 and 9.
    static let lineCount = 14

    static let cases: [Case] = (0..<lineCount).flatMap { line in
        [
            Case(name: "changed", line: line) { lines, index in
                var lines = lines
                // A digit of the wall clock, of the seed, of a number: JSON stays JSON.
                let digit = lines[index].lastIndex { (UInt8(ascii: "2")...UInt8(ascii: "8")).contains($0) }
                if let digit { lines[index][digit] ^= 1 }
                return lines
            },
            Case(name: "changed in its text", line: line) { lines, index in
                var lines = lines
                lines[index][lines[index].count / 2] ^= 0x08
                return lines
            },
            Case(name: "swapped with its neighbour", line: line) { lines, index in
                var lines = lines
                lines.swapAt(index, index + 1 < lines.count ? index + 1 : index - 1)
                return lines
            },
            Case(name: "doubled", line: line) { lines, index in
                var lines = lines
                lines.insert(lines[index], at: index)
                return lines
            },
            Case(name: "removed", line: line) { lines, index in
                var lines = lines
                lines.remove(at: index)
                return lines
            },
            Case(name: "without its line feed", line: line) { lines, index in
                var lines = lines
                lines[index].removeLast()
                return lines
            },
        ]
    }

    /// The events that may be named for a change at a line: its own batch's, and those beside it.
    static func suspects(_ line: Int) -> ClosedRange<Int> {
        let batches = [(0...1, 1...1), (2...5, 2...4), (6...7, 5...5), (8...10, 6...7), (11...13, 8...9)]
        let own = batches.first { $0.0.contains(line) }?.1 ?? 1...1
        return own.lowerBound...(own.upperBound + 2)
    }

    @Test(arguments: cases)
    func `is refused with the event's number, twice`(_ tampering: Case) throws {
        let sample = try SampleJournal(closed: true)
        let original = lines(try sample.bytes)
        #expect(original.count == Self.lineCount)
        let changed = tampering.change(original, tampering.line)
        #expect(changed != original)
        try DurableFile.replace(at: sample.path, with: Array(changed.joined()))

        let error = #expect(throws: JournalError.self) { try JournalReader.verify(at: sample.path) }
        #expect(error?.code == .notAuthentic, "\(String(describing: error))")
        let events = try #require(error?.events)
        #expect(events.overlaps(Self.suspects(tampering.line)), "\(events)")
        #expect(error?.message.contains("event") == true)

        let checked = try Checker.run(on: sample.path)
        #expect(checked.status == 22, "\(checked.output)")
        let number = try #require(
            checked.output.split(separator: " ").dropFirst().first.flatMap { Int($0.trimmingCharacters(in: [":"])) })
        #expect(Self.suspects(tampering.line).contains(number), "\(checked.output)")
    }

    @Test func `where a batch is one event, its number is exact`() throws {
        for (line, event) in [(0, 1), (6, 5)] {
            let sample = try SampleJournal(closed: true)
            var changed = lines(try sample.bytes)
            changed[line][20] ^= 1
            try DurableFile.replace(at: sample.path, with: Array(changed.joined()))
            let error = #expect(throws: JournalError.self) { try JournalReader.verify(at: sample.path) }
            #expect(error?.events == event...event)
        }
    }

    @Test func `what nobody touched is believed by both, with the same head`() throws {
        let sample = try SampleJournal(closed: true)
        let head = try #require(try JournalReader.verify(at: sample.path).head)
        #expect(try JournalReader.verify(at: sample.path, head: head).events.count == 9)
        let checked = try Checker.run(on: sample.path, head: head)
        #expect(checked.status == 0, "\(checked.output)")
        #expect(checked.output.contains("9 events; head 5:\(head.hash)"))
    }

    @Test(arguments: 0..<5)
    func `an end cut at a batch's border shows against the head, and only so`(kept: Int) throws {
        let sample = try SampleJournal(closed: true)
        let head = try #require(try JournalReader.verify(at: sample.path).head)
        let border = [0, 2, 6, 8, 11][kept]
        let cut = Array(lines(try sample.bytes)[..<border].joined())
        try DurableFile.replace(at: sample.path, with: cut)
        #expect(try JournalReader.verify(at: sample.path).commits.count == kept)
        #expect(try Checker.run(on: sample.path).status == 0)

        let error = #expect(throws: JournalError.self) { try JournalReader.verify(at: sample.path, head: head) }
        #expect(error?.code == .notAuthentic)
        #expect(error?.events?.lowerBound == [1, 2, 5, 6, 8][kept])
        let checked = try Checker.run(on: sample.path, head: head)
        #expect(checked.status == 22, "\(checked.output)")
        // A runner is refused as well, when somebody it meets has seen more.
        let refused = #expect(throws: JournalError.self) {
            _ = try JournalWriter.open(at: sample.path, anchors: [head])
        }
        #expect(refused?.code == .notAuthentic)
        #expect(try sample.bytes == cut)
    }

    @Test func `a head of another journal, or one that lies before the end, is refused`() throws {
        let sample = try SampleJournal(closed: true)
        let contents = try JournalReader.verify(at: sample.path)
        var other = try #require(contents.head)
        other.hash = .of("other")
        for head in [other, contents.commits[3]] {
            let error = #expect(throws: JournalError.self) { try JournalReader.verify(at: sample.path, head: head) }
            #expect(error?.code == .notAuthentic)
            #expect(try Checker.run(on: sample.path, head: head).status == 22)
        }
        // As an anchor, an earlier head is what it should be.
        #expect(try JournalReader.read(at: sample.path, anchors: [contents.commits[3]]).commits.count == 5)
    }

    @Test func `the checker has at most thirty lines`() throws {
        #expect(try Checker.source().split(separator: "\n", omittingEmptySubsequences: false).count <= 30)
    }
}

/// The Python program of the page JournalFormat.
enum Checker {
    static func source() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(
            contentsOf: root.appending(path: "Sources/DRJournal/DRJournal.docc/JournalFormat.md"), encoding: .utf8)
        let parts = page.components(separatedBy: "```python\n")
        try #require(parts.count == 2)
        return try #require(parts[1].components(separatedBy: "```").first)
    }

    static func run(on path: FilePath, head: JournalHead? = nil) throws -> (status: Int32, output: String) {
        let ended = try ChildProcess.run(
            ["python3", "-I", "-c", try source(), path.string] + (head.map { ["\($0.commit):\($0.hash)"] } ?? []))
        return (ended.exitCode ?? -1, ended.output)
    }
}
