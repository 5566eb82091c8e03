import DRCrypto
import Testing

@testable import DRRepository

/// What a storage attacker can put in place of the owner's words and key files, and what a client that knows the
/// repository's id says to each.
@Suite struct ForgedKeysTests {
    private let test: TestRepository
    private let place: KeyPlace

    init() throws {
        test = try TestRepository()
        let (repository, keys) = try test.reopened()
        _ = try repository.rotating(keys: keys, ownerFile: test.ownerFile, time: test.time)
        place = KeyPlace(repository: test.repository.id, domain: "default", epoch: 2)
    }

    private func entry(
        _ number: UInt64, _ act: ConfigAct, after previous: UInt64, by key: Ed25519.PrivateKey
    ) throws -> [UInt8] {
        let repository = try test.reopened().repository
        let payload = try #require(repository.config.payloads[previous])
        return try SignedStatement.seal(
            ConfigEntry(number: number, after: (payload, repository.id), writtenNanoseconds: 0, act),
            as: .config, signedBy: key)
    }

    private func newEpoch(_ number: UInt32) throws -> NewEpoch {
        try NewEpoch(
            KeyPlace(repository: place.repository, domain: "default", epoch: number), idKey: try randomSecret(32),
            readers: [try SlotReader(try #require(test.repository.slots.first))])
    }

    /// The epoch's public key: what every backup is sealed to.
    @Test func anEpochThatTheOwnerDidNotSignIsRefused() throws {
        let attacker = try Ed25519.PrivateKey()
        let epoch = try newEpoch(3)
        let forged = test.storage.copy()
        try epoch.store(in: forged)
        forged[StoragePath.config(5).text] = try entry(5, .epochAdded(epoch.record), after: 4, by: attacker)
        let added = #expect(throws: RepositoryError.self) { try test.reopened(forged) }
        #expect(added?.code == .notAuthentic)
        let swapped = test.storage.copy()
        let second = try newEpoch(2)
        try second.store(in: swapped)
        swapped[StoragePath.config(4).text] = try entry(4, .epochAdded(second.record), after: 3, by: attacker)
        #expect(#expect(throws: RepositoryError.self) { try test.reopened(swapped) }?.code == .notAuthentic)
        // Even the owner's own entries hold only in their place.
        let moved = test.storage.copy()
        moved[StoragePath.config(5).text] = moved[StoragePath.config(4).text]
        #expect(#expect(throws: RepositoryError.self) { try test.reopened(moved) }?.code == .notAuthentic)
        // A key of the epoch's that was changed in the owner's entry is no longer the owner's entry.
        let edited = test.storage.copy()
        let payload = try SignedStatement.unverifiedPayload(
            try #require(edited[StoragePath.config(4).text]), name: "entry 4")
        let own = try #require(try test.reopened().repository.config.epochs.last?.record.recipient)
        let text = String(decoding: payload, as: UTF8.self)
        let changed = Array(text.replacing(own, with: second.record.recipient).utf8)
        let original = String(decoding: try #require(edited[StoragePath.config(4).text]), as: UTF8.self)
        #expect(original.contains(Base64.encode(payload)))
        edited[StoragePath.config(4).text] = Array(
            original.replacing(Base64.encode(payload), with: Base64.encode(changed)).utf8)
        #expect(#expect(throws: RepositoryError.self) { try test.reopened(edited) }?.code == .notAuthentic)
    }

    /// Gone, cut short, another epoch's, another repository's, forged: the owner named each file by its digest.
    /// What does not open is lost, and leaves its reader without a key; what opens and is not the owner's was put there.
    @Test func exchangedKeyFilesAreNoticed() throws {
        let slot = try #require(try test.reopened().repository.slots.first)
        let whole = try #require(test.storage[slot.path.text])
        let old = try #require(test.repository.slots.first)
        let forged = try EpochSlot.seal(
            [2: try AgeIdentity.generate()], of: place, to: try recipient(slot.recipient))
        let foreign = try TestRepository().storage[old.path.text] ?? Array(whole.reversed())
        let states: [([UInt8]?, RepositoryError.Code)] = [
            (nil, .wrongKey), (Array(whole.dropLast()), .wrongKey), ([], .wrongKey), (foreign, .wrongKey),
            (test.storage[old.path.text], .notAuthentic), (forged, .notAuthentic),
        ]
        for (bytes, code) in states {
            let storage = test.storage.copy()
            storage[slot.path.text] = bytes
            let error = #expect(throws: RepositoryError.self) { try test.reopened(storage) }
            #expect(error?.code == code)
            #expect(error?.message.contains(slot.path.text) == true)
            let repository = try Repository(opening: storage, pinned: place.repository)
            #expect(repository.keyFileFaults().map(\.code) == [.damaged])
        }
        for kind in ["/2/host-", "/2/writer-secret-"] {
            let name = try #require(test.storage.names(in: .domains).first { $0.contains(kind) })
            let storage = test.storage.copy()
            storage[name] = nil
            let repository = try Repository(opening: storage, pinned: place.repository)
            #expect(repository.keyFileFaults().map(\.code) == [.damaged])
            let file = kind == "/2/host-" ? test.writerFile : test.identityFile
            #expect(
                #expect(throws: RepositoryError.self) { try repository.unlock(try Identity.parse(file)) }?.code
                    == .damaged)
        }
    }

    /// Should the owner ever sign a file that holds something else, that shows too.
    @Test func keyFilesOfAnotherPlaceAreRefused() throws {
        let epochs = try test.reopened().repository.config.epochs.map(\.record)
        let reader = try AgeIdentity.generate()
        let to = try #require(reader.recipient)
        let keys = try test.reopened().keys
        func open(_ identities: [UInt32: AgeIdentity], of other: KeyPlace) throws -> [UInt32: AgeIdentity] {
            try EpochSlot.open(
                try EpochSlot.seal(identities, of: other, to: to), with: [reader], of: place, epochs: epochs,
                name: "slot")
        }
        #expect(try open(keys.epochs, of: place).count == 2)
        let elsewhere = [
            KeyPlace(repository: Digest.of([1]), domain: "default", epoch: 2),
            KeyPlace(repository: place.repository, domain: "other", epoch: 2),
            KeyPlace(repository: place.repository, domain: "default", epoch: 1),
        ]
        for other in elsewhere {
            #expect(#expect(throws: RepositoryError.self) { try open(keys.epochs, of: other) }?.code == .notAuthentic)
            let secret = try keys.secret.seal(of: other, to: to)
            let error = #expect(throws: RepositoryError.self) {
                try WriterSecret.open(secret, with: reader, of: place, name: "secret")
            }
            #expect(error?.code == .notAuthentic)
        }
        let stranger = try AgeIdentity.generate()
        let lacking: [[UInt32: AgeIdentity]] = [[1: try #require(keys.epochs[1])], [2: stranger]]
        for identities in lacking {
            #expect(#expect(throws: RepositoryError.self) { try open(identities, of: place) }?.code == .notAuthentic)
        }
        let domain = test.repository.domain
        let wrong: [WriterSecret] = [
            WriterSecret(idKey: try randomSecret(32), listKeys: keys.secret.listKeys),
            WriterSecret(idKey: keys.secret.idKey, listKeys: [:]),
            WriterSecret(idKey: keys.secret.idKey, listKeys: keys.secret.listKeys.filter { $0.key == 2 }),
            WriterSecret(
                idKey: keys.secret.idKey, listKeys: keys.secret.listKeys.merging([1: try randomSecret(32)]) { $1 }),
        ]
        for secret in wrong {
            let error = #expect(throws: RepositoryError.self) {
                try secret.keys(of: place, domain: domain, epochs: epochs)
            }
            #expect(error?.code == .notAuthentic)
        }
    }

    /// A key of an epoch is not a reader's identity, whatever else it opens.
    @Test func anEpochsOwnKeyIsNoSlotsIdentity() throws {
        let first = try #require(test.keys.epochs[1])
        let file = try #require(try first.text())
        let error = #expect(throws: RepositoryError.self) {
            try test.reopened().repository.unlock(try Identity.parse(file))
        }
        #expect(error?.code == .wrongKey)
        let ring = RunKeyring(repository: place.repository, domain: "default", epochs: [1: first])
        let (_, keys) = try test.reopened()
        try test.backUp([someBytes(2000, seed: 1)], keys: keys)
        let name = try #require(test.storage.names(in: .packs).first?.split(separator: "/").last)
        let pack = try #require(Digest(hex: String(name)))
        let origin = try #require(try PackHead(reading: pack, from: test.storage).origins.first)
        #expect(#expect(throws: RepositoryError.self) { try ring.packKey(origin, pack: pack) }?.code == .missingKey)
        let swapped = RunKeyring(repository: place.repository, domain: "default", epochs: [2: first])
        #expect(#expect(throws: RepositoryError.self) { try swapped.packKey(origin, pack: pack) }?.code == .wrongKey)
    }

    /// Owners make mistakes too: what cannot follow is not taken up.
    @Test func entriesThatDoNotFitAreRefused() throws {
        let owner = try IdentityFile.parseOwner(test.ownerFile)
        let slot = try #require(test.repository.slots.first)
        let acts: [ConfigAct] = [
            .genesis(test.repository.config.genesis), .epochAdded(try newEpoch(2).record),
            .epochAdded(try newEpoch(4).record),
            .epochMarked(EpochMark(domain: "default", epoch: 3, state: .compromised, reason: "")),
            .slotAdded(slot), .slotRemoved(SlotRemoval(domain: "default", file: slot.file, label: "", reason: nil)),
            .hostRevoked(
                HostRevocation(name: "x", host: SignerID(Digest.of([])), counter: 0, entry: nil, reason: nil)),
        ]
        for act in acts {
            let storage = test.storage.copy()
            storage[StoragePath.config(5).text] = try entry(5, act, after: 4, by: owner)
            #expect(#expect(throws: RepositoryError.self) { try test.reopened(storage) }?.code == .damaged)
        }
    }
}
