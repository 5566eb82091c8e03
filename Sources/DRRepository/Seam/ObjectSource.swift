package import DRCrypto

/// Where an object lies. Two locations with the same `pack` are in the same pack; `offsetBytes` orders them in it.
package struct PackLocation: Hashable, Sendable {
    /// The pack's name.
    package let pack: Digest
    package let offsetBytes: Int
    package let storedBytes: Int

    package init(pack: Digest, offsetBytes: Int, storedBytes: Int) {
        self.pack = pack
        self.offsetBytes = offsetBytes
        self.storedBytes = storedBytes
    }
}

/// An object that was read: its tag, its decompression and its id have been checked.
package struct StoredObject: Sendable {
    package let link: ObjectLink
    package let body: [UInt8]
    package let links: [ObjectLink]

    package init(link: ObjectLink, body: [UInt8], links: [ObjectLink]) {
        self.link = link
        self.body = body
        self.links = links
    }
}

/// Opens objects of a repository. Any number of threads may use it at once; call it from threads that may block.
package protocol ObjectSource: Sendable {
    /// What named this domain's objects.
    var naming: any ObjectNaming { get }

    /// Reads one object, trying every location it has.
    /// - Throws: `damaged` when no location gives the right bytes; `missingObject` when the index knows none.
    func read(_ object: ObjectLink) throws(RepositoryError) -> StoredObject

    /// Reads many objects, pack by pack in the order of their offsets, neighbours in one read. `each` is called
    /// once for every object asked for, on the calling thread, in an order of the source's choice; an object that
    /// cannot be read is handed over as its error and the others go on. An error thrown by `each` ends the reading.
    func read(
        _ objects: [ObjectLink],
        each: (ObjectLink, Result<StoredObject, RepositoryError>) throws(RepositoryError) -> Void
    ) throws(RepositoryError)

    /// Reads many objects as `read(_:each:)` does, and lends their bodies instead of giving them away: nothing is kept
    /// that was read, so nothing is allocated for each.
    /// - Parameters:
    ///   - buffer: used for what is read, and to be handed in again for the next objects; its content means nothing.
    ///   - use: called once for every object that opens.
    ///   - lost: called once for every other.
    func lend(
        _ objects: [ObjectLink], reusing buffer: inout [UInt8],
        use: (ObjectLink, Span<UInt8>) throws(RepositoryError) -> Void,
        lost: (ObjectLink, RepositoryError) throws(RepositoryError) -> Void
    ) throws(RepositoryError)

    /// The first known location, to group work by pack; nil when the index knows none.
    func location(of object: ObjectLink) throws(RepositoryError) -> PackLocation?
}

extension ObjectSource {
    /// By reading: for sources that have the objects in memory anyway.
    package func lend(
        _ objects: [ObjectLink], reusing buffer: inout [UInt8],
        use: (ObjectLink, Span<UInt8>) throws(RepositoryError) -> Void,
        lost: (ObjectLink, RepositoryError) throws(RepositoryError) -> Void
    ) throws(RepositoryError) {
        try read(objects) { link, result throws(RepositoryError) in
            switch result {
            case .success(let object): try use(link, object.body.span)
            case .failure(let error): try lost(link, error)
            }
        }
    }
}
