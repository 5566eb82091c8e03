/// An external dependency as it is written.
struct DependencyDefinition: Sendable {
    enum IfDown: Sendable {
        /// The step that uses it fails, and its `onFailure` says what follows.
        case fail
        /// It is asked so long.
        case wait(TimeSpan)
        /// A person sees to it.
        case manual(ManualCard)
        /// Other values.
        case alternate([String: Placed<Template>])
    }

    /// Asks whether it is there: what a step that uses it is preceded by.
    var gate: StepDefinition
    /// How long it is asked before it counts as down.
    var patience: TimeSpan
    var freshFor: TimeSpan
    var retryAfter: TimeSpan
    var values: [String: Placed<Template>]
    var ifDown: IfDown
    var place: SourcePlace

    /// What `dependencies.NAME.` may be followed by.
    var names: Set<String> {
        guard case .alternate(let others) = ifDown else { return Set(values.keys) }
        return Set(values.keys).union(others.keys)
    }
}
