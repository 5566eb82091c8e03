import DRCrypto
import Testing

@testable import DRRepository

/// A reader in shares: who has enough of them reads, who has not does not.
@Suite struct EscrowTests {
    private func split(
        _ test: TestRepository, threshold: Int = 2, shares: Int = 3, bytes: Int = 32
    ) throws -> (texts: [String], slot: SlotRecord) {
        var texts: [String] = []
        let (repository, keys) = try test.reopened()
        let slot = try repository.addingEscrow(
            threshold: threshold, shares: shares, secretByteCount: bytes, keys: keys, ownerFile: test.ownerFile,
            time: test.time
        ) { files in texts = files.map { String(decoding: $0.text.withBytes { $0.copied() }, as: UTF8.self) } }.slot
        return (texts, slot)
    }

    private func recover(_ texts: [String]) throws(RepositoryError) -> Escrow.Recovered {
        var sources: [Escrow.Source] = []
        for (index, text) in texts.enumerated() {
            sources.append(Escrow.Source(name: "share \(index + 1)", text: try secret(Array(text.utf8))))
        }
        return try Escrow.recover(from: sources)
    }

    private func refusal(_ texts: [String]) -> RepositoryError? {
        do throws(RepositoryError) {
            _ = try recover(texts)
            return nil
        } catch { return error }
    }

    private func words(_ text: String) -> [String] {
        (text.split(separator: "\n").last ?? "").split(separator: " ").map(String.init)
    }

    @Test(arguments: [(2, 3, 32, 33), (3, 5, 16, 20)])
    func enoughSharesOpenWhatIsWrittenBeforeAndAfter(threshold: Int, shares: Int, bytes: Int, count: Int) throws {
        let test = try TestRepository()
        try test.backUp([someBytes(3000, seed: 1)])
        let (texts, slot) = try split(test, threshold: threshold, shares: shares, bytes: bytes)
        #expect(slot.label == "escrow \(threshold)-of-\(shares)" && texts.count == shares)
        #expect(texts.allSatisfy { words($0).count == count })
        // An epoch later the slot is still there: nobody needs the shares for that.
        let (repository, keys) = try test.reopened()
        _ = try repository.rotating(keys: keys, ownerFile: test.ownerFile, time: test.time)
        try test.backUp([someBytes(3000, seed: 2)], keys: try test.reopened().keys)
        let recovered = try recover(Array(texts.suffix(threshold)))
        #expect(recovered.recipient == slot.recipient && recovered.repository == test.repository.id)
        let identity = try Identity.parse(recovered.identityFile)
        #expect(identity.pinnedRepository == test.repository.id)
        let (now, _) = try test.reopened()
        let reader = try now.unlock(identity)
        #expect(now.verify(VerificationRequest(level: .content, keys: reader)).findings.isEmpty)
        #expect(now.snapshots(reader, ledger: try Ledger(reading: now)).snapshots.count == 2)
    }

    @Test func fewerSharesAreRefusedAndSayHowManyAreMissing() throws {
        let (texts, _) = try split(TestRepository(), threshold: 3, shares: 5)
        let one = refusal([texts[4]])
        #expect(one?.code == .invalidKeyFile && one?.message == "1 of the 3 shares that are needed: 2 more")
        #expect(refusal([texts[1], texts[1], texts[1]])?.message == "1 of the 3 shares that are needed: 2 more")
        #expect(refusal([])?.code == .invalidKeyFile)
        #expect(refusal(["# nothing\n\n"])?.message == "share 1 holds no share")
    }

    @Test func aWrongWordIsNamedWithItsShare() throws {
        let (texts, _) = try split(TestRepository())
        var typed = words(texts[1])
        typed[6] = "acadmic"
        let unknown = refusal([texts[0], "\n" + typed.joined(separator: " ")])
        #expect(unknown?.code == .invalidKeyFile && unknown?.hint == "the nearest word is \"academic\"")
        #expect(unknown?.message == "share 2, line 2: word 7, \"acadmic\", is not in the list of SLIP-39")
        var swapped = words(texts[1])
        swapped[6] = swapped[6] == "acid" ? "academic" : "acid"
        let wrong = refusal([texts[0], swapped.joined(separator: " ")])
        #expect(wrong?.code == .invalidKeyFile && wrong?.message.hasPrefix("share 2, line 1: the checksum") == true)
        #expect(wrong?.message.contains("acid") == false)
    }

    @Test func sharesOfTwoSetsAndTwoRepositoriesAreRefused() throws {
        let test = try TestRepository()
        let (one, two) = (try split(test).texts, try split(test).texts)
        if words(one[0]).prefix(2) != words(two[0]).prefix(2) {
            #expect(refusal([one[0], two[1]])?.code == .notAuthentic)
        }
        let other = try split(TestRepository()).texts
        #expect(refusal([one[0], other[1]])?.message.contains("another repository") == true)
    }

    /// The words alone are enough: nothing else of the file goes into the key.
    @Test func wordsAloneMakeTheSameIdentityWithoutAPin() throws {
        let (texts, slot) = try split(TestRepository())
        let typed = texts.dropFirst().map { words($0).joined(separator: "  ").uppercased() }.joined(separator: "\r\n")
        let recovered = try recover([typed])
        #expect(recovered.recipient == slot.recipient && recovered.repository == nil)
        #expect(try Identity.parse(recovered.identityFile).pinnedRepository == nil)
    }

    /// Made with Python: HKDF(SHA256, 32, None, b"drctl/1/escrow") over the bytes 0 to 31, as an X25519 private key.
    @Test func theIdentityFollowsFromTheSecretAsDocumented() throws {
        let identity = try Escrow.identity(of: try SecretBytes(copying: Array(UInt8(0)..<32)))
        #expect(identity.recipient == "age147xu6uwxtkfr070v85qzry8dk4gtsrdt0q9ghmclydtyp4m5wc2q2sl99w")
    }

    @Test func whoMayNotAddAReaderGetsNoShares() throws {
        let test = try TestRepository()
        let writer = try test.repository.unlock(try Identity.parse(test.writerFile))
        for (keys, owner) in [(writer, test.ownerFile), (test.keys, try TestRepository().ownerFile)] {
            #expect(throws: RepositoryError.self) {
                try test.repository.addingEscrow(
                    threshold: 2, shares: 3, secretByteCount: 32, keys: keys, ownerFile: owner, time: test.time
                ) { _ in Issue.record("shares were handed out") }
            }
        }
        #expect(try test.reopened().repository.slots.count == 1)
    }

    @Test func anEscrowIsRemovedByItsLabel() throws {
        let test = try TestRepository()
        let (texts, slot) = try split(test)
        let (repository, keys) = try test.reopened()
        let removed = try repository.removingSlot(
            slot.label, reason: nil, keys: keys, ownerFile: test.ownerFile, time: test.time
        ).repository
        let identity = try Identity.parse(try recover(texts).identityFile)
        #expect(throws: RepositoryError.self) { try removed.unlock(identity) }
    }
}
