internal import DRCrypto
internal import Synchronization

/// Opened pack directories, the ones used last kept.
final class PackCatalog: Sendable {
    /// A pack whose directory is open.
    final class OpenedPack: Sendable {
        let head: PackHead
        /// In the order of their offsets.
        let entries: [PackEntry]
        private let keys = Mutex<[UInt16: SecretBytes]>([:])

        init(head: PackHead, entries: [PackEntry]) {
            self.head = head
            self.entries = entries
        }

        /// The entry at an offset, found by halves.
        func entry(atOffset offsetBytes: Int) -> PackEntry? {
            var low = 0
            var high = entries.count
            while low < high {
                let middle = (low + high) / 2
                if Int(entries[middle].offsetBytes) < offsetBytes { low = middle + 1 } else { high = middle }
            }
            guard low < entries.count, Int(entries[low].offsetBytes) == offsetBytes else { return nil }
            return entries[low]
        }

        /// The key of an origin's objects.
        func key(_ origin: UInt16, _ keyring: RunKeyring) throws(RepositoryError) -> SecretBytes {
            if let known = keys.withLock({ $0[origin] }) { return known }
            let key = try keyring.packKey(head.origins[Int(origin)], pack: head.name)
            keys.withLock { $0[origin] = key }
            return key
        }
    }

    private struct State {
        var packs: [Digest: (pack: OpenedPack, lastUse: UInt64)] = [:]
        var uses: UInt64 = 0
    }

    /// Directories of small files are long; this many keep a restore of interleaved packs from reading them again.
    private static let keptPacks = 24

    private let storage: any Storage
    private let listKey: ListKey
    private let state = Mutex(State())

    init(storage: any Storage, listKey: ListKey) {
        self.storage = storage
        self.listKey = listKey
    }

    func pack(_ name: Digest) throws(RepositoryError) -> OpenedPack {
        let known = state.withLock { state -> OpenedPack? in
            state.uses += 1
            state.packs[name]?.lastUse = state.uses
            return state.packs[name]?.pack
        }
        if let known { return known }
        let head = try PackHead(reading: name, from: storage)
        let entries = try head.entries(listKey).sorted { $0.offsetBytes < $1.offsetBytes }
        let opened = OpenedPack(head: head, entries: entries)
        state.withLock { state in
            state.packs[name] = (opened, state.uses)
            guard state.packs.count > Self.keptPacks else { return }
            let oldest = state.packs.min { $0.value.lastUse < $1.value.lastUse }
            if let oldest { state.packs[oldest.key] = nil }
        }
        return opened
    }
}
