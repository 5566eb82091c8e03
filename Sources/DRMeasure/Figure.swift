package import DRMachine
package import DRRunbook

/// A length of time that was measured, or the reason why it is not established and what is known instead.
package struct Figure: Codable, Sendable, Equatable {
    /// Which of the machine's clocks a span was taken from.
    package enum Source: String, Codable, Sendable, CaseIterable {
        /// Boot time: both ends were seen within one start of the machine, so no jump of the wall clock counts.
        case boot
        /// The wall clock: an end was stated by somebody, or the machine was restarted in between.
        case wall
    }

    /// nil: not established. Zero is a length; nothing is not.
    package var span: TimeSpan?
    package var source: Source?
    /// Why there is no span.
    package var reason: String?
    /// Bounds that hold although the span itself is not established.
    package var atLeast: TimeSpan?
    package var atMost: TimeSpan?

    /// A span that was measured.
    package static func established(_ span: TimeSpan, by source: Source) -> Figure {
        Figure(span: span, source: source, reason: nil, atLeast: nil, atMost: nil)
    }

    /// No span, and why.
    package static func notEstablished(
        _ reason: String, atLeast: TimeSpan? = nil, atMost: TimeSpan? = nil
    ) -> Figure {
        Figure(span: nil, source: nil, reason: reason, atLeast: atLeast, atMost: atMost)
    }

    /// From one moment to another; negative ones are not established, because one of the clocks lied.
    package static func between(_ start: Moment, _ end: Moment) -> Figure {
        let span = end.elapsed(since: start)
        guard span >= .zero else { return .notEstablished("the end lies before the beginning") }
        return .established(span, by: end.sharesBoot(with: start) ? .boot : .wall)
    }
}

/// Whether an objective was met: three values, and never "met" by mistake.
package struct ObjectiveVerdict: Codable, Sendable, Equatable {
    /// The three values.
    package enum Outcome: String, Codable, Sendable, CaseIterable { case met, missed, notEstablished }

    package var outcome: Outcome
    package var objective: TimeSpan
    /// Why it is not established, or that bounds decided it.
    package var reason: String?

    /// What a figure says about an objective. Bounds decide where they can.
    package init(_ objective: TimeSpan, _ figure: Figure) {
        self.objective = objective
        if let span = figure.span {
            outcome = span <= objective ? .met : .missed
            reason = nil
        } else if let most = figure.atMost, most <= objective {
            outcome = .met
            reason = "by its upper bound: \(figure.reason ?? "not established")"
        } else if let least = figure.atLeast, least > objective {
            outcome = .missed
            reason = "by its lower bound: \(figure.reason ?? "not established")"
        } else {
            outcome = .notEstablished
            reason = figure.reason
        }
    }
}
