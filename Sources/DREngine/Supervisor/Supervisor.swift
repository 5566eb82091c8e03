internal import DRMachine
internal import DRRunbook
internal import DRSystem
internal import Glibc
internal import SystemPackage

/// The process that alone acts for a run in one place: `drctl supervisor --place PLACE --run DIR`.
///
/// It holds a lock on its spool for life, so that a place never has two. It is started detached, in a session of
/// its own, and outlives the runner; a replacement reads its spool and finds its processes again.
package enum Supervisor {
    /// Acts until a runner says that there is nothing more to do, or until nobody has wanted anything for long.
    /// - Returns: the process's exit code.
    /// - Throws: `placeHeld` when this place of the run has a living supervisor; `spoolDamaged`; `system`.
    package static func run(_ configuration: SupervisorConfiguration) async throws(EngineError) -> Int32 {
        ProcessStart.hideMemory()
        holdStandardDescriptors()
        Orphans.ignoreBrokenPipes()
        guard let lock = try prepare(configuration) else {
            throw EngineError(
                .placeHeld, "another supervisor holds \(configuration.spool)",
                hint: "it serves this run already: connect to it")
        }
        let core = try await open(configuration)
        let listener: LocalListener
        do throws(SystemError) {
            listener = try LocalListener(
                in: configuration.folder, name: SupervisorConfiguration.socketName, lineLimit: Wire.requestLimitBytes)
        } catch {
            throw EngineError(error)
        }
        BlockingThread.detach {
            while let connection = try? listener.accept() { Task { await core.serve(connection) } }
        }
        Task { await core.watchIdleness() }
        Task {
            while true {
                try? await Task.sleep(for: .seconds(1))
                await core.reapOrphans()
            }
        }
        for await _ in core.finished { break }
        await core.flush()
        listener.shutdown()
        withExtendedLifetime(lock) {}
        return 0
    }

    /// bubblewrap closes the descriptor that it told of the namespaces on, the standard output; a file opened later
    /// must not be taken for it.
    private static func holdStandardDescriptors() {
        while let opened = try? FileDescriptor.open(FilePath("/dev/null"), .readWrite) {
            if opened.rawValue > 2 { return (try? opened.close()) ?? () }
        }
    }

    /// Makes the folders, and takes the lock.
    /// - Returns: nil when another supervisor holds it.
    private static func prepare(_ configuration: SupervisorConfiguration) throws(EngineError) -> HeldLock? {
        do throws(SystemError) {
            // So that whatever an attempt leaves behind stays below this process, and is found.
            try Orphans.adopt()
            for folder in SupervisorConfiguration.folders {
                try DurableFile.makeDirectory(at: configuration.folder.appending(folder), mode: 0o700)
            }
            guard let lock = try FileLock.tryAcquire(at: configuration.spool) else { return nil }
            return HeldLock(lock)
        } catch {
            throw EngineError(error)
        }
    }

    private static func open(_ configuration: SupervisorConfiguration) async throws(EngineError) -> SupervisorCore {
        let spool = try Spool.open(at: configuration.spool)
        let time: SystemTimeSource
        let own: ProcessIdentity
        let durability: SpoolSync
        do throws(SystemError) {
            durability = try SpoolSync(configuration.spool)
            time = try SystemTimeSource()
            own = try ProcessIdentity.current()
        } catch {
            throw EngineError(error)
        }
        let identity = SupervisorIdentity(
            place: configuration.place, pid: own.pid, startTicks: own.startTicks, bootID: own.bootID,
            generation: spool.past.nextGeneration)
        let core = SupervisorCore(configuration: configuration, spool: spool, durability: durability, time: time)
        try await core.begin(identity)
        return core
    }

    /// Keeps the lock until the process ends.
    private final class HeldLock: Sendable {
        private let lock: FileLock
        init(_ lock: consuming FileLock) { self.lock = lock }
    }
}
