/// Something that the run cannot do without and does not control: a name service, a vault, a registry.
package struct PlannedDependency: Codable, Sendable, Equatable {
    /// What `dependencies.NAME.KEY` is while it is there.
    package var values: [String: String]
    /// What takes the place of these values while it is not; nil: nothing does.
    package var alternate: [String: String]?

    package init(values: [String: String] = [:], alternate: [String: String]? = nil) {
        self.values = values
        self.alternate = alternate
    }
}

/// That a step only asks whether a dependency is there, for a step that uses it: behind a circuit breaker, so that
/// what is known need not be asked again.
package struct PlannedGate: Codable, Sendable, Equatable {
    package var dependency: String
    /// How long an answer that it is there holds.
    package var freshFor: TimeSpan
    /// How long it is not asked after an answer that it is not (the breaker is open).
    package var retryAfter: TimeSpan

    package init(dependency: String, freshFor: TimeSpan, retryAfter: TimeSpan) {
        self.dependency = dependency
        self.freshFor = freshFor
        self.retryAfter = retryAfter
    }
}
