internal import DRMachine
internal import DRRunbook
internal import DRSystem
internal import Glibc
internal import Subprocess
internal import SystemPackage

/// The life of one attempt's process, from the spawn to its end and what it left.
///
/// swift-subprocess does what is needed here: a session of its own, an environment that replaces instead of adding,
/// no inherited descriptors, output that ends with the main process even where a survivor holds the pipe. What it
/// has not, a detached start, is only needed for supervisors themselves (see `LocalSupervisors`).
struct AttemptProcess: Sendable {
    let program: AttemptProgram
    let attempt: AttemptID
    let configuration: SupervisorConfiguration
    let bootID: String

    /// How a process ended, before anybody asked why.
    struct Ending: Sendable {
        var exit: TerminationStatus
        var standardOutput: OutputRecord?
        var standardError: OutputRecord?
    }

    /// Spawns the process and waits for its end.
    /// - Parameter started: called once, right after the spawn, before anything of its output is read.
    /// - Throws: when there was never a process, or it could not be followed.
    func run(started: @Sendable @escaping (ProcessIdentity) async -> Void) async throws(EngineError) -> Ending {
        var options = PlatformOptions()
        options.createSession = true
        let environment = program.environment.map { (Subprocess.Environment.Key(rawValue: $0.key), $0.value) }
        do {
            let result = try await Subprocess.run(
                .path(program.spawned),
                arguments: Arguments(executablePathOverride: program.name, remainingValues: program.arguments),
                environment: .custom(
                    Dictionary(environment.compactMap { key, value in key.map { ($0, value) } }) { $1 }),
                workingDirectory: program.workingDirectory, platformOptions: options,
                input: .inputWriter, output: .sequence, error: .sequence
            ) { execution in
                let pid = execution.processIdentifier.value
                // Not reaped before this closure returns, so it is there, be it as a zombie.
                let main = try ProcessIdentity(pid: pid) ?? ProcessIdentity(pid: pid, startTicks: 0, bootID: bootID)
                await started(main)
                async let fed: Void = feed(execution.standardInputWriter)
                async let output = drain(execution.standardOutput, as: "out", until: main)
                async let error = drain(execution.standardError, as: "err", until: main)
                await fed
                return await (output, error)
            }
            return Ending(
                exit: result.terminationStatus, standardOutput: result.closureResult.0,
                standardError: result.closureResult.1)
        } catch let failure as SubprocessError {
            throw Self.notSpawned(program.executable, failure)
        } catch {
            throw EngineError(.system, "could not follow \(program.executable): \(error)", cause: error)
        }
    }

    private static func notSpawned(_ executable: FilePath, _ failure: SubprocessError) -> EngineError {
        // clone(2): the limit of the user, of the control group, or of the machine.
        guard failure.underlyingError == .resourceTemporarilyUnavailable else {
            return EngineError(.system, "could not run \(executable): \(failure)", cause: failure)
        }
        return EngineError(
            .system, "could not run \(executable): there may be no more processes (Resource temporarily unavailable)",
            hint: "end some, or raise the limit (`ulimit -u`, `TasksMax=`, `kernel.pid_max`), then have it tried again",
            cause: failure)
    }

    private func feed(_ writer: StandardInputWriter) async {
        // A process that ends or closes its input without reading it says so itself, if it minds.
        if !program.standardInput.isEmpty { _ = try? await writer.write(program.standardInput) }
        try? await writer.finish()
    }

    /// Copies a stream into its file until it ends: with its last writer, or with the main process.
    private func drain(
        _ stream: SubprocessOutputSequence, as kind: String, until main: ProcessIdentity
    ) async -> OutputRecord? {
        let name = "\(SupervisorConfiguration.outputFolder)/\(attempt.fileName).\(kind)"
        var file = OutputFile(
            at: configuration.folder.appending(name), name: "\(configuration.place.rawValue)/\(name)",
            secrets: program.secrets)
        var chunks = 0
        do {
            for try await buffer in stream {
                file.take([UInt8](copying: buffer.bytes))
                chunks += 1
                // A survivor that never stops writing must not keep the step open.
                if chunks % 256 == 0, (try? main.isAlive()) == false { break }
            }
        } catch {
            file.take(Array("\n[drctl: the rest of this output could not be read: \(error)]\n".utf8))
        }
        return file.finish()
    }
}

/// Signals to all processes of an attempt, each by a descriptor that cannot come to mean another.
struct AttemptSignals: Sendable {
    let main: ProcessIdentity?
    let mark: AttemptMark
    let bootID: String

    /// SIGTERM to the attempt's processes, once.
    func terminate() async { _ = await signal(SIGTERM) }

    /// SIGKILL until none is left.
    /// - Returns: those that lived on (in an uninterruptible call, say).
    func kill() async -> [String] {
        for _ in 0..<100 {
            if await signal(SIGKILL) == 0 { return [] }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return await survivors()
    }

    /// What of the attempt lives, its main process having been waited for: usually nothing, which shows by a look at
    /// the orphans of this process. Whatever survives was adopted by it, or is below what was.
    /// - Parameter waitedFor: children that are other attempts' main processes.
    func survivors(besides waitedFor: Set<Int32>) async -> [String] {
        // A file that the kernel makes as it is read: no reason to wait for a thread.
        guard let orphans = Orphans.adopted() else { return await survivors() }
        let strangers = ProcessTable(of: orphans.filter { !waitedFor.contains($0) }, bootID: bootID)
        return strangers.members(main: main, mark: mark).isEmpty ? [] : await survivors()
    }

    /// What of the attempt lives, besides its main process; looks at every process there is.
    func survivors() async -> [String] {
        await members().filter { $0.identity != main }.map(\.description)
    }

    /// - Returns: how many processes there were.
    private func signal(_ number: Int32) async -> Int {
        let found = await members()
        for entry in found { _ = try? entry.identity.signal(number) }
        return found.count
    }

    func members() async -> [ProcessTable.Entry] {
        let (main, mark, bootID) = (main, mark, bootID)
        return await BlockingThread.run {
            (try? ProcessTable(bootID: bootID))?.members(main: main, mark: mark) ?? []
        }
    }
}
