import ArgumentParser
import DRSystem
import FoundationEssentials
import SystemPackage

/// How every command speaks: the result alone on standard output; progress, prompts and errors on standard
/// error; control characters escaped; JSON as exactly one object.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print exactly one JSON object {schema, command, exit, conditions, result}.")
    var json = false
}

enum Output {
    /// Prints what a command has to say and gives the code to exit with.
    static func emit(_ outcome: Outcome, command: String, asJSON: Bool) -> ExitStatus {
        if asJSON {
            let envelope = Envelope(
                command: command, exit: outcome.exit, conditions: outcome.conditions,
                result: AnyEncodable(outcome.result))
            return state(envelope.json, outcome.exit)
        }
        return outcome.text.isEmpty ? outcome.exit : state(outcome.text, outcome.exit)
    }

    static func emit(_ failure: Failure, command: String, asJSON: Bool) -> ExitStatus {
        if asJSON {
            let envelope = Envelope(
                command: command, exit: failure.exit, conditions: [failure.exit],
                result: AnyEncodable(Envelope.Failed(error: Envelope.Problem(failure))))
            _ = state(envelope.json, failure.exit)
        }
        note(failure.text)
        return failure.exit
    }

    /// Writes a result to standard output. A reader that went away is no reason to fail; a disk that is full is: whoever
    /// reads that file later must not take what is missing for a result.
    private static func state(_ text: String, _ exit: ExitStatus) -> ExitStatus {
        do {
            try FileDescriptor.standardOutput.writeAll((text + "\n").utf8)
            return exit
        } catch Errno.brokenPipe {
            return exit
        } catch {
            note("drctl: the result could not be written to standard output: \(error)")
            note("  next: what the command did is done, and ended with \(exit.rawValue); give its result another place")
            return exit == .done ? .notEstablished : exit
        }
    }

    /// One line for people on standard error.
    static func note(_ line: String) { write(line + "\n", to: .standardError) }

    /// Writes all of it; a reader that went away is no reason to stop what the command is for.
    static func write(_ text: String, to descriptor: FileDescriptor) {
        _ = try? descriptor.writeAll(text.utf8)
    }

    static var isErrorTerminal: Bool { Terminal.isTerminal(.standardError) }
    static var isInputTerminal: Bool { Terminal.isTerminal(.standardInput) }
}

/// The one shape of `--json`; the result of a failure is `{error}`.
private struct Envelope: Encodable {
    struct Failed: Encodable {
        var error: Problem
    }

    struct Problem: Encodable {
        var code: String
        var message: String
        var hint: String?
        var cause: String?
        var details: [String]

        init(_ failure: Failure) {
            code = failure.code
            message = failure.message
            hint = failure.hint
            cause = failure.cause
            details = failure.details
        }
    }

    let schema = "drctl.output/1"
    var command: String
    var exit: Int32
    var conditions: [String]
    var result: AnyEncodable

    init(command: String, exit: ExitStatus, conditions: [ExitStatus], result: AnyEncodable) {
        self.command = command
        self.exit = exit.rawValue
        self.conditions = conditions.isEmpty ? [ExitStatus.done.word] : conditions.map(\.word)
        self.result = result
    }

    private enum CodingKeys: String, CodingKey { case schema, command, exit, conditions, result }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let bytes = try? encoder.encode(self) else {
            return
                #"{"command":"\#(command)","conditions":["internalError"],"exit":1,"result":null,"schema":"drctl.output/1"}"#
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A result of any type, encoded as itself.
private struct AnyEncodable: Encodable {
    private let value: any Encodable

    init(_ value: any Encodable) { self.value = value }

    func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}
