internal import DRCrypto
internal import Synchronization

/// Opens objects of a repository's packs: tag, decompression and id are checked before a byte is given out, and every
/// location that an object has is tried.
package final class PackReader: ObjectSource {
    /// Neighbours in a pack are read together up to this much, and across gaps up to the other.
    private static let readBytes = 4 << 20
    private static let gapBytes = 64 << 10

    /// What the logs say now.
    package struct Reloaded: Sendable {
        let places: ObjectPlaces
        /// A snapshot that was removed since.
        let removed: Digest?
    }

    package var naming: any ObjectNaming { idKey }
    /// Where objects lie, as far as is known now.
    package var places: ObjectPlaces { known.withLock { $0 } }
    private let known: Mutex<ObjectPlaces>
    private let reload: @Sendable () throws(RepositoryError) -> Reloaded?
    private let storage: any Storage
    private let idKey: IDKey
    private let keyring: RunKeyring
    private let catalog: PackCatalog
    private let idleOpeners = Mutex<[PackOpener]>([])

    /// Reads packs of this storage through what is known of their places, with the keys that open their objects.
    /// - Parameter reload: asked when a pack is gone: what is known now, or nil where no log has changed.
    package init(
        storage: any Storage, places: ObjectPlaces, listKey: ListKey, idKey: IDKey, keyring: RunKeyring,
        reload: @escaping @Sendable () throws(RepositoryError) -> Reloaded? = { () throws(RepositoryError) in nil }
    ) {
        self.storage = storage
        known = Mutex(places)
        self.reload = reload
        self.idKey = idKey
        self.keyring = keyring
        catalog = PackCatalog(storage: storage, listKey: listKey)
    }

    package func location(of object: ObjectLink) throws(RepositoryError) -> PackLocation? {
        try places.location(of: object.id)
    }

    package func read(_ object: ObjectLink) throws(RepositoryError) -> StoredObject {
        do throws(RepositoryError) {
            return try readFromAnywhere(object)
        } catch {
            // A prune may have moved the object since the index was loaded. Before a pack counts as lost, the logs say.
            guard error.code == .missingPack, let now = try reload() else { throw error }
            known.withLock { $0 = now.places }
            do throws(RepositoryError) {
                return try readFromAnywhere(object)
            } catch {
                guard let removed = now.removed, [.missingPack, .missingObject].contains(error.code) else {
                    throw error
                }
                throw RepositoryError(
                    .overtaken, "snapshot \(removed.hex.prefix(16)) was removed by a prune while packs were read",
                    hint: "nothing is damaged; `drctl snapshots` lists what is there now", cause: error)
            }
        }
    }

    private func readFromAnywhere(_ object: ObjectLink) throws(RepositoryError) -> StoredObject {
        let locations = try places.locations(of: object.id)
        guard !locations.isEmpty else { throw Self.unknown(object) }
        var failures: [RepositoryError] = []
        for location in locations {
            do throws(RepositoryError) {
                guard
                    let bytes = try storage.read(
                        .pack(location.pack), fromOffset: location.offsetBytes, count: location.storedBytes)
                else { throw PackHead.missing(location.pack) }
                return try open(object, at: location, in: bytes.span, Self.kept)
            } catch {
                failures.append(error)
            }
        }
        throw Self.combined(failures, object)
    }

    package func read(
        _ objects: [ObjectLink],
        each: (ObjectLink, Result<StoredObject, RepositoryError>) throws(RepositoryError) -> Void
    ) throws(RepositoryError) {
        var buffer: [UInt8] = []
        try read(
            objects, &buffer,
            each: { object, location, sealed throws(RepositoryError) in
                if let together = try? open(object, at: location, in: sealed, Self.kept) {
                    try each(object, .success(together))
                } else {
                    try each(object, Result { () throws(RepositoryError) in try read(object) })
                }
            }, unknown: { object throws(RepositoryError) in try each(object, .failure(Self.unknown(object))) })
    }

    package func lend(
        _ objects: [ObjectLink], reusing buffer: inout [UInt8],
        use: (ObjectLink, Span<UInt8>) throws(RepositoryError) -> Void,
        lost: (ObjectLink, RepositoryError) throws(RepositoryError) -> Void
    ) throws(RepositoryError) {
        try read(
            objects, &buffer,
            each: { object, location, sealed throws(RepositoryError) in
                // What `use` throws ends the reading; what opening throws sends to the other places.
                var failureOfUse: RepositoryError?
                do throws(RepositoryError) {
                    try open(object, at: location, in: sealed) { body, _ in
                        do throws(RepositoryError) { try use(object, body) } catch { failureOfUse = error }
                    }
                } catch {
                    switch Result(catching: { () throws(RepositoryError) in try read(object) }) {
                    case .success(let found): try use(object, found.body.span)
                    case .failure(let error): try lost(object, error)
                    }
                }
                if let failureOfUse { throw failureOfUse }
            }, unknown: { object throws(RepositoryError) in try lost(object, Self.unknown(object)) })
    }

    /// Reads objects where they lie first, neighbours in one read.
    /// - Parameter each: called once for every object that the index knows, with the bytes at its place; with none
    ///   where they could not be read.
    private func read(
        _ objects: [ObjectLink], _ buffer: inout [UInt8],
        each: (ObjectLink, PackLocation, Span<UInt8>) throws(RepositoryError) -> Void,
        unknown: (ObjectLink) throws(RepositoryError) -> Void
    ) throws(RepositoryError) {
        var wanted: [(object: ObjectLink, location: PackLocation)] = []
        let places = places
        for object in objects {
            if let location = try places.location(of: object.id) {
                wanted.append((object, location))
            } else {
                try unknown(object)
            }
        }
        wanted.sort {
            ($0.location.pack, $0.location.offsetBytes) < ($1.location.pack, $1.location.offsetBytes)
        }
        let locations = wanted.map(\.location)
        var start = 0
        while start < wanted.count {
            let end = Self.endOfRead(locations, from: start)
            let first = locations[start]
            let count = locations[end - 1].offsetBytes + locations[end - 1].storedBytes - first.offsetBytes
            let isRead = read(first, count, &buffer)
            for (object, location) in wanted[start..<end] {
                let offset = location.offsetBytes - first.offsetBytes
                let range = isRead ? offset..<offset + location.storedBytes : 0..<0
                try each(object, location, buffer.span.extracting(range))
            }
            start = end
        }
    }

    /// - Returns: whether so many bytes are in the buffer.
    private func read(_ first: PackLocation, _ count: Int, _ buffer: inout [UInt8]) -> Bool {
        if buffer.count < count { buffer = [UInt8](repeating: 0, count: max(count, Self.readBytes)) }
        var whole = buffer.mutableSpan
        var span = whole._mutatingExtracting(first: count)
        return (try? storage.read(.pack(first.pack), fromOffset: first.offsetBytes, into: &span)) == count
    }

    private static func kept(_ body: Span<UInt8>, _ entry: PackEntry) -> StoredObject {
        StoredObject(link: entry.link, body: body.copied(), links: entry.links)
    }

    /// Opens an object, checks its id, and lends its body.
    private func open<Answer>(
        _ object: ObjectLink, at location: PackLocation, in sealed: Span<UInt8>,
        _ use: (Span<UInt8>, PackEntry) -> Answer
    ) throws(RepositoryError) -> Answer {
        let pack = try catalog.pack(location.pack)
        guard let entry = pack.entry(atOffset: location.offsetBytes), entry.link == object else {
            throw RepositoryError(
                .damaged, "pack \(location.pack) does not hold \(object.kind) \(object.id) where the index says")
        }
        let opener = try takeOpener()
        defer { idleOpeners.withLock { $0.append(opener) } }
        let key = try pack.key(entry.origin, keyring)
        return try opener.open(
            sealed, entry: entry, salt: pack.head.origins[Int(entry.origin)].salt, key: key, idKey: idKey
        ) { use($0, entry) }
    }

    private func takeOpener() throws(RepositoryError) -> PackOpener {
        if let idle = idleOpeners.withLock({ $0.popLast() }) { return idle }
        return try PackOpener()
    }

    private static func endOfRead(_ locations: [PackLocation], from start: Int) -> Int {
        var end = start + 1
        while end < locations.count, locations[end].pack == locations[start].pack {
            let previous = locations[end - 1]
            let reach = locations[end].offsetBytes + locations[end].storedBytes
            guard
                locations[end].offsetBytes - (previous.offsetBytes + previous.storedBytes) <= gapBytes,
                reach - locations[start].offsetBytes <= readBytes
            else { break }
            end += 1
        }
        return end
    }

    private static func unknown(_ object: ObjectLink) -> RepositoryError {
        RepositoryError(
            .missingObject, "\(object.kind) \(object.id) is in no index",
            hint: "an index or a pack may be missing: `drctl verify --level stored` tells")
    }

    private static func combined(_ failures: [RepositoryError], _ object: ObjectLink) -> RepositoryError {
        // What was read and is wrong says more than what could not be read.
        let worst = failures.first { $0.code != .storageFailed } ?? failures[0]
        guard failures.count > 1 else { return worst }
        return RepositoryError(
            worst.code,
            "none of the \(failures.count) places of \(object.kind) \(object.id) gives it: \(worst.message)",
            hint: worst.hint, cause: worst)
    }
}

