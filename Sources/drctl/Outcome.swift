/// What a command found or did: text for people, a value for programs, and every condition that holds.
struct Outcome: Sendable {
    /// Printed on standard output, unless JSON was asked for. No trailing newline.
    var text: String
    var result: any Encodable & Sendable
    /// Everything that holds; empty means done.
    var conditions: [ExitStatus] = []
    var exit: ExitStatus = .done

    /// The same with a further condition, as a verification's.
    func adding(_ condition: ExitStatus) -> Outcome {
        .verification(conditions + [condition], text: text, result: result)
    }

    /// An outcome whose exit is the first of its conditions in the order of verifications.
    static func verification(_ conditions: [ExitStatus], text: String, result: any Encodable & Sendable) -> Outcome {
        Outcome(
            text: text, result: result, conditions: conditions,
            exit: .first(of: conditions, in: ExitStatus.verificationOrder))
    }

    /// An outcome whose exit is the first of its conditions in the order of runs.
    static func run(_ conditions: [ExitStatus], text: String, result: any Encodable & Sendable) -> Outcome {
        Outcome(
            text: text, result: result, conditions: conditions,
            exit: .first(of: conditions, in: ExitStatus.runOrder))
    }
}
