package import DRCrypto
internal import Synchronization

/// A domain's id key: it names objects, so that equal content is found again, and opens nothing.
///
/// - chunk id = HMAC-SHA-256(id key, kind ‖ content);
/// - body digest = HMAC-SHA-256(id key, 0 ‖ kind ‖ body);
/// - id of an object with links = HMAC-SHA-256(id key, kind ‖ body digest ‖ links), a link being kind ‖ id. Chunks'
///   ids and other objects' ids differ in the first byte, and 0 is no kind, so the three never meet.
package final class IDKey: ObjectNaming {
    package static let byteCount = 32

    package let secret: SecretBytes
    /// Keyed hashers that nobody uses at the moment: setting a key up costs more than hashing a small file.
    private let idle = Mutex<[KeyedHasher]>([])

    /// - Throws: `invalidKeyFile` unless the secret has the key's length.
    package init(_ secret: SecretBytes) throws(RepositoryError) {
        guard secret.count == Self.byteCount else {
            throw RepositoryError(.invalidKeyFile, "an id key has \(Self.byteCount) bytes, not \(secret.count)")
        }
        self.secret = secret
        // What can fail, fails here: later hashers are made of the same key.
        let first = try KeyedHasher(secret)
        idle.withLock { $0.append(first) }
    }

    package func chunkID(of content: Span<UInt8>) -> ObjectID {
        ObjectID(code([ObjectKind.chunk.rawValue], content))
    }

    package func name(_ kind: ObjectKind, body: [UInt8], links: [ObjectLink]) -> NodeName {
        let digest = code([0, kind.rawValue], body.span)
        return NodeName(id: id(kind, bodyDigest: digest, links: links), bodyDigest: digest)
    }

    /// The id of an object with links, without its body.
    package func id(_ kind: ObjectKind, bodyDigest: Digest, links: [ObjectLink]) -> ObjectID {
        var rest = ByteWriter(capacity: 32 + links.count * 33)
        rest.append(bodyDigest)
        for link in links {
            rest.append(link.kind.rawValue)
            rest.append(link.id.value)
        }
        return ObjectID(code([kind.rawValue], rest.bytes.span))
    }

    package func seed(for purpose: String) -> [UInt8] {
        // 255 is no kind: a seed is never an id.
        code([255], Array(purpose.utf8).span).bytes
    }

    /// A value that shows which id key it is without showing the key; the owner signs it.
    package var commitment: Digest { code([254], Array("drctl/1/id-key".utf8).span) }

    private func code(_ prefix: [UInt8], _ content: Span<UInt8>) -> Digest {
        let hasher = idle.withLock { $0.popLast() } ?? KeyedHasher.again(secret)
        defer { idle.withLock { $0.append(hasher) } }
        return hasher.code(prefix, content)
    }
}

/// One thread's hasher under an id key; the lock is never contended.
private final class KeyedHasher: Sendable {
    private let hasher: Mutex<HMACSHA256>

    init(_ key: SecretBytes) throws(RepositoryError) {
        do throws(CryptoError) {
            hasher = Mutex(try HMACSHA256(key: key))
        } catch {
            throw RepositoryError(.internalFault, "the id key could not be set up: \(error.message)", cause: error)
        }
    }

    /// A further hasher under a key that was set up before: only want of memory can stop this, and it ends the
    /// process as any other failed allocation does.
    static func again(_ key: SecretBytes) -> KeyedHasher {
        do throws(RepositoryError) {
            return try KeyedHasher(key)
        } catch {
            preconditionFailure(error.description)
        }
    }

    func code(_ prefix: [UInt8], _ content: Span<UInt8>) -> Digest {
        hasher.withLock { $0.code(of: prefix.span, content) }
    }
}
