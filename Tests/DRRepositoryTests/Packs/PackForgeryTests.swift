import DRCrypto
import Synchronization
import Testing

@testable import DRRepository

/// What the associated data, commitments and contexts are for: sealed bytes serve in one place only.
@Suite struct PackForgeryTests {
    static let listSecret = [UInt8](repeating: 3, count: 32)

    let repository = Digest.of("repository")
    let naming: IDKey
    let listKey: ListKey
    let epoch: AgeIdentity

    init() throws {
        naming = try IDKey(try secret([UInt8](repeating: 5, count: 32)))
        listKey = try ListKey(try secret(Self.listSecret), repository: Digest.of("repository"), domain: "default")
        epoch = try AgeIdentity.generate()
    }

    private func context(host: String = "host") throws -> RunContext {
        RunContext(
            repository: repository, domain: "default", epoch: 1, run: try RunID(), host: SignerID(Digest.of(host)))
    }

    /// Seals some bodies into packs of a storage.
    private func pack(_ bodies: [[UInt8]], context: RunContext) throws -> (storage: MemoryStorage, pack: FinishedPack) {
        let storage = MemoryStorage()
        let packs = Mutex<[FinishedPack]>([])
        let key = RunKey(try randomSecret(32), context: context)
        let pipeline = try PackPipeline(
            PackPipeline.Settings(
                storage: storage, naming: naming, listKey: listKey, runKey: key,
                sealedRunKey: try RunKeyring.seal(key, to: try #require(epoch.recipient))),
            known: ObjectPlaces(), stored: { pack in packs.withLock { $0.append(pack) } })
        for body in bodies { try pipeline.put(NewObject(chunk: body, id: naming.chunkID(of: body.span))) }
        try pipeline.finish()
        // The two open packs share the bodies at random; the tests want one that has some.
        return (storage, try #require(packs.withLock { $0.max { $0.entries.count < $1.entries.count } }))
    }

    private func keyring(_ identity: AgeIdentity? = nil, repository: Digest? = nil) -> RunKeyring {
        RunKeyring(repository: repository ?? self.repository, domain: "default", epochs: [1: identity ?? epoch])
    }

    /// Opens the first object with a changed entry, origin or neighbour's bytes.
    private func open(
        _ made: (storage: MemoryStorage, pack: FinishedPack), bytesOf source: PackEntry? = nil,
        as entry: (PackEntry) -> PackEntry = { $0 }, origin change: (PackOrigin) -> PackOrigin = { $0 },
        keyring ring: RunKeyring? = nil
    ) throws -> [UInt8] {
        let head = try PackHead(reading: made.pack.name, from: made.storage)
        let original = try head.entries(listKey)[0]
        let place = source ?? original
        let bytes = try #require(
            try made.storage.read(
                .pack(made.pack.name), fromOffset: Int(place.offsetBytes), count: Int(place.storedBytes)))
        let origin = change(head.origins[0])
        let key = try (ring ?? keyring()).packKey(origin, pack: made.pack.name)
        return try PackOpener().open(
            bytes.span, entry: entry(original), salt: origin.salt, key: key, idKey: naming
        ) { $0.copied() }
    }

    private func code(_ body: () throws -> Void) -> RepositoryError.Code? {
        #expect(throws: RepositoryError.self, performing: body)?.code
    }

    @Test func whatWasSealedOpens() throws {
        let made = try pack([someBytes(5000, seed: 1)], context: try context())
        #expect(try open(made) == someBytes(5000, seed: 1))
    }

    @Test func everyFieldOfAnEntryIsBound() throws {
        let made = try pack([try randomBytes(300)], context: try context())
        let changes: [(PackEntry) -> PackEntry] = [
            { $0.with(slot: $0.slot + 1) }, { $0.with(kind: .treePage) },
            { $0.with(id: ObjectID(Digest.of("other"))) }, { $0.with(plaintextBytes: $0.plaintextBytes - 1) },
            { $0.with(encoding: .zstd) }, { $0.with(storedBytes: $0.storedBytes + 1) },
        ]
        for change in changes { #expect(code { _ = try open(made, as: change) } == .damaged) }
    }

    @Test func objectsCannotBeSwapped() throws {
        let bodies = try (0..<8).map { _ in try randomBytes(300) }
        let made = try pack(bodies, context: try context())
        let entries = made.pack.entries
        try #require(entries.count >= 2)
        #expect(code { _ = try open(made, bytesOf: entries[1]) } == .damaged)
    }

    @Test func anotherSaltCommitmentRunOrHostIsRefused() throws {
        let made = try pack([try randomBytes(300)], context: try context())
        #expect(
            code { _ = try open(made, origin: { $0.with(salt: [UInt8](repeating: 1, count: 32)) }) } == .notAuthentic)
        let zeros = [UInt8](repeating: 0, count: 32)
        #expect(code { _ = try open(made, origin: { $0.with(commitment: zeros) }) } == .notAuthentic)
        #expect(code { _ = try open(made, origin: { $0.with(host: SignerID(Digest.of("mallory"))) }) } == .notAuthentic)
        let run = try RunID()
        #expect(code { _ = try open(made, origin: { $0.with(run: run) }) } == .notAuthentic)
    }

    @Test func aRunKeyOfAnotherRepositoryOrIdentityIsRefused() throws {
        let made = try pack([try randomBytes(300)], context: try context())
        let elsewhere = keyring(repository: Digest.of("elsewhere"))
        #expect(code { _ = try open(made, keyring: elsewhere) } == .notAuthentic)
        let stranger = keyring(try AgeIdentity.generate())
        #expect(code { _ = try open(made, keyring: stranger) } == .wrongKey)
        let empty = RunKeyring(repository: repository, domain: "default", epochs: [:])
        #expect(code { _ = try open(made, keyring: empty) } == .missingKey)
    }

    @Test func aSealedRunKeyPutIntoAnotherOriginIsRefused() throws {
        let one = try pack([try randomBytes(300)], context: try context())
        let two = try pack([try randomBytes(300)], context: try context())
        let other = try PackHead(reading: two.pack.name, from: two.storage).origins[0]
        #expect(code { _ = try open(one, origin: { $0.with(sealedRunKey: other.sealedRunKey) }) } == .notAuthentic)
    }

    @Test func everySingleByteOfTheOriginsAndTheDirectoryIsBound() throws {
        let made = try pack([try randomBytes(300)], context: try context())
        let name = "packs/\(made.pack.name)"
        let bytes = try #require(made.storage[name])
        let head = try PackHead(reading: made.pack.name, from: made.storage)
        var refused = 0
        for offset in head.objectAreaBytes..<bytes.count {
            var changed = bytes
            changed[offset] ^= 0x01
            let error = #expect(throws: RepositoryError.self, "offset \(offset)") {
                let head = try PackHead(name: made.pack.name, sizeBytes: changed.count, tail: changed.span)
                _ = try head.entries(listKey)
            }
            #expect([.damaged, .wrongKey].contains(error?.code), "offset \(offset): \(String(describing: error))")
            refused += 1
        }
        print("changed bytes of directory, origins and footer, all refused: \(refused)")
    }

    @Test(
        "A writer's frame that grows beyond, or stays below, the length it says is damage",
        arguments: [
            // Says 64 KiB, or as much as an object may have; or more than it may, or more than the frame holds.
            UInt32(64 << 10), UInt32(PackLayout.maximumObjectBytes), UInt32(PackLayout.maximumObjectBytes + 1), .max,
        ])
    func bomb(saidBytes: UInt32) throws {
        let frameBytes = 32 << 20
        var compressor = try Compressor(level: 3)
        var frame = [UInt8](repeating: 0, count: Compressor.bound(frameBytes))
        var output = frame.mutableSpan
        let frameLength = try #require(
            try compressor.compress([UInt8](repeating: 0, count: frameBytes).span, into: &output))
        for (frames, says) in [(64, saidBytes), (1, UInt32(frameBytes + 1))] {
            let bomb = Array(repeatElement(frame[..<frameLength], count: frames).joined())
            let salt = try randomBytes(32)
            let entry = PackEntry(
                link: ObjectLink(.chunk, ObjectID(Digest.of("bomb"))), encoding: .zstd, origin: 0, slot: 0,
                offsetBytes: 0, storedBytes: UInt32(bomb.count + AEAD.tagByteCount), plaintextBytes: says,
                bodyDigest: nil, links: [])
            var key = try AEADKey(.aes256GCM, key: try randomSecret(32))
            var sealed = [UInt8](repeating: 0, count: bomb.count + AEAD.tagByteCount)
            var target = sealed.mutableSpan
            try key.seal(
                bomb.span, nonce: entry.nonce, associatedData: entry.associatedData(salt: salt).span, into: &target)
            var opener = try ObjectOpener()
            var opened = 0
            do throws(RepositoryError) {
                opened = try opener.open(sealed.span, entry: entry, salt: salt, key: &key) { $0.count }
            } catch { #expect(error.code == .damaged) }
            #expect(opened == 0)
        }
    }

    @Test func aFullDiskIsTheErrorOfEveryLaterCall() throws {
        let storage = MemoryStorage()
        storage.failPuts()
        let key = RunKey(try randomSecret(32), context: try context())
        let pipeline = try PackPipeline(
            PackPipeline.Settings(
                storage: storage, naming: naming, listKey: listKey, runKey: key,
                sealedRunKey: try RunKeyring.seal(key, to: try #require(epoch.recipient)), targetObjectBytes: 4096),
            known: ObjectPlaces(), stored: { _ in })
        #expect(
            code {
                while true {
                    let body = try randomBytes(2000)
                    try pipeline.put(NewObject(chunk: body, id: naming.chunkID(of: body.span)))
                }
            } == .noSpace)
        #expect(code { try pipeline.finish() } == .noSpace)
    }
}

extension PackEntry {
    fileprivate func with(
        kind: ObjectKind? = nil, id: ObjectID? = nil, encoding: BodyEncoding? = nil, slot: UInt32? = nil,
        plaintextBytes: UInt32? = nil, storedBytes: UInt32? = nil
    ) -> PackEntry {
        PackEntry(
            link: ObjectLink(kind ?? link.kind, id ?? link.id), encoding: encoding ?? self.encoding, origin: origin,
            slot: slot ?? self.slot, offsetBytes: offsetBytes, storedBytes: storedBytes ?? self.storedBytes,
            plaintextBytes: plaintextBytes ?? self.plaintextBytes, bodyDigest: bodyDigest, links: links)
    }
}

extension PackOrigin {
    fileprivate func with(
        run: RunID? = nil, host: SignerID? = nil, salt: [UInt8]? = nil, commitment: [UInt8]? = nil,
        sealedRunKey: [UInt8]? = nil
    ) -> PackOrigin {
        PackOrigin(
            epoch: epoch, run: run ?? self.run, host: host ?? self.host, salt: salt ?? self.salt,
            commitment: commitment ?? self.commitment, sealedRunKey: sealedRunKey ?? self.sealedRunKey)
    }
}
