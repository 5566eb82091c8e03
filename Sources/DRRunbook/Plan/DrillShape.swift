/// In what a drill differs from all of its runbook.
package struct DrillShape: Codable, Sendable, Equatable {
    /// The services that it is about; nil: all of them. Its verdict says nothing of the others.
    package var only: [String]?
    /// Every step is a card, and nothing is done.
    package var isTabletop: Bool?
    /// How long what it built up is kept for a look when its steps are over.
    package var hold: TimeSpan?

    package init(only: [String]? = nil, isTabletop: Bool? = nil, hold: TimeSpan? = nil) {
        self.only = only
        self.isTabletop = isTabletop
        self.hold = hold
    }

    /// The step that keeps what was built up; no step of a runbook can be called that.
    package static let holdStep: StepID = "drill.hold"
}
