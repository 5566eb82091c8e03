import DRArchive
import DRCrypto
import DRRepository
import DRSystem
import Synchronization
import SystemPackage

/// Writes an archive of a snapshot to a descriptor, encrypted on the way where recipients are given.
struct ExportJob: Sendable {
    let source: any ObjectSource
    let root: ObjectLink
    let selection: RestoreSelection?
    let compression: TarWriter.Compression
    /// None: in clear.
    let recipients: [AgeRecipient]

    /// Blocks. What was written is not durable yet.
    /// - Throws: where the archive is not whole; what was written then does not look like one.
    func run(
        to output: Int32, isCancelled: @escaping @Sendable () -> Bool,
        progress: @escaping (SnapshotExport.Progress) -> Void
    ) throws -> SnapshotExport.Progress {
        guard !recipients.isEmpty else { return try write(to: output, isCancelled, progress) }
        let (reading, writing) = try FileDescriptor.pipe()
        let sealing = AgeThread(to: recipients, from: reading.rawValue, output: output)
        sealing.start()
        let written: SnapshotExport.Progress
        do { written = try write(to: writing.rawValue, isCancelled, progress) } catch {
            sealing.abandon()
            try? writing.close()
            // A file that could not be written is why the pipe broke, and the better reason.
            try sealing.end()
            throw error
        }
        try writing.close()
        try sealing.end()
        return written
    }

    private func write(
        to descriptor: Int32, _ isCancelled: @Sendable () -> Bool, _ progress: (SnapshotExport.Progress) -> Void
    ) throws -> SnapshotExport.Progress {
        do {
            var writer = try TarWriter(descriptor: descriptor, compression: compression, names: .utf8)
            let written = try SnapshotExport(from: source).run(
                root, selection: selection, into: &writer, isCancelled: isCancelled, progress: progress)
            // Warnings say that something is in the archive otherwise than in the snapshot.
            if let warning = try writer.finish().first {
                throw RepositoryError(.storageFailed, "the archive is not what was asked for: \(warning)")
            }
            return written
        } catch let error as ArchiveError { throw SnapshotExport.unwritable(error) }
    }
}

/// Encrypts what comes through a pipe, on a thread of its own.
private final class AgeThread: Sendable {
    private static let blockBytes = 1 << 20

    private let recipients: [AgeRecipient]
    private let input: Int32
    private let output: Int32
    private let isAbandoned = Mutex(false)
    private let ending = Monitor<Result<Void, any Error>?>(nil)

    init(to recipients: [AgeRecipient], from input: Int32, output: Int32) {
        self.recipients = recipients
        self.input = input
        self.output = output
    }

    func start() {
        BlockingThread.detach { [self] in
            let result = Result { try seal() }
            ending.withLock { $0 = result }
            ending.signalAll()
        }
    }

    /// The file that was begun must not become a whole one.
    func abandon() { isAbandoned.withLock { $0 = true } }

    /// Waits until all that came is written.
    func end() throws { try ending.waiting(until: { $0 != nil }) { $0 }??.get() }

    private func seal() throws {
        let input = Descriptor(adopting: input, path: "the archive's pipe")
        let output = FileDescriptor(rawValue: output)
        var writer = try AgeWriter(to: recipients)
        try output.writeAll(writer.header)
        var block = [UInt8](repeating: 0, count: Self.blockBytes)
        while true {
            let count = try input.read(into: &block)
            if count == 0 { break }
            try output.writeAll(try writer.seal(Array(block[..<count])))
        }
        if isAbandoned.withLock({ $0 }) { return }
        try output.writeAll(try writer.finish())
    }
}