/// An opener that one thread at a time takes from the shelf.
final class PackOpener: @unchecked Sendable {
    // Whoever took it from the shelf has it alone.
    private var opener: ObjectOpener

    init() throws(RepositoryError) { opener = try ObjectOpener() }

    /// Opens an object, checks its id, and lends its body.
    func open<Result>(
        _ sealed: Span<UInt8>, entry: PackEntry, salt: [UInt8], key: SecretBytes, idKey: IDKey,
        _ body: (Span<UInt8>) throws(RepositoryError) -> Result
    ) throws(RepositoryError) -> Result {
        try use(sealed, entry: entry, salt: salt, key: key) { content throws(RepositoryError) in
            try Self.checkID(of: content, entry, idKey)
            return try body(content)
        }
    }

    /// Opens an object and lends its body, whose id is not checked yet.
    func use<Result>(
        _ sealed: Span<UInt8>, entry: PackEntry, salt: [UInt8], key: SecretBytes,
        _ body: (Span<UInt8>) throws(RepositoryError) -> Result
    ) throws(RepositoryError) -> Result {
        var aead = try ObjectOpener.key(key)
        return try opener.open(sealed, entry: entry, salt: salt, key: &aead, body)
    }

    /// - Throws: `damaged` when the body is not what the id names.
    static func checkID(of body: Span<UInt8>, _ entry: PackEntry, _ idKey: IDKey) throws(RepositoryError) {
        let fits: Bool
        if entry.link.kind == .chunk {
            fits = idKey.chunkID(of: body) == entry.link.id
        } else {
            let name = idKey.name(entry.link.kind, body: body.copied(), links: entry.links)
            fits = name.id == entry.link.id && name.bodyDigest == entry.bodyDigest
        }
        guard fits else {
            throw RepositoryError(
                .damaged, "\(entry.link.kind) \(entry.link.id) opens, but to other content than its id names",
                hint: "whoever sealed it stored something else under this id")
        }
    }
}
