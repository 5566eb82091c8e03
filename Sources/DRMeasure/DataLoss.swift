package import DRMachine
import DRRunbook

/// The achieved data loss of a service: the last write at the source before the disruption, less the last write
/// read back on the recovered side. Each half is three-valued on its own.
package struct DataLoss: Codable, Sendable, Equatable {
    /// What the loss is measured against.
    package enum Basis: String, Codable, Sendable, CaseIterable {
        /// Both sides' last writes were read.
        case lastWrites
        /// The source's last write is not known: from the recovered side's last write to the disruption, which is
        /// at most what was lost.
        case recoveryPoint
    }

    package var source: LossMeasure?
    package var recovered: LossMeasure?
    /// nil where nothing is established.
    package var basis: Basis?
    package var time: Figure
    /// How many numbered writes were lost; nil: not established.
    package var writes: Int64?
    /// Why `writes` is not established.
    package var writesReason: String?
}

extension DataLoss {
    init(service: String, journal: Chronicle, disrupted: Moment?) {
        let measures = journal.losses.filter { $0.service == service }
        // What was read back first counts: later ones see what was written since.
        let firstRecovered = measures.firstIndex { $0.side == .recovered }
        recovered = firstRecovered.map { measures[$0] }
        source = (firstRecovered.map { measures[..<$0] } ?? measures[...]).last { $0.side == .source }
        let reasons = Self.missing(source, .source) ?? Self.missing(recovered, .recovered)
        if let before = source?.lastWriteAt, let after = recovered?.lastWriteAt {
            basis = .lastWrites
            time =
                before >= after
                ? .established(TimeSpan(nanoseconds: before - after), by: .wall)
                : .notEstablished("the recovered side's last write is newer than the source's")
        } else if let after = recovered?.lastWriteAt, let disrupted {
            basis = .recoveryPoint
            let span = TimeSpan(nanoseconds: disrupted.wall - after)
            time =
                span >= .zero
                ? .notEstablished(reasons ?? "the source's last write is not known", atMost: span)
                : .notEstablished("the recovered side's last write is newer than the disruption")
        } else {
            basis = nil
            time = .notEstablished(reasons ?? "the time of a last write is not known")
        }
        (writes, writesReason) = Self.writes(source, recovered)
    }

    /// When the source showed that it lived, by the wall clock.
    var lastSign: Moment? { source?.lastWriteAt.map(Moment.stated(wall:)) }

    private static func writes(_ source: LossMeasure?, _ recovered: LossMeasure?) -> (Int64?, String?) {
        guard let before = source?.lastWrite, let after = recovered?.lastWrite else {
            let reason = missing(source, .source) ?? missing(recovered, .recovered)
            return (nil, reason ?? "the number of a last write is not known")
        }
        guard before >= after else { return (nil, "the recovered side has more writes than the source had") }
        return (before - after, nil)
    }

    private static func missing(_ measure: LossMeasure?, _ side: PlannedMeasure.Side) -> String? {
        let place = side == .source ? "at the source" : "on the recovered side"
        guard let measure else { return "no step measured the last write \(place)" }
        if measure.lastWrite == nil && measure.lastWriteAt == nil {
            return "step \(measure.step) did not tell the last write \(place)"
        }
        return nil
    }
}
