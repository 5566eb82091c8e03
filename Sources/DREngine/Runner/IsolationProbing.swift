package import DRMachine
package import DRRunbook

/// Shows, before the first step, that a drill's namespaces cannot reach what they must not.
package protocol IsolationProbing: Sendable {
    /// Probes from outside, and through the inside supervisor from where steps run.
    /// - Parameter generation: of the inside supervisor; the report speaks of its namespaces only.
    func check(
        _ isolation: PlannedIsolation, inside: any SupervisorConnection, generation: Int
    ) async throws -> IsolationReport
}

extension IsolationCheck: IsolationProbing {}
