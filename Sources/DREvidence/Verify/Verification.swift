package import DRMachine

/// What verifying a run's directory showed: every check with its result, and the verdict that follows from them.
package struct Verification: Sendable, Equatable {
    /// Three values: what could not be checked is neither fine nor forged.
    package enum Result: String, Sendable, CaseIterable { case holds, doesNotHold, notEstablished }

    /// One thing that was compared with another.
    package struct Check: Sendable, Equatable {
        /// What was checked: `journal.jsonl`, `files/scripts/serve` and so on.
        package var subject: String
        package var result: Result
        /// What was found, and where.
        package var detail: String
    }

    /// What all checks come to.
    package enum Verdict: String, Sendable, CaseIterable {
        /// All holds together. Nothing says who made it: there is no signature.
        case intactSignerUnknown
        /// Something was changed, swapped, doubled, removed or cut.
        case notAuthentic
        /// Something could not be read or is not known to this drctl, and nothing was found changed.
        case notEstablished
    }

    package var checks: [Check] = []
    /// The journal's last commit, once its chain held.
    package var head: JournalHead?

    /// Follows from the checks: one that does not hold outweighs all others.
    package var verdict: Verdict {
        if checks.contains(where: { $0.result == .doesNotHold }) { return .notAuthentic }
        if checks.isEmpty || checks.contains(where: { $0.result == .notEstablished }) { return .notEstablished }
        return .intactSignerUnknown
    }

    /// The verdict in a sentence.
    package var summary: String {
        switch verdict {
        case .intactSignerUnknown: "intact, signer unknown"
        case .notAuthentic: "not authentic"
        case .notEstablished: "could not be established"
        }
    }

    mutating func add(_ subject: String, _ result: Result, _ detail: String) {
        checks.append(Check(subject: subject, result: result, detail: detail))
    }
}
