package import DRMeasure
package import DRRunbook

/// A service's clocks, what was measured between them, and its objectives.
package struct ServiceRecord: Codable, Sendable, Equatable {
    package var name: String
    package var tier: Int
    package var owner: String
    /// The pair of clocks that the recovery time is measured between, as the catalogue named it before the start.
    package var comparedFrom: ClockName
    package var comparedTo: ClockName
    /// Every mark in the journal's order; a later mark of the same clock corrects an earlier one and both stay.
    package var clocks: [ClockRecord]
    package var recoveryTime: Figure
    package var dataLoss: DataLoss
    /// The four figures of the service: total, decision, execution, waiting for people.
    package var total: Figure
    package var decision: Figure
    package var execution: Figure
    package var waitingForPeople: Figure
    package var objectives: [Objective]

    /// A mark of a clock.
    package struct ClockRecord: Codable, Sendable, Equatable {
        package var clock: ClockName
        package var at: RecordTime
        package var basis: String
        /// The runbook caused this disruption on purpose.
        package var synthetic: Bool
        /// A later mark took its place.
        package var superseded: Bool
        package var event: Int
    }

    /// A measured length of time, or the reason why it is not established.
    package struct Figure: Codable, Sendable, Equatable {
        package var nanoseconds: Int64?
        /// What it is measured between, and by which clock of the machine.
        package var basis: String?
        /// Why there is no figure.
        package var notEstablished: String?
        /// Bounds that hold although the figure is not established.
        package var atLeastNanoseconds: Int64?
        package var atMostNanoseconds: Int64?
    }

    /// What was lost between the last write at the source and the last write read back.
    package struct DataLoss: Codable, Sendable, Equatable {
        package var nanoseconds: Int64?
        /// A bound that holds although the time is not established.
        package var atMostNanoseconds: Int64?
        package var writes: Int64?
        package var basis: String?
        package var notEstablished: String?
        package var writesNotEstablished: String?
    }

    /// An objective that was in force when the run was planned, against what was achieved.
    package struct Objective: Codable, Sendable, Equatable {
        /// Which objective of the catalogue.
        package enum Kind: String, Codable, Sendable, CaseIterable {
            case recoveryTime, recoveryPoint, maximumTolerableDowntime
        }

        package var kind: Kind
        package var objectiveNanoseconds: Int64
        package var achievedNanoseconds: Int64?
        package var verdict: ObjectiveVerdict.Outcome
        /// Why it could not be established.
        package var reason: String?
    }
}
