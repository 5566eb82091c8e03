package import DRMachine
package import DRRunbook

/// What a run achieved for one service.
package struct ServiceMeasurement: Codable, Sendable, Equatable {
    /// A mark of a clock with its place in the journal.
    package struct Mark: Codable, Sendable, Equatable {
        package var event: Int
        package var mark: ClockMark
        /// A later mark of the same clock corrected it; both are shown.
        package var isSuperseded: Bool
    }

    package var service: String
    /// All marks, in the journal's order.
    package var marks: [Mark]
    /// The pair that the recovery time is measured between, as the catalogue named it before the start.
    package var from: ClockName
    package var to: ClockName
    /// The achieved recovery time: `from`..`to`.
    package var recovery: Figure
    /// `disrupted`..`proven`: what the four figures add up to.
    package var total: Figure
    /// `disrupted`..`started`: until somebody had decided to recover.
    package var decision: Figure
    /// The part of the rest in which something was done.
    package var execution: Figure
    /// The part of the rest in which the run did nothing but wait for people.
    package var waitingForPeople: Figure
    package var loss: DataLoss
    package var recoveryTimeObjective: ObjectiveVerdict?
    package var recoveryPointObjective: ObjectiveVerdict?
    package var maximumTolerableDowntime: ObjectiveVerdict?

    /// The mark of a clock that counts: its last one.
    package func clock(_ name: ClockName) -> ClockMark? {
        marks.last { $0.mark.clock == name }?.mark
    }

    /// How long the recovery has taken so far, for a live view; nil before `from` or after `to`.
    package func elapsed(now: Moment) -> TimeSpan? {
        guard let start = clock(from), clock(to) == nil else { return nil }
        let span = now.elapsed(since: start.at)
        return span >= .zero ? span : nil
    }
}

extension ServiceMeasurement {
    init(_ service: PlannedService, mode: RunMode, journal: Chronicle) {
        self.service = service.name
        from = service.from
        to = service.to
        marks = journal.marks.filter { $0.mark.service == service.name }
        for index in marks.indices {
            let clock = marks[index].mark.clock
            marks[index].isSuperseded = marks[(index + 1)...].contains { $0.mark.clock == clock }
        }
        func at(_ name: ClockName, _ marks: [Mark]) -> Moment? { marks.last { $0.mark.clock == name }?.mark.at }
        let moments = { [marks] name in at(name, marks) }
        let last = journal.state.lastAt
        loss = DataLoss(service: service.name, journal: journal, disrupted: moments(.disrupted))
        recovery = Self.span(service.from, service.to, moments, lastSign: loss.lastSign, last: last)
        total = Self.span(.disrupted, .proven, moments, lastSign: loss.lastSign, last: last)
        decision = Self.decision(moments, mode: mode)
        (execution, waitingForPeople) = Self.parts(moments, journal: journal)
        recoveryTimeObjective = service.recoveryTimeObjective.map { [recovery] in ObjectiveVerdict($0, recovery) }
        recoveryPointObjective = service.recoveryPointObjective.map { [loss] in ObjectiveVerdict($0, loss.time) }
        maximumTolerableDowntime = service.maximumTolerableDowntime.map { [total] in ObjectiveVerdict($0, total) }
    }

    /// From one clock to another; where the disruption is not known, bounds and never a silent substitute.
    /// - Parameter last: the journal's last event: what has not ended by then took at least until then.
    private static func span(
        _ from: ClockName, _ to: ClockName, _ at: (ClockName) -> Moment?, lastSign: Moment?, last: Moment?
    ) -> Figure {
        guard let end = at(to) else {
            let soFar = at(from).flatMap { start in last.map { $0.elapsed(since: start) } }
            return .notEstablished(
                "\(to.rawValue) was not marked", atLeast: soFar.flatMap { $0 > .zero ? $0 : nil })
        }
        if let start = at(from) {
            let figure = Figure.between(start, end)
            return figure.span == nil
                ? .notEstablished("\(to.rawValue) lies before \(from.rawValue)") : figure
        }
        guard from == .disrupted else { return .notEstablished("\(from.rawValue) was not marked") }
        // It was down when it was noticed, and it lived when it wrote for the last time.
        let noticed = [ClockName.detected, .declared, .started].compactMap(at).map { end.elapsed(since: $0) }
        return .notEstablished(
            "disrupted was not marked", atLeast: noticed.filter { $0 >= .zero }.max(),
            atMost: lastSign.map { end.elapsed(since: $0) }.flatMap { $0 >= .zero ? $0 : nil })
    }

    private static func decision(_ at: (ClockName) -> Moment?, mode: RunMode) -> Figure {
        guard let disrupted = at(.disrupted) else { return .notEstablished("disrupted was not marked") }
        guard let started = at(.started) else { return .notEstablished("started was not marked") }
        let figure = Figure.between(disrupted, started)
        if figure.span != nil { return figure }
        return .notEstablished(
            mode == .drill
                ? "the drill had started before the disruption, which it caused itself"
                : "the run had started before the disruption")
    }

    /// What lies between the later of `started` and `disrupted`, and `proven`.
    private static func parts(_ at: (ClockName) -> Moment?, journal: Chronicle) -> (Figure, Figure) {
        guard let end = at(.proven) else {
            let nothing = Figure.notEstablished("proven was not marked")
            return (nothing, nothing)
        }
        guard let started = at(.started) else {
            let nothing = Figure.notEstablished("started was not marked")
            return (nothing, nothing)
        }
        var start = started
        if let disrupted = at(.disrupted), disrupted.elapsed(since: started) > .zero { start = disrupted }
        let whole = Figure.between(start, end)
        guard let span = whole.span, let source = whole.source else {
            let nothing = Figure.notEstablished("proven lies before the run")
            return (nothing, nothing)
        }
        let waiting = journal.waiting(from: start, to: end)
        return (.established(span - waiting, by: source), .established(waiting, by: source))
    }
}
