import DRArchive
import DRCrypto
import DRSystem
import Synchronization
import Testing

@testable import DRRepository

/// A clock that goes a second further with every reading.
final class SteppingTime: TimeSource {
    private let seconds = Mutex<Int64>(1_800_000_000)

    var bootID: String { "test" }
    func wallNanoseconds() -> Int64 {
        seconds.withLock { seconds in
            seconds += 1
            return seconds * 1_000_000_000
        }
    }
    func bootNanoseconds() -> Int64 { wallNanoseconds() }

    /// The time, which does not go on with that.
    var now: Int64 { seconds.withLock { $0 * 1_000_000_000 } }
    func advance(hours: Int64) { seconds.withLock { $0 += hours * 3600 } }
}

/// A repository in memory with an identity that reads and writes.
struct TestRepository {
    let storage: MemoryStorage
    let repository: Repository
    let keys: RepositoryKeys
    let identityFile: SecretBytes
    let ownerFile: SecretBytes
    let writerFile: SecretBytes
    let time = SteppingTime()

    /// Small packs, so that a few objects fill several.
    static let targetObjectBytes = 256 << 10

    init(readers: [NewRepository.Reader] = []) throws {
        let time = time
        storage = MemoryStorage { time.now }
        let new = try NewRepository(host: "alpha", makesIdentity: true, readers: readers, time: time)
        repository = try new.store(in: storage)
        identityFile = try #require(new.identityFile)
        ownerFile = new.ownerFile
        writerFile = new.writerFile
        keys = try repository.unlock(try Identity.parse(identityFile))
    }

    /// Opens what lies in a storage as this repository, with the reader's keys.
    func reopened(_ other: MemoryStorage? = nil) throws -> (repository: Repository, keys: RepositoryKeys) {
        let repository = try Repository(opening: other ?? storage, pinned: repository.id)
        return (repository, try repository.unlock(try Identity.parse(identityFile)))
    }

    /// Backs up files of one chunk each, none empty, as `/data/1000` and so on.
    @discardableResult
    func backUp(
        _ contents: [[UInt8]], dataset: String = "data", isPartial: Bool = false, keys: RepositoryKeys? = nil,
        through other: (any Storage)? = nil, domain: String = NewRepository.domainName
    ) throws -> Snapshot {
        let current = try Repository(opening: other ?? storage, pinned: repository.id).choosing(domain: domain)
        let session = try WriteSession(
            current, keys: keys ?? self.keys, targetObjectBytes: Self.targetObjectBytes, time: time)
        let sink = session.sink
        let links = try contents.map { content in
            let id = sink.naming.chunkID(of: content.span)
            try sink.put(NewObject(chunk: content, id: id))
            return ObjectLink(.chunk, id)
        }
        let root = TreeRoot(
            sources: zip(links, contents).enumerated().map { number, file in
                TreeRoot.Source(
                    path: Array("/data/\(1000 + number)".utf8),
                    metadata: FileMetadata(
                        kind: .regular, permissions: 0o644, userID: 0, groupID: 0,
                        modified: FileTime(seconds: 1, nanoseconds: 0), sizeBytes: Int64(file.1.count)),
                    content: .file([FilePiece(link: file.0, lengthBytes: Int64(file.1.count))]))
            }, hardLinks: nil)
        let (body, rootLinks) = root.encoded()
        let name = sink.naming.name(.treeRoot, body: body, links: rootLinks)
        try sink.put(NewObject(.treeRoot, name: name, body: body, links: rootLinks))
        return try session.publish(
            SnapshotManifest(
                dataset: dataset, host: "alpha", paths: ["/data"], tag: nil, root: ObjectLink(.treeRoot, name.id),
                startedNanoseconds: time.wallNanoseconds(), endedNanoseconds: 0, parent: nil, isPartial: isPartial,
                counts: SnapshotManifest.Counts()))
    }

    /// A reader of everything in a storage.
    func reader(_ other: MemoryStorage? = nil) throws -> PackReader {
        let (repository, keys) = try reopened(other)
        return try repository.reader(keys, ledger: try Ledger(reading: repository)).source
    }
}

/// Bytes that compress a little, different for each seed.
func someBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33) & 0x3f
    }
}

/// Bytes that do not compress.
func randomBytes(_ count: Int) throws -> [UInt8] { try SecureRandom.bytes(count) }
