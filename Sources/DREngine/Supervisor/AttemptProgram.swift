internal import DRCrypto
package import DRMachine
internal import DRRunbook
internal import DRSystem
internal import FoundationEssentials
internal import Glibc
internal import SystemPackage

/// An attempt made ready to be spawned: everything resolved, its files in place.
struct AttemptProgram: Sendable {
    /// Where names without a slash are looked up, and what PATH is inside the attempt.
    static let systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// What is spawned: the executable itself, or what confines it.
    var spawned: FilePath
    /// What the attempt is, for the journal.
    var executable: FilePath
    var executableDigest: Digest?
    /// argv[0], and the rest.
    var name: String
    var arguments: [String]
    var environment: [String: String]
    var workingDirectory: FilePath
    var standardInput: [UInt8] = []
    var resultFile: FilePath
    var secrets: SecretPatterns

    /// Resolves the executable, writes the script, makes a fresh, empty `$DRCTL_OUTPUT` for declared outputs.
    /// Blocks: it reads and hashes the executable.
    /// - Parameter secrets: name to bytes.
    /// - Throws: what an attempt that could not start reports: what, why, and what next.
    init(
        _ spec: AttemptSpec, secrets: [String: [UInt8]], configuration: SupervisorConfiguration,
        digests: ExecutableDigests
    ) throws(EngineError) {
        self.secrets = try SecretPatterns(secrets)
        let folder = configuration.folder
        resultFile = folder.appending(SupervisorConfiguration.resultFolder).appending(spec.attempt.fileName + ".json")
        workingDirectory = FilePath(spec.workingDirectory)
        environment = try Self.environment(
            of: spec, secrets: secrets, resultFile: resultFile, configuration: configuration)
        switch spec.work {
        case .argv(let words):
            if let word = words.first(where: { $0.utf8.contains(0) }) {
                throw EngineError(
                    .system, "the argument “\(displayEscaped(word))” holds a NUL, which no program can be given",
                    hint: "look at where its value comes from")
            }
            guard let first = words.first, !first.isEmpty else {
                throw EngineError(.system, "there is no command to run", hint: "name an executable in `run`")
            }
            name = first
            arguments = Array(words.dropFirst())
            executable = try Self.resolve(first, from: workingDirectory, configuration: configuration)
            spawned = executable
        case .script(let text):
            name = "bash"
            executable = try Self.resolve(name, from: workingDirectory, configuration: configuration)
            spawned = executable
            let script = folder.appending(SupervisorConfiguration.scriptFolder)
                .appending(spec.attempt.fileName + ".sh")
            try Self.wrap("write the script of \(spec.attempt)") { () throws(SystemError) in
                try Self.write(Array(text.utf8), freshAt: script)
            }
            arguments = ["-euo", "pipefail", script.string]
        case .action(let request):
            executable = configuration.executable
            if request.actsOnFiles, let confinement = configuration.confinement {
                name = SandboxRoot.bubblewrap
                spawned = try Self.resolve(name, from: workingDirectory, configuration: configuration)
                arguments =
                    confinement.arguments(for: request) + ["--", executable.string, "action", request.kind]
            } else {
                name = executable.string
                spawned = executable
                arguments = ["action", request.kind]
            }
            standardInput = try Self.actionInput(request, secrets: secrets)
        }
        executableDigest = try Self.wrap("read \(executable)") { () throws(SystemError) in
            try digests.digest(of: executable)
        }
        // Whoever declares no outputs seldom writes any, and then makes the file.
        try Self.wrap("make \(resultFile)") { () throws(SystemError) in
            if spec.outputs.isEmpty {
                try Self.removeLeftover(resultFile)
            } else {
                try Self.write([], freshAt: resultFile)
            }
        }
        guard (try? FileStatus.following(workingDirectory))?.kind == .directory else {
            throw EngineError(
                .system, "the working directory \(workingDirectory) of \(spec.attempt) is not there",
                hint: "check whether an earlier step removed it")
        }
    }

