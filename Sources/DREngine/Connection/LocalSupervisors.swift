internal import DRMachine
package import DRRunbook
internal import DRSystem
internal import FoundationEssentials
internal import Glibc
internal import Subprocess
package import SystemPackage

/// Reaches a run's supervisors on this machine, and starts them where none lives.
///
/// A supervisor is started through `setsid --fork`: it must outlive its starter and its starter's terminal, and
/// swift-subprocess ties a process to the task that runs it. `--wait` keeps setsid's own process here, so that an
/// early end is noticed at once; when this process ends, only that one is left over.
package struct LocalSupervisors: SupervisorAccess {
    private let runDirectory: FilePath
    private let executable: FilePath
    private let isolation: Isolation?
    /// How long a new supervisor has until it answers.
    private let patience: TimeSpan
    private let faults: String?

    /// - Parameters:
    ///   - runDirectory: absolute.
    ///   - executable: the drctl binary, absolute.
    ///   - isolation: for a drill; nil in a real run, which has no inside.
    ///   - faults: what is armed in the supervisors that are started here (see `FaultPoint`); by default, what
    ///     `DRCTL_SUPERVISOR_FAULT` says.
    package init(
        runDirectory: FilePath, executable: FilePath, isolation: Isolation?, patience: TimeSpan = .seconds(30),
        faults: String? = ProcessInfo.processInfo.environment["DRCTL_SUPERVISOR_FAULT"]
    ) {
        self.runDirectory = runDirectory
        self.executable = executable
        self.isolation = isolation
        self.patience = patience
        self.faults = faults
    }

    package func reach(_ place: Place) async throws(EngineError) -> (any SupervisorConnection)? {
        try await reach(configuration(place))
    }

    private func configuration(_ place: Place) -> SupervisorConfiguration {
        var configuration = SupervisorConfiguration(
            place: place, runDirectory: runDirectory, executable: executable)
        configuration.drillReads = isolation?.readOnlyBinds
        return configuration
    }

    package func connect(_ place: Place) async throws(EngineError) -> any SupervisorConnection {
        let configuration = configuration(place)
        let connection = try await establish(configuration)
        do throws(EngineError) {
            if place == .inside { try await connectNetworks(configuration) }
        } catch {
            connection.close()
            throw error
        }
        return connection
    }

    /// A drill's own networks; also where a runner died between the start of the inside and this.
    private func connectNetworks(_ configuration: SupervisorConfiguration) async throws(EngineError) {
        guard let isolation, !isolation.networks.isEmpty else { return }
        guard let first = try firstProcess(configuration), (try? first.isAlive()) == true else {
            throw EngineError(
                .supervisorUnavailable, "the drill's first process is not there any more",
                hint: "look at \(configuration.folder.appending(SupervisorConfiguration.logName))")
        }
        try await DrillNetworks(networks: isolation.networks, runDirectory: runDirectory).connect(
            namespaceOf: first.pid)
    }

    private func establish(
        _ configuration: SupervisorConfiguration
    ) async throws(EngineError) -> any SupervisorConnection {
        let place = configuration.place
        if let living = try await reach(configuration) { return living }
        let time: SystemTimeSource
        do throws(SystemError) {
            time = try SystemTimeSource()
            for folder in ["outside", "inside", "work", "files"] {
                try DurableFile.makeDirectory(at: runDirectory.appending(folder), mode: 0o700)
            }
        } catch {
            throw EngineError(error)
        }
        let due = time.bootNanoseconds() + patience.nanoseconds
        if place == .inside, let living = try await predecessor(configuration, until: due, time) { return living }
        let start = Task { await launch(configuration) }
        let exit = Exit()
        Task { exit.set(await start.value) }
        while time.bootNanoseconds() < due {
            if let living = try await reach(configuration) { return living }
            // A held place means that another start won: it will answer.
            if let failure = exit.failure, failure.code != .placeHeld { throw failure }
            try? await Task.sleep(for: .milliseconds(5))
        }
        throw EngineError(
            .supervisorUnavailable,
            "the \(place.rawValue) supervisor did not answer within \(patience.duration)",
            hint: "look at \(configuration.folder.appending(SupervisorConfiguration.logName))")
    }

    /// - Returns: nil where nobody listens.
    private func reach(
        _ configuration: SupervisorConfiguration
    ) async throws(EngineError) -> LocalSupervisorConnection? {
        let folder = configuration.folder
        do throws(SystemError) {
            let connection = try await BlockingThread.run { () throws(SystemError) in
                try LocalSocket.connect(
                    in: folder, name: SupervisorConfiguration.socketName, lineLimit: Wire.replyLimitBytes)
            }
            return LocalSupervisorConnection(connection, place: configuration.place)
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory, .connectionRefused, .connectionReset: return nil
            default: throw EngineError(error)
            }
        }
    }

    /// Waits until all that a dead inside supervisor left is gone. The kernel ends a PID namespace with its first
    /// process, but drops that process's locks and sockets a moment earlier.
    /// - Returns: a connection, when it turns out to be alive and only slow.
    private func predecessor(
        _ configuration: SupervisorConfiguration, until due: Int64, _ time: SystemTimeSource
    ) async throws(EngineError) -> LocalSupervisorConnection? {
        guard let first = try firstProcess(configuration) else { return nil }
        while time.bootNanoseconds() < due {
            do throws(SystemError) { if try !first.isAlive() { return nil } } catch { throw EngineError(error) }
            if let living = try await reach(configuration) { return living }
            try? await Task.sleep(for: .milliseconds(5))
        }
        throw EngineError(
            .supervisorUnavailable,
            "the drill's first process (pid \(first.pid)) neither answers nor ends",
            hint: "end it (kill -9 \(first.pid)) and resume")
    }

    /// The drill's first process, as the outside knows it.
    private func firstProcess(_ configuration: SupervisorConfiguration) throws(EngineError) -> ProcessIdentity? {
        guard let identity = try Spool.read(at: configuration.spool).identity,
            let info = try? DurableFile.read(at: namespaceFile, limit: 4096),
            let namespaces = try? JSONDecoder().decode(NamespaceInfo.self, from: Data(info))
        else { return nil }
        // Its start time is the same inside and outside; its pid is not.
        return ProcessIdentity(pid: namespaces.childPID, startTicks: identity.startTicks, bootID: identity.bootID)
    }

    /// What bubblewrap tells of the namespaces it made; it lies where the inside cannot write.
    private var namespaceFile: FilePath { runDirectory.appending("outside").appending("namespaces.json") }

    private struct NamespaceInfo: Codable {
        var childPID: Int32
        enum CodingKeys: String, CodingKey { case childPID = "child-pid" }
    }

    /// Runs a supervisor until it ends.
    /// - Returns: why it ended, where that was not its task's end.
    private func launch(_ configuration: SupervisorConfiguration) async -> EngineError? {
        let log = configuration.folder.appending(SupervisorConfiguration.logName)
        do {
            var command = [executable.string] + configuration.arguments
            if configuration.place == .inside {
                guard let isolation else {
                    throw EngineError(.cannotIsolate, "this run has no isolation, hence no inside")
                }
                // bubblewrap's information goes where its standard output goes; the supervisor gets none.
                command = [SandboxRoot.bubblewrap] + (try isolation.arguments()) + ["--info-fd", "1", "--"] + command
            }
            let output = configuration.place == .inside ? namespaceFile : FilePath("/dev/null")
            let outputFile = try FileDescriptor.open(
                output, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
            let logFile = try FileDescriptor.open(
                log, .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
            let before = try FileStatus(of: log).sizeBytes
            // A Ctrl-C at the terminal is for the runner.
            var options = PlatformOptions()
            options.processGroupID = 0
            let result = try await Subprocess.run(
                .name("setsid"), arguments: Arguments(["--fork", "--wait"] + command),
                environment: .custom(environment), workingDirectory: "/", platformOptions: options,
                output: .fileDescriptor(outputFile, closeAfterSpawningProcess: true),
                error: .fileDescriptor(logFile, closeAfterSpawningProcess: true))
            if case .exited(0) = result.terminationStatus { return nil }
            return failure(configuration, status: result.terminationStatus, said: Self.text(of: log, from: before))
        } catch let error as EngineError {
            return error
        } catch {
            return EngineError(
                .supervisorUnavailable, "the \(configuration.place.rawValue) supervisor could not be started: \(error)",
                hint: "`setsid` comes with util-linux, `bwrap` with bubblewrap", cause: error)
        }
    }

    private func failure(
        _ configuration: SupervisorConfiguration, status: TerminationStatus, said: String
    ) -> EngineError {
        if case .exited(SupervisorConfiguration.placeHeldExit) = status {
            return EngineError(.placeHeld, "another supervisor holds this place")
        }
        if configuration.place == .inside, said.contains("bwrap:") || said.contains("setsid:") {
            return Isolation.refusal(said)
        }
        let log = configuration.folder.appending(SupervisorConfiguration.logName)
        let text = displayEscaped(said.split(separator: "\n").suffix(5).joined(separator: "; "))
        return EngineError(
            .supervisorUnavailable,
            "the \(configuration.place.rawValue) supervisor ended (\(status)): \(text.isEmpty ? Self.silence(of: log) : text)",
            hint: "look at \(log)")
    }

    /// Why a supervisor may have said nothing: what keeps it from working may keep it from saying so.
    private static func silence(of log: FilePath) -> String {
        do throws(SystemError) {
            var file = try AppendFile(at: log)
            try file.append(Array("the supervisor ended and said nothing here\n".utf8))
            return "it said nothing"
        } catch {
            return error.message
        }
    }

    private static func text(of log: FilePath, from offset: Int64) -> String {
        let bytes = (try? DurableFile.read(at: log, limit: 64 << 20)) ?? []
        return String(decoding: bytes.dropFirst(Int(offset)).suffix(8 << 10), as: UTF8.self)
    }

    /// Nothing of the runner's environment, which may hold secrets, but what tests arm.
    private var environment: [Subprocess.Environment.Key: String] {
        var environment: [Subprocess.Environment.Key: String] = [
            "PATH": AttemptProgram.systemPath, "LANG": "C.UTF-8",
        ]
        environment["DRCTL_FAULT"] = faults
        return environment
    }
}

/// Whether a started supervisor has ended.
private final class Exit: Sendable {
    private let state = Monitor<EngineError?>(nil)
    var failure: EngineError? { state.withLock { $0 } }
    func set(_ failure: EngineError?) { state.withLock { $0 = failure } }
}

extension SupervisorConfiguration {
    /// The exit code of `drctl supervisor` where another one holds the place.
    package static let placeHeldExit: Int32 = 11

    /// What follows `drctl`.
    package var arguments: [String] {
        ["supervisor", "--place", place.rawValue, "--run", runDirectory.string]
            + (drillReads.map { ["--drill"] + $0.flatMap { ["--drill-reads", $0.string] } } ?? [])
    }
}
