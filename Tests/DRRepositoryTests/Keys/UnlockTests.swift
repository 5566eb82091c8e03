import DRCrypto
import Foundation
import Testing

@testable import DRRepository

/// Who opens a repository, and what the others are told.
@Suite struct UnlockTests {
    static let agePath = ["/usr/bin/age", "/usr/local/bin/age"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test func anotherIdentityOpensNothingAndIsToldWhichSlotsWereTried() throws {
        let test = try TestRepository()
        let stranger = try #require(try AgeIdentity.generate().text())
        let error = #expect(throws: RepositoryError.self) { try test.repository.unlock(try Identity.parse(stranger)) }
        #expect(error?.code == .wrongKey)
        #expect(error?.message.contains(try #require(test.repository.slots.first).label) == true)
    }

    @Test func aPassphraseOpensItsSlotAndAnotherDoesNot() throws {
        let passphrase = try SecretBytes(copying: Array("correct horse".utf8))
        let test = try TestRepository(readers: [.passphrase(passphrase, label: "safe", workFactor: 17)])
        #expect(try test.repository.unlock(.passphrase(passphrase)).opensContent)
        let wrong = try SecretBytes(copying: Array("wrong horse".utf8))
        let error = #expect(throws: RepositoryError.self) { try test.repository.unlock(.passphrase(wrong)) }
        #expect(error?.code == .wrongKey)
        #expect(error?.message.contains("safe") == true)
    }

    @Test func aWorkFactorThatIsTooSmallIsRefused() throws {
        let passphrase = try SecretBytes(copying: Array("correct horse".utf8))
        let error = #expect(throws: RepositoryError.self) {
            try TestRepository(readers: [.passphrase(passphrase, label: "safe", workFactor: 16)])
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test func aSlotAddedLaterOpensAndNeedsTheOwner() throws {
        let test = try TestRepository()
        let later = try AgeIdentity.generate()
        let recipient = try #require(later.recipient?.text)
        let added = try test.repository.addingSlot(
            for: .recipient(recipient), keys: test.keys, ownerFile: test.ownerFile, time: test.time)
        #expect(added.slot.label == recipient)
        let again = #expect(throws: RepositoryError.self) {
            try added.repository.addingSlot(
                for: .recipient(recipient), keys: test.keys, ownerFile: test.ownerFile, time: test.time)
        }
        #expect(again?.code == .invalidArgument)
        let text = try #require(try later.text())
        let reopened = try Repository(opening: test.storage, pinned: test.repository.id)
        #expect(try reopened.unlock(try Identity.parse(text)).opensContent)
        let other = try TestRepository()
        let error = #expect(throws: RepositoryError.self) {
            try test.repository.addingSlot(
                for: .recipient(recipient), keys: test.keys, ownerFile: other.ownerFile, time: test.time)
        }
        #expect(error?.code == .wrongKey)
    }

    @Test func anotherRepositoryInItsPlaceIsRefused() throws {
        let test = try TestRepository()
        let other = try TestRepository()
        let pinned = #expect(throws: RepositoryError.self) {
            try Repository(opening: other.storage, pinned: test.repository.id)
        }
        #expect(pinned?.code == .notAuthentic)
        // Unpinned it opens, but not with an identity that names its repository.
        let unpinned = try Repository(opening: other.storage, pinned: nil)
        let error = #expect(throws: RepositoryError.self) { try unpinned.unlock(try Identity.parse(test.identityFile)) }
        #expect(error?.code == .notAuthentic)
    }

    /// Anybody can seal files to a public recipient: neither a forged slot nor a forged writer secret is taken up.
    @Test func forgedKeyFilesAreRefused() throws {
        let test = try TestRepository()
        let place = KeyPlace(repository: test.repository.id, domain: "default", epoch: 1)
        let name = try #require(test.storage.names(in: .domains).first { $0.contains("writer-secret") })
        let forged = try WriterSecret(idKey: try randomSecret(32), listKeys: [1: try randomSecret(32)]).seal(
            of: place, to: test.keys.recipient)
        let copy = test.storage.copy()
        copy[name] = forged
        let error = #expect(throws: RepositoryError.self) { try test.reopened(copy) }
        #expect(error?.code == .damaged)
        let gone = test.storage.copy()
        gone[name] = nil
        #expect(#expect(throws: RepositoryError.self) { try test.reopened(gone) }?.code == .damaged)
        let slot = try #require(test.repository.slots.first)
        let swapped = test.storage.copy()
        swapped[slot.path.text] = try EpochSlot.seal(
            [1: try AgeIdentity.generate()], of: place, to: try recipient(slot.label))
        #expect(#expect(throws: RepositoryError.self) { try test.reopened(swapped) }?.code == .notAuthentic)
    }

    @Test(.enabled(if: agePath != nil, "age is not installed: stock age was not shown a slot"))
    func stockAgeOpensASlotAndWithItARunKey() throws {
        let test = try TestRepository()
        try test.backUp([someBytes(1000, seed: 1)])
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("drctl-age-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let slot = try #require(test.repository.slots.first)
        let identity = folder.appendingPathComponent("identity")
        try Data(test.identityFile.withBytes { $0.copied() }).write(to: identity)
        let epoch = try age(["-i", identity.path], try #require(test.storage[slot.path.text]), in: folder)
        #expect(String(decoding: epoch, as: UTF8.self).contains("# repository: \(test.repository.id)"))
        let epochFile = folder.appendingPathComponent("epoch")
        try Data(epoch).write(to: epochFile)
        let digits = try #require(test.storage.names(in: .packs).first?.split(separator: "/").last)
        let pack = try #require(Digest(hex: digits))
        let origin = try #require(try PackHead(reading: pack, from: test.storage).origins.first)
        let runKey = String(decoding: try age(["-i", epochFile.path], origin.sealedRunKey, in: folder), as: UTF8.self)
        #expect(runKey.contains("\"schema\":\"drctl/run-key/1\""))
        #expect(runKey.contains(origin.run.description))
    }

    @Test func aRepositoryForARecipientFromOutsideOpensWithItsIdentity() throws {
        let outside = try AgeIdentity.generate()
        let test = try TestRepository(readers: [.recipient(try #require(outside.recipient?.text))])
        // As age-keygen writes it.
        let file = Array(
            "# created: 2026-01-01T00:00:00Z\n# public key: \(try #require(outside.recipient?.text))\n".utf8)
        let text = try #require(try outside.text()).withBytes { $0.copied() }
        let keys = try test.repository.unlock(try Identity.parse(try SecretBytes(copying: file + text + [10])))
        #expect(keys.opensContent)
        #expect(keys.signer == nil)
        let error = #expect(throws: RepositoryError.self) {
            try WriteSession(test.repository, keys: keys, time: test.time)
        }
        #expect(error?.code == .missingKey)
    }

    private func age(_ arguments: [String], _ file: [UInt8], in folder: URL) throws -> [UInt8] {
        let sealed = folder.appendingPathComponent("sealed-\(UUID())")
        try Data(file).write(to: sealed)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.agePath))
        process.arguments = ["-d"] + arguments + [sealed.path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return Array(bytes)
    }
}
