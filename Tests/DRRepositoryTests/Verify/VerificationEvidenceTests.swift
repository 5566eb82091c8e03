import DRCrypto
import Testing

@testable import DRRepository

/// What a signed verification proves, and to whom.
@Suite struct VerificationEvidenceTests {
    private func evidence(_ fixture: VerifierFixture, by signer: Identity? = nil) throws -> [UInt8] {
        let found = try fixture.verify(as: fixture.verifier)
        let (repository, _) = try fixture.test.reopened()
        let statement = try #require(
            VerificationStatement(found, of: repository, scope: VerificationScope()))
        return try VerificationEvidence.sealed(statement, of: repository, by: signer ?? fixture.verifier)
    }

    @Test func itStandsAloneAgainstThePinnedID() throws {
        let fixture = try VerifierFixture()
        try fixture.backUp(1)
        let bytes = try evidence(fixture)
        let id = fixture.test.repository.id
        let opened = try VerificationEvidence(opening: bytes, pinned: id)
        #expect(opened.host == "auditor" && opened.isVerifier && opened.repository == id)
        let predicate = opened.statement.predicate
        #expect(predicate.verdict == "holds" && predicate.level == "stored" && predicate.record?.counter == 1)
        #expect(predicate.packsRead == predicate.packsExpected && predicate.packsRead > 1)
        let (now, _) = try fixture.test.reopened()
        _ = try VerificationEvidence(opening: bytes, pinned: nil, now: now)
        let foreign = #expect(throws: RepositoryError.self) {
            try VerificationEvidence(opening: bytes, pinned: Digest.of([1]))
        }
        #expect(foreign?.code == .notAuthentic)
    }

    @Test func everyChangedByteIsRefused() throws {
        let fixture = try VerifierFixture()
        try fixture.backUp(1)
        let bytes = try evidence(fixture)
        let id = fixture.test.repository.id
        var accepted = 0
        for offset in stride(from: 0, to: bytes.count, by: 7) {
            var changed = bytes
            changed[offset] ^= 1
            do throws(RepositoryError) {
                let opened = try VerificationEvidence(opening: changed, pinned: id)
                // What is around the signed bytes may differ; what they say may not.
                #expect(opened.statement.predicate.verdict == "holds" && opened.host == "auditor")
                accepted += 1
            } catch { #expect([.notAuthentic, .damaged, .unsupportedFormat].contains(error.code)) }
        }
        #expect(accepted == 0)
        for cut in [0, 1, bytes.count / 2, bytes.count - 1] {
            #expect(throws: RepositoryError.self) {
                try VerificationEvidence(opening: Array(bytes.prefix(cut)), pinned: id)
            }
        }
    }

    @Test func aWritersEvidenceSaysThatItIsNoVerifiers() throws {
        let fixture = try VerifierFixture()
        try fixture.backUp(1)
        let writer = try Identity.parse(fixture.test.identityFile)
        let opened = try VerificationEvidence(
            opening: try evidence(fixture, by: writer), pinned: fixture.test.repository.id)
        #expect(opened.host == "alpha" && !opened.isVerifier)
    }

    @Test func whoSignsNothingMakesNoEvidence() throws {
        let fixture = try VerifierFixture()
        let other = try TestRepository()
        for identity in [nil, try Identity.parse(other.writerFile)] {
            let refusal = #expect(throws: RepositoryError.self) {
                try VerificationEvidence.check(identity, canSignFor: fixture.test.repository)
            }
            #expect(refusal?.code == .missingKey)
        }
    }

    /// What the verifier recorded before it was revoked counts; what it signs after that, or without a record, does not.
    @Test func ofARevokedVerifierOnlyWhatItsLogShowsCounts() throws {
        let fixture = try VerifierFixture()
        try fixture.backUp(1)
        let before = try evidence(fixture)
        let (repository, _) = try fixture.test.reopened()
        let found = try fixture.verify()
        let unrecorded = try VerificationEvidence.sealed(
            try #require(VerificationStatement(found, of: repository, scope: VerificationScope())), of: repository,
            by: fixture.verifier)
        _ = try repository.revokingHost(
            "auditor", reason: "stolen", ownerFile: fixture.test.ownerFile, time: fixture.test.time)
        let (now, _) = try fixture.test.reopened()
        _ = try VerificationEvidence(opening: before, pinned: nil, now: now)
        // By the chain that it holds it still is what it was.
        _ = try VerificationEvidence(opening: unrecorded, pinned: repository.id)
        let refusal = #expect(throws: RepositoryError.self) {
            try VerificationEvidence(opening: unrecorded, pinned: nil, now: now)
        }
        #expect(refusal?.code == .notAuthentic)
        #expect(throws: RepositoryError.self) { try evidence(fixture) }
    }

    @Test func aRecordThatIsGoneFromTheRepositoryIsSaid() throws {
        let fixture = try VerifierFixture()
        try fixture.backUp(1)
        let old = fixture.test.storage.copy()
        let bytes = try evidence(fixture)
        let (rolledBack, _) = try fixture.test.reopened(old)
        let refusal = #expect(throws: RepositoryError.self) {
            try VerificationEvidence(opening: bytes, pinned: nil, now: rolledBack)
        }
        #expect(refusal?.code == .rolledBack)
    }
}
