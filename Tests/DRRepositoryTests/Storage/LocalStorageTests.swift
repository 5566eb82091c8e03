import DRArchive
import DRCrypto
import DRSystem
import Foundation
import SystemPackage
import Testing

@testable import DRRepository

/// A folder as storage, with real failures.
@Suite struct LocalStorageTests {
    /// Every place at which a put can be stopped.
    static let faultPoints = [
        "storage.beforePut", "durable.beforeWrite", "durable.beforeSync", "durable.beforeRename",
        "durable.beforeDirectorySync", "storage.afterPut",
    ]

    private func withFolder(_ body: (FilePath) throws -> Void) throws {
        let path = FilePath(NSTemporaryDirectory()).appending("drctl-storage-\(UUID())")
        try DurableFile.makeDirectory(at: path)
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        try body(path)
    }

    @Test func whatWasPutIsReadListedAndNeverReplaced() throws {
        try withFolder { folder in
            let storage = LocalStorage(root: folder)
            let path = StoragePath("packs/abc")
            #expect(try storage.size(of: path) == nil)
            #expect(try storage.readAll(path, limitBytes: 10) == nil)
            #expect(try storage.list(StorageFolder.packs.path).isEmpty)
            try storage.put([1, 2, 3], at: path)
            #expect(try storage.readAll(path, limitBytes: 10) == [1, 2, 3])
            #expect(try storage.read(path, fromOffset: 1, count: 2) == [2, 3])
            #expect(
                try storage.list(StorageFolder.packs.path).map { "\($0.name) \($0.isFolder) \($0.sizeBytes)" } == [
                    "abc false 3"
                ]
            )
            let error = #expect(throws: RepositoryError.self) { try storage.put([9], at: path) }
            #expect(error?.code == .alreadyStored)
            #expect(try storage.readAll(path, limitBytes: 10) == [1, 2, 3])
            let short = #expect(throws: RepositoryError.self) { try storage.read(path, fromOffset: 2, count: 2) }
            #expect(short?.code == .damaged)
            let long = #expect(throws: RepositoryError.self) { try storage.readAll(path, limitBytes: 2) }
            #expect(long?.code == .damaged)
        }
    }

    @Test func whatIsHalfWrittenIsToldApart() throws {
        try withFolder { folder in
            let storage = LocalStorage(root: folder)
            try storage.put([1, 2, 3], at: StoragePath("packs/abc"))
            try DurableFile.create(at: folder.appending("packs/.abc.12.tmp"), with: [4])
            try DurableFile.create(at: folder.appending("packs/.canary"), with: [5])
            #expect(try storage.unfinished(in: StorageFolder.packs.path).map(\.name) == [".abc.12.tmp"])
            #expect(try storage.list(StorageFolder.packs.path).map(\.name) == ["abc"])
            #expect(try storage.unfinished(in: StorageFolder.indexes.path).isEmpty)
            try storage.remove(StoragePath("packs/.abc.12.tmp"))
            #expect(try storage.unfinished(in: StorageFolder.packs.path).isEmpty)
        }
    }

    @Test func aFifoInPlaceOfAFileIsUnreadableAndNobodyWaitsForIt() throws {
        try withFolder { folder in
            try DurableFile.makeDirectory(at: folder.appending("packs"))
            let handle = try DirectoryHandle(opening: folder.appending("packs"))
            let name = Digest.of([1])
            try handle.makeNode(try #require(FileName(name.hex)), kind: .fifo, deviceMajor: 0, deviceMinor: 0)
            let storage = LocalStorage(root: folder)
            let read = #expect(throws: RepositoryError.self) { try storage.read(.pack(name), fromOffset: 0, count: 1) }
            #expect(read?.code == .storageFailed)
            let size = #expect(throws: RepositoryError.self) { try storage.size(of: .pack(name)) }
            #expect(size?.code == .storageFailed)
        }
    }

    @Test func aPlaceThatIsNotThereIsNotAnEmptyRepository() throws {
        try withFolder { folder in
            let storage = LocalStorage(root: folder.appending("unmounted"))
            let error = #expect(throws: RepositoryError.self) { try storage.list(StorageFolder.packs.path) }
            #expect(error?.code == .noRepository)
            let empty = #expect(throws: RepositoryError.self) {
                try Repository(opening: LocalStorage(root: folder), pinned: nil)
            }
            #expect(empty?.code == .noRepository)
        }
    }

    /// Killed at each step of each put of a backup: what was acknowledged before is whole, and a rerun succeeds.
    @Test(arguments: faultPoints)
    func aKilledBackupLosesNothingThatWasAcknowledged(point: String) async throws {
        let folder = FilePath(NSTemporaryDirectory()).appending("drctl-kill-\(UUID())")
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        try DurableFile.makeDirectory(at: folder)
        let time = SteppingTime()
        let new = try NewRepository(host: "alpha", makesIdentity: true, readers: [], time: time)
        _ = try new.store(in: LocalStorage(root: folder))
        let file = try #require(new.identityFile)
        let identityPath = folder.appending(".identity")
        try DurableFile.create(at: identityPath, with: file.withBytes { $0.copied() })
        let first = try Self.backUp(folder, seed: 1)
        for turn in 1...4 {
            let (root, fault) = (folder.string, "\(point):\(turn):kill")
            await #expect(processExitsWith: .signal(SIGKILL)) { [root = root as String, fault = fault as String] in
                _ = FaultPoint.arm(fault)
                _ = try LocalStorageTests.backUp(FilePath(root), seed: UInt64(fault.utf8.count) + 10)
            }
        }
        let last = try Self.backUp(folder, seed: 20)
        let repository = try Repository(opening: LocalStorage(root: folder), pinned: new.id)
        let keys = try repository.unlock(try Identity.parse(file))
        let found = repository.verify(VerificationRequest(level: .content, keys: keys))
        #expect(found.verdict == .holds)
        let ids = found.snapshots.map(\.snapshot.id)
        #expect(ids.contains(first) && ids.contains(last))
    }

    /// Backs one body up into the repository in a folder, opened with the identity that lies in it.
    static func backUp(_ folder: FilePath, seed: UInt64) throws -> Digest {
        let file = try SecretBytes(copying: try DurableFile.read(at: folder.appending(".identity"), limit: 4096))
        let repository = try Repository(opening: LocalStorage(root: folder), pinned: nil)
        let keys = try repository.unlock(try Identity.parse(file))
        let time = SteppingTime()
        let session = try WriteSession(repository, keys: keys, time: time)
        let body = someBytes(3000, seed: seed)
        let id = session.sink.naming.chunkID(of: body.span)
        try session.sink.put(NewObject(chunk: body, id: id))
        let root = TreeRoot(
            sources: [
                TreeRoot.Source(
                    path: Array("/file".utf8),
                    metadata: FileMetadata(
                        kind: .regular, permissions: 0o644, userID: 0, groupID: 0,
                        modified: FileTime(seconds: 1, nanoseconds: 0), sizeBytes: 3000),
                    content: .file([FilePiece(link: ObjectLink(.chunk, id), lengthBytes: 3000)]))
            ], hardLinks: nil)
        let (rootBody, links) = root.encoded()
        let name = session.sink.naming.name(.treeRoot, body: rootBody, links: links)
        try session.sink.put(NewObject(.treeRoot, name: name, body: rootBody, links: links))
        return try session.publish(
            SnapshotManifest(
                dataset: "data", host: "alpha", paths: [], tag: nil, root: ObjectLink(.treeRoot, name.id),
                startedNanoseconds: time.wallNanoseconds(), endedNanoseconds: 0, parent: nil, isPartial: false,
                counts: SnapshotManifest.Counts())
        ).id
    }
}
