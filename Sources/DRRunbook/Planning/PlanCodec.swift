package import DRCrypto
internal import DRJSON

/// A plan's bytes. They are made once, written to `plan.json`, and from then on only read.
package enum PlanCodec {
    /// Canonical JSON: keys sorted, no spaces, `/` as it is, one newline at the end.
    /// - Throws: `RunbookError` (`encoding`) if the plan holds what JSON cannot, which no plan from a runbook does.
    package static func encode(_ plan: Plan) throws(RunbookError) -> [UInt8] {
        try canonical(plan, what: "the plan") + [UInt8(ascii: "\n")]
    }

    /// - Throws: `RunbookError`: `unknownSchema` for a plan of another version, `encoding` for anything else.
    package static func decode(_ bytes: [UInt8]) throws(RunbookError) -> Plan {
        struct Head: Decodable { var schema: String }
        do {
            let head = try CanonicalJSON.decode(Head.self, from: bytes)
            guard head.schema == Plan.schema else {
                throw RunbookError(
                    .unknownSchema, "the plan is written as \(head.schema); this drctl reads \(Plan.schema)",
                    hint: "use the drctl that made the run")
            }
            return try CanonicalJSON.decode(Plan.self, from: bytes)
        } catch let error as RunbookError {
            throw error
        } catch {
            throw RunbookError(
                .encoding, "plan.json is not a plan", hint: "it was changed or cut after it was written", cause: error)
        }
    }

    /// SHA-256 of a plan's bytes, as the journal's first event holds it.
    package static func digest(_ bytes: [UInt8]) -> Digest { Digest.of(bytes) }

    static func canonical(_ value: some Encodable, what: String) throws(RunbookError) -> [UInt8] {
        do {
            return try CanonicalJSON.encode(value)
        } catch {
            throw RunbookError(.encoding, "\(what) could not be written as JSON", hint: nil, cause: error)
        }
    }
}

/// What goes wrong in this room beside the mistakes in a runbook, which are diagnostics.
package struct RunbookError: Error {
    /// What went wrong.
    package enum Code: String, Sendable { case encoding, unknownSchema }

    package var code: Code
    package var message: String
    package var hint: String?
    package var cause: (any Error)?

    init(_ code: Code, _ message: String, hint: String?, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.cause = cause
    }
}
