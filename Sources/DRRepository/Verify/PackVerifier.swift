internal import DRCrypto
internal import Synchronization

/// Reads packs back from storage and says what is wrong with them. Nothing is taken from a cache, and one fault does not
/// hide the next.
final class PackVerifier: Sendable {
    struct Keys: Sendable {
        let keys: RepositoryKeys
        /// What opens content; nil for a host.
        let keyring: RunKeyring?
    }

    private static let readBytes = 1 << 20

    private let storage: any Storage
    private let keys: Keys?
    private let index: ObjectIndex?
    private let openers = Mutex<[PackOpener]>([])

    /// - Parameters:
    ///   - keys: nil where only presence, length and digest can be checked.
    ///   - index: what directories are compared with at level `structure`.
    init(storage: any Storage, keys: Keys?, index: ObjectIndex? = nil) {
        self.storage = storage
        self.keys = keys
        self.index = index
    }

    /// What a level says of a pack; without the keys that it needs, what `stored` says.
    func check(_ expected: Ledger.Expected, _ level: VerificationLevel) -> PackCheck {
        switch (level, keys) {
        case (.structure, let keys?): checkStructure(expected, keys.keys)
        case (.content, let keys?) where keys.keyring != nil: checkObjects(of: expected, keys, comparingBytes: true)
        default: checkStored(expected, at: .pack(expected.name))
        }
    }

    /// Presence, length, and a directory that opens and vouches for itself.
    private func checkStructure(_ expected: Ledger.Expected, _ keys: RepositoryKeys) -> PackCheck {
        var check = PackCheck(pack: expected.name)
        do throws(RepositoryError) {
            let path = StoragePath.pack(expected.name)
            guard let size = try storage.size(of: path) else { throw missing(expected, path) }
            guard size == expected.bytes else { throw otherLength(expected, path, bytes: size) }
            let head = try PackHead(reading: expected.name, from: storage)
            check.bytesRead = head.sizeBytes - head.objectAreaBytes
            for entry in try head.entries(keys.listKey) {
                guard keys.vouches(for: entry) else {
                    check.note(
                        RepositoryError(
                            .damaged, "the directory of \(path) names an object that it does not describe",
                            hint: Self.hint(path)))
                    check.lost.insert(entry.link.id)
                    continue
                }
                check.good[entry.link.id] = entry.links
                check.directoryBytes += Int(entry.storedBytes)
                let isIndexed =
                    index?.locations(of: entry.link.id).contains {
                        $0.pack == expected.name && $0.offsetBytes == Int(entry.offsetBytes)
                            && $0.storedBytes == Int(entry.storedBytes)
                    } ?? true
                if !isIndexed { check.objectsUnindexed += 1 }
            }
        } catch {
            check.note(error)
            check.isOpaque = true
        }
        return check
    }

    /// Presence, length and SHA-256 of a file that a log names; needs no key.
    func checkStored(_ expected: Ledger.Expected, at path: StoragePath) -> PackCheck {
        var check = PackCheck(pack: expected.name)
        do throws(RepositoryError) {
            guard let size = try storage.size(of: path) else { throw missing(expected, path) }
            var hasher = SHA256()
            var buffer = [UInt8](repeating: 0, count: min(Self.readBytes, max(size, 1)))
            while true {
                var span = buffer.mutableSpan
                guard let count = try storage.read(path, fromOffset: check.bytesRead, into: &span) else {
                    throw missing(expected, path)
                }
                hasher.update(buffer.span.extracting(first: count))
                check.bytesRead += count
                if count < buffer.count { break }
            }
            try compare(expected, path, bytes: check.bytesRead, digest: hasher.finish())
        } catch {
            check.note(error)
            check.isOpaque = true
        }
        return check
    }

    /// What is wrong with the objects of a pack that is known to be damaged, after its own findings.
    func lookCloser(_ check: PackCheck) -> PackCheck {
        guard let keys, keys.keyring != nil, check.findings.allSatisfy({ $0.error.code == .damaged }) else {
            return check
        }
        let expected = Ledger.Expected(name: check.pack, bytes: 0, signer: SignerID(check.pack))
        var closer = checkObjects(of: expected, keys, comparingBytes: false)
        closer.findings = check.findings + closer.findings
        return closer
    }

