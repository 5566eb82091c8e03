package import DRCrypto

/// A runbook as it is written: nothing resolved, every name with its place.
///
/// Where diagnostics report errors it holds what could be read all the same, so that one reading
/// finds every mistake; such a runbook is never planned.
package struct Runbook: Sendable {
    package var name: String
    package var title: String
    package var owner: String
    package var services: [Placed<String>]
    /// Advice that is known and not taken, by number, with the reason.
    var accepts: [String: String]
    package var purpose: Purpose
    package var inputs: [String: InputDefinition]
    /// Values with names, in the order of the file; one may read those above it.
    var vars: [VariableDefinition]
    /// Every expression of `vars`.
    var varExpressions: [PlacedExpression]
    package var environments: [String: EnvironmentDefinition]
    package var width: Int
    package var concurrency: [String: Int]
    /// Groups whose limit counts across the runs of a host, with the names that they have there.
    package var sharedGroups: [String: String]
    /// nil: as the mode has it.
    package var rollback: RollbackPolicy?
    /// What steps use and the run does not control, by name.
    var dependencies: [String: DependencyDefinition]
    package var steps: [StepDefinition]
    package var cleanup: [StepDefinition]
    /// What a runbook that it is part of reads of it, by name.
    var outputs: [String: Placed<Expression>]
    /// SHA-256 of the source's exact bytes.
    package var digest: Digest
    /// Where the runbook's `spec` begins: the place of what has no other.
    var place: SourcePlace
}

/// A value that is given when a runbook is planned.
package struct InputDefinition: Sendable {
    /// What an input's text has to be.
    package enum Kind: String, Sendable, CaseIterable {
        case string
        /// An absolute path; a default counts from the runbook's folder.
        case directory
        case integer, boolean

        /// What an expression reads.
        var output: OutputType {
            switch self {
            case .string, .directory: .string
            case .integer: .integer
            case .boolean: .boolean
            }
        }
    }

    package var type: Kind
    package var summary: String?
    package var defaultValue: Placed<String>?
    /// The only values there may be; nil: any.
    package var oneOf: [String]?
    /// A regular expression that all of its text has to match; nil: any text.
    package var pattern: Placed<String>?
    /// The least and the greatest number.
    package var minimum: Int64?
    package var maximum: Int64?
    var place: SourcePlace
}

/// Where a runbook can run.
package struct EnvironmentDefinition: Sendable {
    package var mode: RunMode
    /// What takes the place of the runbook's values of the same names.
    var vars: [VariableDefinition]
    var targets: [String: TargetDefinition]
    var repositories: [String: PlannedRepository]
    /// Where its secrets are read; they go before the site's of the same names.
    var secrets: [String: SecretReference]
    var isolation: IsolationDefinition
    /// The only places that HTTP requests may go to; nil: it says nothing of them.
    var httpAllow: [Placed<Template>]?
    var expressions: [PlacedExpression]
    var place: SourcePlace
}

/// How a drill is kept apart.
struct IsolationDefinition: Sendable {
    var mustNotReach: [Placed<Template>]
    var whenNotDemonstrated: PlannedIsolation.WhenNotDemonstrated
    var whenUnavailable: PlannedIsolation.WhenUnavailable
    var readOnly: [Placed<Template>]
    var networks: [NetworkDefinition]
    /// Where it is written; nil: it is not.
    var place: SourcePlace?
}

/// A network of the drill's own.
struct NetworkDefinition: Sendable {
    var interface: Placed<Template>
    var address: Placed<Template>
    var gateway: Placed<Template>?
    var allow: [Placed<Template>]
    var place: SourcePlace
}

/// A value with a name.
struct VariableDefinition: Sendable {
    var name: String
    var value: Placed<Template>
}

struct TargetDefinition: Sendable {
    var kind: RunMode
    var values: [String: Template]
    var place: SourcePlace
}

/// An expression, where it stands and what for.
struct PlacedExpression: Sendable {
    enum Use: Sendable, Equatable {
        /// Part of a text: must have a value.
        case template
        /// A `when`: true or false.
        case condition
        /// The time of a mark, which is read after the step and may name its own outputs.
        case mark
        /// An environment's target, isolation or repository.
        case target, isolation, repository
        /// A value with a name.
        case variable
        /// Which services a `foreach` is for.
        case services
        /// An input of a sub-runbook, of this type.
        case argument(OutputType)
    }

    var expression: Expression
    var use: Use
    var place: SourcePlace
}
