import DRJournal
import DRMachine
package import DRRunbook
import DRSystem
import FoundationEssentials
import Subprocess
package import SystemPackage

/// Reads the secrets of an attempt when it is started. They go over the supervisor's socket and nowhere else.
struct SecretSource: Sendable {
    /// What a repository's identity is called among an attempt's secrets.
    static let identity = "identity"
    private static let byteLimit = 64 << 10

    var plan: Plan
    var time: any TimeSource
    /// How long a command has that prints a secret.
    var commandLimit = TimeSpan.seconds(30)

    /// - Returns: name to base64.
    /// - Throws: `secretUnusable`, naming the secret and where it was looked for, never its value.
    func values(for spec: AttemptSpec) async throws(EngineError) -> [String: String] {
        var values: [String: String] = [:]
        let variables = spec.env.values.compactMap { value in
            if case .secret(let name) = value { name } else { nil }
        }
        for name in Set(variables + spec.work.secretHeaders) {
            guard let reference = plan.secrets[name] else {
                throw EngineError(.secretUnusable, "the plan has no secret \(name)")
            }
            values[name] = try await read(reference, called: name)
        }
        if case .action(let request) = spec.work, let path = request.repository?.identityPath {
            values[Self.identity] = try await read(.file(path), called: "the repository's identity")
        }
        return values
    }

    /// What the machine is told where a secret could not be had.
    func refusal(of spec: AttemptSpec, _ error: EngineError) -> AttemptReport {
        AttemptReport(
            attempt: spec.attempt,
            phase: .ended(
                nil,
                AttemptEnd(at: time.moment(), result: .couldNotStart(error.description), outputs: [:], survivors: [])))
    }

    private func read(_ reference: SecretReference, called name: String) async throws(EngineError) -> String {
        switch reference {
        case .file(let path):
            do throws(SystemError) {
                let bytes = try await BlockingThread.run { () throws(SystemError) in
                    try DurableFile.read(at: FilePath(path), limit: Self.byteLimit)
                }
                return Data(bytes).base64EncodedString()
            } catch {
                throw EngineError(.secretUnusable, "\(name) cannot be read: \(error.message)", hint: error.hint)
            }
        case .environment(let variable):
            guard let value = ProcessInfo.processInfo.environment[variable], !value.isEmpty else {
                throw EngineError(
                    .secretUnusable, "\(name) is not set: \(variable) is empty or missing in drctl's environment",
                    hint: "set it and run `drctl resume`")
            }
            return Data(value.utf8).base64EncodedString()
        case .command(let words):
            return Data(try await output(of: words, called: name)).base64EncodedString()
        }
    }

    /// What it says on standard error is not told: a program that fails may show there what it holds.
    private func output(of words: [String], called name: String) async throws(EngineError) -> [UInt8] {
        func unusable(_ reason: String) -> EngineError {
            EngineError(
                .secretUnusable, "\(name) cannot be had: `\(words.first ?? "")` \(reason)",
                hint:
                    "run the command of the site's secret by hand, then `drctl resume` or `drctl resolve … --as retry`")
        }
        guard !words.isEmpty else { throw unusable("names no program") }
        let seconds = Double(commandLimit.nanoseconds) / 1e9
        do {
            // `timeout` ends the whole process group, whatever the program has started.
            let result = try await Subprocess.run(
                .name("timeout"), arguments: Arguments(["--kill-after=2", "\(seconds)s"] + words), input: .none,
                output: .bytes(limit: Self.byteLimit), error: .discarded)
            switch result.terminationStatus {
            case .exited(0): break
            case .exited(124), .exited(137), .signaled(9): throw unusable("took more than \(commandLimit.duration)")
            case .exited(126), .exited(127): throw unusable("cannot be run")
            case .exited(let code): throw unusable("exited with \(code)")
            case .signaled(let number): throw unusable("was ended by signal \(number)")
            }
            let bytes = result.standardOutput
            let value = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
            guard !value.isEmpty else { throw unusable("printed nothing") }
            return Array(value)
        } catch let error as EngineError {
            throw error
        } catch {
            throw unusable(
                "printed more than \(Self.byteLimit) bytes, or could not be begun (`timeout` is of coreutils)")
        }
    }
}

extension Work {
    /// Names of the secrets that a request's header fields are given.
    fileprivate var secretHeaders: [String] {
        let request: ResolvedRequest? =
            switch self {
            case .action(.http(let request)): request
            case .action(.check(.http(let request))): request
            case .action(.wait(.http(let request), _, _)): request
            default: nil
            }
        return Array((request?.secretHeaders ?? [:]).values)
    }
}

extension ActionRequest {
    /// The repository that the request is about.
    var repository: ResolvedRepository? {
        switch self {
        case .backup(let repository, _, _, _), .verify(let repository, _, _, _), .restore(let repository, _, _, _),
            .findSnapshot(let repository, _, _):
            repository
        case .http, .check, .wait, .resync: nil
        }
    }
}

extension Plan {
    /// The files that secrets and identities of the plan are read from, as far as the plan knows their paths.
    package var secretFiles: [FilePath] {
        let secrets = secrets.values.compactMap { reference in
            if case .file(let path) = reference { path } else { nil }
        }
        return (secrets + repositories.values.compactMap { $0.identity?.literal }).sorted().map { FilePath($0) }
    }
}