    private static func environment(
        of spec: AttemptSpec, secrets: [String: [UInt8]], resultFile: FilePath, configuration: SupervisorConfiguration
    ) throws(EngineError) -> [String: String] {
        var environment = [
            "PATH": systemPath, "HOME": configuration.runDirectory.appending("work").string, "LANG": "C.UTF-8",
        ]
        for (name, variable) in spec.env {
            let value: String
            switch variable {
            case .text(let text): value = text
            case .secret(let secret):
                guard let bytes = secrets[secret] else {
                    throw EngineError(
                        .secretUnusable, "the secret “\(secret)” for the variable \(name) was not given",
                        hint: "check the plan's `secrets`")
                }
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw EngineError(
                        .secretUnusable, "the secret “\(secret)” for the variable \(name) is not UTF-8 text",
                        hint: "give the step a file instead")
                }
                value = text.last == "\n" ? String(text.dropLast()) : text
            }
            guard !value.utf8.contains(0), !name.isEmpty, !name.utf8.contains(UInt8(ascii: "=")) else {
                throw EngineError(.system, "the variable \(name) holds what an environment cannot hold")
            }
            environment[name] = value
        }
        // Last: what the supervisor finds its processes by is not the runbook's to change.
        environment[AttemptVariable.attempt] = configuration.name(of: spec.attempt)
        environment[AttemptVariable.run] = configuration.run
        environment[AttemptVariable.output] = resultFile.string
        environment[AttemptVariable.executable] = configuration.executable.string
        return environment
    }

    private static func resolve(
        _ word: String, from directory: FilePath, configuration: SupervisorConfiguration
    ) throws(EngineError) -> FilePath {
        if word == "drctl" { return configuration.executable }
        if word.contains("/") {
            let path = FilePath(word)
            let absolute = path.isAbsolute ? path : directory.pushing(path)
            guard isExecutable(absolute) else {
                let present = (try? FileStatus.following(absolute)) != nil
                throw EngineError(
                    .system, "cannot run \(absolute): it \(present ? "is not an executable file" : "does not exist")",
                    hint: present ? "set its mode (chmod +x) and plan again" : "check the path in the runbook")
            }
            return absolute
        }
        for folder in systemPath.split(separator: ":") {
            let candidate = FilePath(String(folder)).appending(word)
            if isExecutable(candidate) { return candidate }
        }
        throw EngineError(
            .system, "cannot run “\(word)”: no such executable in \(systemPath)",
            hint: "install it on this machine, or name it by its absolute path")
    }

    private static func isExecutable(_ path: FilePath) -> Bool {
        guard let status = try? FileStatus.following(path) else { return false }
        return status.kind == .regular && status.permissions & 0o111 != 0
    }

    /// What `drctl action` reads on its standard input.
    private static func actionInput(
        _ request: ActionRequest, secrets: [String: [UInt8]]
    ) throws(EngineError) -> [UInt8] {
        do {
            let input = ActionInput(request: request, secrets: secrets.mapValues { Data($0).base64EncodedString() })
            return Array(try JSONEncoder().encode(input))
        } catch {
            throw EngineError(.protocolViolation, "the request cannot be written as JSON", cause: error)
        }
    }

    private static func write(_ bytes: [UInt8], freshAt path: FilePath) throws(SystemError) {
        try removeLeftover(path)
        try Descriptor(opening: path, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600).writeAll(bytes)
    }

    private static func removeLeftover(_ path: FilePath) throws(SystemError) {
        if try FileStatus.ifPresent(at: path) != nil { try DurableFile.remove(path) }
    }

    private static func wrap<Success>(
        _ what: String, _ body: () throws(SystemError) -> Success
    ) throws(EngineError) -> Success {
        do { return try body() } catch {
            throw EngineError(.system, "could not \(what): \(error.message)", hint: error.hint, cause: error)
        }
    }
}

/// What `drctl action KIND` reads on its standard input: one JSON object.
package struct ActionInput: Codable, Sendable {
    package var request: ActionRequest
    /// Name to base64.
    package var secrets: [String: String]

    package init(request: ActionRequest, secrets: [String: String]) {
        self.request = request
        self.secrets = secrets
    }
}

extension ActionRequest {
    /// The word after `drctl action`; for people, the request says it again.
    package var kind: String {
        switch self {
        case .http: "http"
        case .check: "check"
        case .wait: "wait"
        case .backup: "backup"
        case .verify: "verify"
        case .restore: "restore"
        case .resync: "resync"
        case .findSnapshot: "find-snapshot"
        }
    }
}
