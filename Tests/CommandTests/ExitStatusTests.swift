import DREngine
import DRJournal
import DRRepository
import DRSystem
import DRTestSupport
import Testing

@testable import drctl

/// Testing has a type of this name too.
private typealias Exit = drctl.ExitStatus

/// The one table of exit codes.
@Suite struct ExitStatusTests {
    @Test func isREADMEsTable() throws {
        var numbers: Set<Int32> = []
        for line in try GoldenFile("../../README.md").text().split(separator: "\n") {
            let cells = line.split(separator: "|").map { $0.trimmingPrefix(" ") }
            guard cells.count == 2, let first = cells[0].first, first.isNumber else { continue }
            numbers.formUnion(cells[0].split(separator: "·").compactMap { Int32($0.filter(\.isNumber)) })
        }
        #expect(numbers == Set(Exit.allCases.map(\.rawValue)))
    }

    @Test func wordsAreDistinct() {
        #expect(Set(Exit.allCases.map(\.word)).count == Exit.allCases.count)
    }

    /// README: the first of 22, 21, 20, 12, 30, 4, 3, 0.
    @Test(
        arguments: [
            ([.partial, .policyMissed], .policyMissed), ([.notEstablished, .wrongKey], .wrongKey),
            ([.damagedCopyExists, .damaged], .damaged), ([.damaged, .notAuthentic], .notAuthentic),
            ([.policyMissed, .notEstablished], .notEstablished), ([], .done),
            ([.notAuthentic, .interrupted], .interrupted),
        ] as [([Exit], Exit)])
    fileprivate func aVerificationExitsWithTheFirst(conditions: [Exit], expected: Exit) {
        #expect(Exit.first(of: conditions, in: Exit.verificationOrder) == expected)
        #expect(Exit.first(of: conditions.reversed(), in: Exit.verificationOrder) == expected)
    }

    /// README: the first of 130 or 143, 44, 41, 43, 42, 30, 4, 0.
    @Test(
        arguments: [
            ([.runFailed, .inDoubt], .inDoubt), ([.cancelled, .interrupted], .interrupted),
            ([.waitingForPerson, .cancelled], .cancelled), ([.notEstablished, .policyMissed], .notEstablished),
            ([.policyMissed, .runFailed], .runFailed), ([.terminated, .inDoubt], .terminated), ([], .done),
        ] as [([Exit], Exit)])
    fileprivate func aRunExitsWithTheFirst(conditions: [Exit], expected: Exit) {
        #expect(Exit.first(of: conditions, in: Exit.runOrder) == expected)
        #expect(Exit.first(of: conditions.reversed(), in: Exit.runOrder) == expected)
    }

    @Test func aFailureTellsWhatWhyAndWhatNextInOrder() {
        let failure = Failure(
            exit: .damaged, code: "x", message: "it broke\u{1B}[31m", hint: "mend it", cause: "rust",
            details: ["at 1:2"])
        #expect(failure.text == "at 1:2\ndrctl: it broke\\u{1B}[31m\n  why: rust\n  next: mend it")
    }

    @Test func everyRoomsErrorKeepsItsHint() {
        #expect(Failure(JournalError(.heldByAnother, "held", hint: "wait")).exit == .heldByAnother)
        #expect(Failure(RepositoryError(.wrongKey, "no", hint: "another")).hint == "another")
        #expect(Failure(EngineError(.cannotIsolate, "no", hint: "elsewhere")).exit == .refused)
    }
}
