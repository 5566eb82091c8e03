import DRCrypto
import DRMachine
import DRMeasure
import DRRunbook
import DRTestSupport
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
    @Test("The stories are journals that the machine itself follows", arguments: FixtureRun.allCases)
    func storiesAreJournals(run: FixtureRun) throws {
        _ = try Measurement(plan: run.story.plan, events: run.story.events)
    }

    @Test("A run's record is what it was", arguments: FixtureRun.allCases)
    func recordIsGolden(run: FixtureRun) throws {
        let bytes = try run.story.record().fileBytes()
        try GoldenFile("Golden/\(run.rawValue).record.json").expect(String(decoding: bytes, as: UTF8.self))
    }

    @Test("A run's report is what it was", arguments: FixtureRun.allCases)
    func reportIsGolden(run: FixtureRun) throws {
        let page = try Report.render(run.story.record(), tool: "drctl test")
        try GoldenFile("Golden/\(run.rawValue).report.html").expect(page)
    }
}

@Suite struct RecordTests {
    @Test("A journal that this machine cannot follow gives a record whose figures are not established")
    func unfollowable() throws {
        var story = FirstDrill.finished
        story.events.removeAll { if case .supervisorReady = $0.event { true } else { false } }
        let record = try story.record()
        #expect(record.verdict.objectives == .notEstablished)
        #expect(record.services[0].recoveryTime.nanoseconds == nil)
        #expect(record.services[0].clocks.count == 2, "marks are facts and stay")
    }

    @Test("A journal that creates no run is refused")
    func noRun() {
        let story = FirstDrill.finished
        #expect(throws: EvidenceError.self) {
            _ = try Record.derive(plan: story.plan, events: Array(story.events.dropFirst()), head: story.head)
        }
    }

    @Test("A record reads back as it was written", arguments: FixtureRun.allCases)
    func roundTrip(run: FixtureRun) throws {
        let record = try run.story.record()
        #expect(try Record(fileBytes: record.fileBytes()) == record)
    }

    @Test("Green only where every part of the headline is", arguments: FixtureRun.allCases)
    func tones(run: FixtureRun) throws {
        let (tone, headline) = VerdictView.said(try run.story.record())
        let expected: (Tone, String) =
            switch run {
            case .finished: (.good, "Drill finished, every objective met")
            case .failed: (.bad, "Drill failed")
            case .refused: (.idle, "Drill refused before the first step")
            case .cancelled: (.idle, "Drill cancelled")
            case .open: (.unknown, "Drill not ended")
            }
        #expect((tone, headline) == expected)
    }

    @Test("What belongs beside the verdict takes the green away")
    func notGreen() throws {
        func said(_ change: (inout Story) -> Void) throws -> (Tone, String) {
            var story = FirstDrill.finished
            change(&story)
            return VerdictView.said(try story.record())
        }
        let slow = try said { story in story.plan.services[0].recoveryTimeObjective = .seconds(1) }
        #expect(slow == (.bad, "Drill finished, an objective was missed"))
        let unmarked = try said { story in story.drop { if case .clockMarked = $0 { true } else { false } } }
        #expect(unmarked == (.unknown, "Drill finished, whether every objective was met is not established"))
        let differs = try said { story in
            story.replace { event in
                guard case .resyncRecorded(var resync) = event else { return nil }
                resync.treesEqual = false
                return .resyncRecorded(resync)
            }
        }
        #expect(differs == (.unknown, "Drill finished, every objective met; read the findings first"))
        let broken = try said { story in
            story.replace { event in
                guard case .approvalCounted(let step, var approval) = event else { return nil }
                approval.breakGlass = true
                return .approvalCounted(step, approval)
            }
        }
        #expect(broken.0 == .unknown)
    }

    @Test("A correction of a clock shows both times")
    func corrected() throws {
        var story = FirstDrill.finished
        let last = story.events.removeLast()
        story.tell(
            .clockMarked(
                ClockMark(
                    clock: .disrupted, service: "orders", at: .stated(wall: story.wall - 20_000_000_000),
                    basis: "the pager's log", synthetic: false)))
        story.tell(last.event)
        let record = try story.record()
        let disrupted = record.services[0].clocks.filter { $0.clock == .disrupted }
        #expect(disrupted.map(\.superseded) == [true, false])
        #expect(record.findings.contains { $0.kind == "clockCorrected" && $0.event == disrupted[0].event })
    }

    @Test("Never says compliant")
    func wording() throws {
        for run in FixtureRun.allCases {
            #expect(!(try Report.render(run.story.record(), tool: "t").lowercased().contains("complian")))
        }
    }
}

extension Story {
    /// The same story without some events, numbered again.
    mutating func drop(_ isDropped: (Event) -> Bool) {
        events = events.filter { !isDropped($0.event) }.enumerated().map {
            JournaledEvent(number: $0.offset + 1, at: $0.element.at, event: $0.element.event)
        }
    }

    /// The same story with other events in place of some.
    mutating func replace(_ change: (Event) -> Event?) {
        for index in events.indices { if let new = change(events[index].event) { events[index].event = new } }
    }
}

@Suite struct RecordTimeTests {
    @Test(
        "Times are written in UTC and read back",
        arguments: [
            (Int64(0), "1970-01-01T00:00:00.000000000Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
            (1_795_359_600_123_456_789, "2026-11-22T15:00:00.123456789Z"),
            (Int64.max, "2262-04-11T23:47:16.854775807Z"),
        ])
    func times(nanoseconds: Int64, text: String) {
        #expect(RecordTime(nanoseconds: nanoseconds).description == text)
        #expect(RecordTime(text)?.nanoseconds == nanoseconds)
    }

    @Test(
        "Other ways of writing a time are refused",
        arguments: [
            "2026-02-30T00:00:00.000000000Z", "2026-11-22T24:00:00.000000000Z", "2026-11-22T15:00:00Z",
            "2026-11-22T15:00:00.000000000+01", "2026-11-22 15:00:00.000000000Z", "9999-11-22T15:00:00.000000000Z", "",
        ])
    func refused(text: String) {
        #expect(RecordTime(text) == nil)
    }

    @Test(
        "Lengths of time are said as people say them",
        arguments: [
            (Int64(0), "0 s"), (12_000_000, "0.012 s"), (999_600_000, "0.999 s"), (1_000_000_000, "1 s"),
            (12_440_000_000, "12.4 s"), (59_960_000_000, "1 min"), (200_000_000_000, "3 min 20 s"),
            (3_900_000_000_000, "1 h 05 min"), (90_000_000_000_000, "1 d 01 h"), (-3_000_000_000, "−3 s"),
            (Int64.min, "−106752 d"),
        ])
    func durations(nanoseconds: Int64, text: String) {
        #expect(Wording.duration(nanoseconds) == text)
    }
}
