package import DRCrypto

/// An object on its way into the repository, already named.
package struct NewObject: Sendable {
    package let kind: ObjectKind
    package let id: ObjectID
    /// The plaintext. Handed over: the sink keeps it until it is sealed.
    package let body: [UInt8]
    package let links: [ObjectLink]
    /// The body's keyed digest; nil for a chunk, whose id is the digest.
    package let bodyDigest: Digest?

    /// A chunk: `id` is `ObjectNaming.chunkID(of: content)`.
    package init(chunk content: [UInt8], id: ObjectID) {
        kind = .chunk
        self.id = id
        body = content
        links = []
        bodyDigest = nil
    }

    /// Any other kind, with the name that `ObjectNaming.name` gave it.
    package init(_ kind: ObjectKind, name: NodeName, body: [UInt8], links: [ObjectLink]) {
        self.kind = kind
        id = name.id
        self.body = body
        self.links = links
        bodyDigest = name.bodyDigest
    }

    package var link: ObjectLink { ObjectLink(kind, id) }
}

/// Takes objects into a repository. Any number of threads may use it at once; call it from threads that may block.
package protocol ObjectSink: Sendable {
    /// What names this domain's objects.
    var naming: any ObjectNaming { get }

    /// Whether the object is already stored, or on its way, by this writer (others' entries do not count until they
    /// were promoted). Cheap enough to be asked before a chunk's content is copied.
    func contains(_ id: ObjectID) -> Bool

    /// Hands one object over, blocking while the bounded queue is full. Storing is only accepted, not durable, until
    /// the write session is finished.
    /// - Returns: false when the object was there already and nothing was queued.
    /// - Throws: the first error of any later stage (a full disk, a failed read-back); every further call throws it.
    @discardableResult
    func put(_ object: consuming NewObject) throws(RepositoryError) -> Bool
}
