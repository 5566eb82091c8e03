internal import DRCrypto

/// Moves sealed objects of one host out of packs that hold little else of use into new packs. Opens none of them:
/// each keeps its origin, slot and lengths, which are what its seal covers.
struct PackRelocator {
    private let storage: any Storage
    private let listKey: ListKey
    private let buffer = PackBuffer()
    private var end = PackLayout.magic.count
    private var entries: [PackEntry] = []
    private var origins: [PackOrigin] = []
    private var numbers: [PackOrigin: UInt16] = [:]
    private var directoryBytes = 0
    /// Stored so far.
    private(set) var finished: [FinishedPack] = []

    init(storage: any Storage, listKey: ListKey) {
        self.storage = storage
        self.listKey = listKey
        buffer.write(PackLayout.magic, at: 0)
    }

    /// Copies objects of a pack.
    /// - Throws: `damaged` where the pack's bytes are not those of its name: damage is not carried on as if it were
    ///   good; `missingPack`; `noSpace`; `storageFailed`.
    mutating func take(
        from pack: Digest, _ isWanted: (PackEntry) -> Bool
    ) throws(RepositoryError) {
        guard let bytes = try storage.readAll(.pack(pack), limitBytes: PackLayout.maximumPackBytes) else {
            throw PackHead.missing(pack)
        }
        guard Digest.of(bytes) == pack else {
            throw RepositoryError(
                .damaged, "pack \(pack) has other bytes than its name says",
                hint: "`drctl verify` says what that hurts; nothing was moved out of it")
        }
        let head = try PackHead(name: pack, sizeBytes: bytes.count, tail: bytes.span)
        for entry in try head.entries(listKey) where isWanted(entry) {
            let range = Int(entry.offsetBytes)..<(Int(entry.offsetBytes) + Int(entry.storedBytes))
            try append(entry, of: head.origins[Int(entry.origin)], Array(bytes[range]))
        }
    }

    /// Stores what is open.
    mutating func finish() throws(RepositoryError) {
        guard !entries.isEmpty else { return }
        let pack = try PackCloser.complete(
            buffer, end: end, entries: entries, origins: origins, listKey: listKey)
        try buffer.read(0..<pack.sizeBytes) { bytes throws(RepositoryError) in
            try storage.put(bytes, at: .pack(pack.name))
        }
        finished.append(pack)
        (end, entries, origins, numbers, directoryBytes) = (PackLayout.magic.count, [], [], [:], 0)
    }

    private mutating func append(
        _ entry: PackEntry, of origin: PackOrigin, _ sealed: [UInt8]
    ) throws(RepositoryError) {
        let number = numbers[origin] ?? UInt16(origins.count)
        if numbers[origin] == nil {
            numbers[origin] = number
            origins.append(origin)
            directoryBytes += 128 + origin.sealedRunKey.count
        }
        buffer.write(sealed, at: end)
        entries.append(entry.moved(toOffset: UInt32(truncatingIfNeeded: end), origin: number))
        end += sealed.count
        directoryBytes += 88 + 33 * entry.links.count
        if end >= PackLayout.targetObjectBytes || directoryBytes >= PackLayout.maximumDirectoryBytes / 8 {
            try finish()
        }
    }
}

extension PackEntry {
    /// The same sealed object at another place. Where it lies is no part of what its seal covers.
    fileprivate func moved(toOffset offsetBytes: UInt32, origin: UInt16) -> PackEntry {
        PackEntry(
            link: link, encoding: encoding, origin: origin, slot: slot, offsetBytes: offsetBytes,
            storedBytes: storedBytes, plaintextBytes: plaintextBytes, bodyDigest: bodyDigest, links: links)
    }
}
