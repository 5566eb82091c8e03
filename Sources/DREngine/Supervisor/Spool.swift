internal import DRJSON
internal import DRMachine
internal import DRSystem
internal import FoundationEssentials
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// A supervisor's memory as a file: `SpoolRecord`s, one a line. It never holds a secret.
///
/// It has to outlive a process, and not a machine: after a restart all that was under way is known to be gone. But a file
/// system that fails, and is mended without a restart, forgets what was not synced: so what must not happen twice is.
struct Spool: ~Copyable {
    private var file: AppendFile
    /// What earlier supervisors wrote.
    let past: SupervisorState

    /// Opens the spool, or makes it, and cuts a last line that a dying supervisor left incomplete: nobody was told
    /// of it, and what it was about has not happened yet, or is found again among the processes.
    /// The caller holds the spool's lock.
    /// - Throws: `spoolDamaged` for a whole line that no supervisor writes.
    static func open(at path: FilePath) throws(EngineError) -> Spool {
        let (bytes, whole) = try content(of: path)
        let past = try fold(bytes[..<whole], path: path)
        return Spool(file: try openFile(at: path, keeping: whole < bytes.count ? Int64(whole) : nil), past: past)
    }

    private init(file: consuming AppendFile, past: SupervisorState) {
        self.file = file
        self.past = past
    }

    private static func openFile(at path: FilePath, keeping sizeBytes: Int64?) throws(EngineError) -> AppendFile {
        do throws(SystemError) {
            let present = try FileStatus.ifPresent(at: path)
            var file = try AppendFile(at: path, creatingWithMode: present == nil ? 0o600 : nil)
            if present == nil { try DurableFile.syncDirectory(path.removingLastComponent()) }
            if let sizeBytes { try file.truncate(to: sizeBytes) }
            return file
        } catch {
            throw EngineError(error)
        }
    }

    /// What a spool says to who only looks. An incomplete last line is left out; no file is an empty spool.
    static func read(at path: FilePath) throws(EngineError) -> SupervisorState {
        let (bytes, whole) = try content(of: path)
        return try fold(bytes[..<whole], path: path)
    }

    /// One write. On return the record outlives this process; unless it is a start, also the file system's
    /// failure, where it has to.
    /// - Throws: with the spool as it was before.
    mutating func append(_ record: SpoolRecord) throws(EngineError) {
        let line = try Wire.encode(record) + [UInt8(ascii: "\n")]
        let before = file.sizeBytes
        do throws(SystemError) {
            try FaultPoint.reach("spool.append")
            try file.append(line)
            // Starts are synced together, each before its spawn: see `SupervisorCore.prepareWaiting`.
            if record.outlivesTheDisk, !record.isStarting { try file.sync() }
        } catch {
            try? file.truncate(to: before)
            throw EngineError(error)
        }
    }

    private static func content(of path: FilePath) throws(EngineError) -> (bytes: [UInt8], whole: Int) {
        do throws(SystemError) {
            if try FileStatus.ifPresent(at: path) == nil { return ([], 0) }
            let bytes = try DurableFile.read(at: path, limit: 1 << 30)
            return (bytes, bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0)
        } catch {
            throw EngineError(error)
        }
    }

    private static func fold(_ bytes: ArraySlice<UInt8>, path: FilePath) throws(EngineError) -> SupervisorState {
        var state = SupervisorState()
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
            do {
                try state.apply(try CanonicalJSON.decode(SpoolRecord.self, from: Array(line)))
            } catch {
                throw EngineError(
                    .spoolDamaged, "line \(index + 1) of \(path) is not what a supervisor writes there",
                    hint: "look at it: what it told of has to be resolved by a person", cause: error)
            }
        }
        return state
    }
}

extension EngineError {
    /// A failed system call around a run's processes.
    init(_ error: SystemError) { self.init(.system, error.message, hint: error.hint, cause: error) }
}

/// Makes a spool durable from another thread than the one that appends to it.
final class SpoolSync: Sendable {
    private let file: Descriptor
    /// A failed sync may have dropped what it was for, and the next one would not say so.
    private let failure = Mutex<EngineError?>(nil)

    init(_ path: FilePath) throws(SystemError) {
        file = try Descriptor(opening: path, flags: O_RDWR | O_NOFOLLOW)
    }

    /// Blocks. On return everything that was appended before the call is durable.
    /// - Throws: also at every call after a failed one.
    func sync() throws(EngineError) {
        try failure.withLock { failure throws(EngineError) in
            if let failure { throw failure }
            do throws(SystemError) {
                try FaultPoint.reach("spool.sync")
                try file.synchronizeData()
            } catch {
                let known = EngineError(error)
                failure = known
                throw known
            }
        }
    }
}

extension SpoolRecord {
    fileprivate var isStarting: Bool {
        if case .starting = self { true } else { false }
    }
}
