package import DRCrypto

/// What gives objects their ids, and what else is keyed by a domain's id key.
package protocol ObjectNaming: Sendable {
    /// The id of a chunk with this content: HMAC over kind and content.
    func chunkID(of content: Span<UInt8>) -> ObjectID

    /// The name of an object with links: HMAC over kind, the body's keyed digest, and the links in order.
    func name(_ kind: ObjectKind, body: [UInt8], links: [ObjectLink]) -> NodeName

    /// 32 secret bytes for another keyed purpose of the same domain, for example the chunker's table ("gear") or
    /// where directories are cut into pages ("page").
    func seed(for purpose: String) -> [UInt8]
}

/// The name of an object with links.
package struct NodeName: Hashable, Sendable {
    package let id: ObjectID
    /// The keyed digest of the body: with the links it gives the id without the body.
    package let bodyDigest: Digest

    package init(id: ObjectID, bodyDigest: Digest) {
        self.id = id
        self.bodyDigest = bodyDigest
    }
}
