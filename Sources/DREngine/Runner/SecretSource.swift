import DRJournal
import DRMachine
package import DRRunbook
import DRSystem
import FoundationEssentials
package import SystemPackage

/// Reads the secrets of an attempt when it is started. They go over the supervisor's socket and nowhere else.
struct SecretSource: Sendable {
    /// What a repository's identity is called among an attempt's secrets.
    static let identity = "identity"
    private static let byteLimit = 64 << 10

    var plan: Plan
    var time: any TimeSource

    /// - Returns: name to base64.
    /// - Throws: `secretUnusable`, naming the secret and where it was looked for, never its value.
    func values(for spec: AttemptSpec) async throws(EngineError) -> [String: String] {
        var values: [String: String] = [:]
        for case .secret(let name) in spec.env.values {
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
        }
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