    /// All of `checkStored`, where bytes are compared; and every object: tag, decompression, id.
    private func checkObjects(of expected: Ledger.Expected, _ keys: Keys, comparingBytes: Bool) -> PackCheck {
        var check = PackCheck(pack: expected.name)
        do throws(RepositoryError) {
            let bytes = try readWhole(expected, comparingBytes: comparingBytes, into: &check)
            let head = try PackHead(name: expected.name, sizeBytes: bytes.count, tail: bytes.span)
            let entries = try head.entries(keys.keys.listKey)
            try checkObjects(entries, of: head, in: bytes.span, keys, &check)
        } catch {
            check.note(error)
            check.isOpaque = true
        }
        return check
    }

    private func readWhole(
        _ expected: Ledger.Expected, comparingBytes: Bool, into check: inout PackCheck
    ) throws(RepositoryError) -> [UInt8] {
        let path = StoragePath.pack(expected.name)
        guard let bytes = try storage.readAll(path, limitBytes: PackLayout.maximumPackBytes) else {
            throw missing(expected, path)
        }
        check.bytesRead = bytes.count
        guard comparingBytes else { return bytes }
        do throws(RepositoryError) {
            try compare(expected, path, bytes: bytes.count, digest: Digest.of(bytes.span))
        } catch {
            // Other bytes than were stored; which objects that hurts, their tags tell.
            check.note(error)
        }
        return bytes
    }

    private func checkObjects(
        _ entries: [PackEntry], of head: PackHead, in bytes: Span<UInt8>, _ keys: Keys, _ check: inout PackCheck
    ) throws(RepositoryError) {
        let opener: PackOpener
        if let idle = openers.withLock({ $0.popLast() }) { opener = idle } else { opener = try PackOpener() }
        defer { openers.withLock { $0.append(opener) } }
        guard let keyring = keys.keyring else { return }
        let idKey = try keys.keys.idKey
        var packKeys: [UInt16: SecretBytes] = [:]
        for entry in entries {
            do throws(RepositoryError) {
                let origin = head.origins[Int(entry.origin)]
                let key: SecretBytes
                if let known = packKeys[entry.origin] {
                    key = known
                } else {
                    key = try keyring.packKey(origin, pack: head.name)
                    packKeys[entry.origin] = key
                }
                let start = Int(entry.offsetBytes)
                try opener.check(
                    bytes.extracting(start..<(start + Int(entry.storedBytes))), entry: entry, salt: origin.salt,
                    key: key, idKey: idKey)
                check.objectsOpened += 1
                check.bodyBytes += Int(entry.plaintextBytes)
                check.good[entry.link.id] = entry.links
            } catch {
                check.note(error)
                check.lost.insert(entry.link.id)
            }
        }
    }

    private func compare(
        _ expected: Ledger.Expected, _ path: StoragePath, bytes: Int, digest: Digest
    ) throws(RepositoryError) {
        guard bytes == expected.bytes else { throw otherLength(expected, path, bytes: bytes) }
        guard digest == expected.name else {
            throw RepositoryError(.damaged, "\(path) has other bytes than were stored", hint: Self.hint(path))
        }
    }

    private func otherLength(_ expected: Ledger.Expected, _ path: StoragePath, bytes: Int) -> RepositoryError {
        RepositoryError(
            .damaged, "\(path) has \(bytes) bytes where its log says \(expected.bytes)", hint: Self.hint(path))
    }

    private func missing(_ expected: Ledger.Expected, _ path: StoragePath) -> RepositoryError {
        RepositoryError(.missingPack, "\(path), which a log names, is not there", hint: Self.hint(path))
    }

    private static func hint(_ path: StoragePath) -> String {
        let isIn = { (folder: StorageFolder) in path.text.hasPrefix(folder.rawValue + "/") }
        let without =
            if isIn(.snapshots) {
                "this snapshot is lost, and the others are as they were"
            } else if isIn(.indexes) {
                "let a pruner make it again from the packs: `drctl repo reindex`"
            } else {
                // A pack that is there counts as stored, whatever its bytes are: only a missing one is stored again.
                "move it away and back up again, which stores anew what the source still has"
            }
        return "bring it back from a copy of the repository; without one, " + without
    }
}

extension PackOpener {
    /// Opens an object, checks its id, and keeps nothing of it.
    func check(
        _ sealed: Span<UInt8>, entry: PackEntry, salt: [UInt8], key: SecretBytes, idKey: IDKey
    ) throws(RepositoryError) {
        try use(sealed, entry: entry, salt: salt, key: key) { body throws(RepositoryError) in
            try Self.checkID(of: body, entry, idKey)
        }
    }
}
