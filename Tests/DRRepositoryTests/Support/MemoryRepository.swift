import DRCrypto
import DRRepository
import DRSystem
import Synchronization

/// A repository's two ends in memory: what is put can be read, and can be tampered with.
final class MemoryRepository: ObjectSink, ObjectSource {
    struct Keyed: ObjectNaming {
        var key: [UInt8]

        func chunkID(of content: Span<UInt8>) -> ObjectID {
            let bytes = unsafe content.withUnsafeBufferPointer { unsafe Array($0) }
            return ObjectID(Digest.of(key + [ObjectKind.chunk.rawValue] + bytes))
        }

        func name(_ kind: ObjectKind, body: [UInt8], links: [ObjectLink]) -> NodeName {
            let bodyDigest = Digest.of(key + body)
            let linkBytes = links.flatMap { [$0.kind.rawValue] + $0.id.bytes }
            return NodeName(
                id: ObjectID(Digest.of(key + [kind.rawValue] + bodyDigest.bytes + linkBytes)), bodyDigest: bodyDigest)
        }

        func seed(for purpose: String) -> [UInt8] { Digest.of(key + Array(purpose.utf8)).bytes }
    }

    struct State {
        var objects: [ObjectID: StoredObject] = [:]
        var order: [ObjectID] = []
        var putCount = 0
        var readCount = 0
        /// Reading these fails.
        var missing: Set<ObjectID> = []
    }

    let naming: any ObjectNaming
    let state = Mutex(State())

    init(key: String = "a key") { naming = Keyed(key: Array(key.utf8)) }

    func contains(_ id: ObjectID) -> Bool {
        state.withLock { $0.objects[id] != nil && !$0.missing.contains(id) }
    }

    func put(_ object: consuming NewObject) throws(RepositoryError) -> Bool {
        let object = object
        return state.withLock { state in
            state.putCount += 1
            if state.objects[object.id] != nil, state.missing.remove(object.id) == nil { return false }
            state.objects[object.id] = StoredObject(link: object.link, body: object.body, links: object.links)
            state.order.append(object.id)
            return true
        }
    }

    func read(_ object: ObjectLink) throws(RepositoryError) -> StoredObject {
        let found = state.withLock { state in
            state.readCount += 1
            return state.missing.contains(object.id) ? nil : state.objects[object.id]
        }
        guard let found, found.link.kind == object.kind else {
            throw RepositoryError(.missingObject, "\(object.kind) \(object.id) is not there")
        }
        return found
    }

    func read(
        _ objects: [ObjectLink],
        each: (ObjectLink, Result<StoredObject, RepositoryError>) throws(RepositoryError) -> Void
    ) throws(RepositoryError) {
        // Backwards: nobody may count on an order.
        for object in objects.reversed() {
            let result: Result<StoredObject, RepositoryError>
            do throws(RepositoryError) { result = .success(try read(object)) } catch { result = .failure(error) }
            try each(object, result)
        }
    }

    /// Ten objects a pack.
    func location(of object: ObjectLink) throws(RepositoryError) -> PackLocation? {
        state.withLock { state in
            guard let index = state.order.firstIndex(of: object.id), let stored = state.objects[object.id] else {
                return nil
            }
            return PackLocation(
                pack: Digest.of("pack \(index / 10)"), offsetBytes: index % 10, storedBytes: stored.body.count)
        }
    }

    /// Stores any body under the name it would have, as a hostile writer with the keys can.
    func forge(_ kind: ObjectKind, body: [UInt8], links: [ObjectLink] = []) -> ObjectLink {
        let name = naming.name(kind, body: body, links: links)
        let link = ObjectLink(kind, name.id)
        state.withLock { $0.objects[name.id] = StoredObject(link: link, body: body, links: links) }
        return link
    }

    func lose(_ id: ObjectID) { state.withLock { _ = $0.missing.insert(id) } }

    var objectCount: Int { state.withLock { $0.objects.count } }
}

/// A clock that stands still where it is put.
struct FixedTime: TimeSource {
    var nanoseconds: Int64
    var bootID = "test"
    func wallNanoseconds() -> Int64 { nanoseconds }
    func bootNanoseconds() -> Int64 { nanoseconds }

    /// Long after every file that a test makes: all of them are settled.
    static let farFuture = FixedTime(nanoseconds: 8_000_000_000 * 1_000_000_000)
}
