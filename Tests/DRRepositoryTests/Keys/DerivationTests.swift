import DRCrypto
import DRSystem
import Foundation
import SystemPackage
import Testing

@testable import DRRepository

/// Keys, ids and boxes come out as an independent implementation, in Python, has them.
@Suite struct DerivationTests {
    struct File: Decodable {
        let source: String
        let cases: [Vector]
    }

    struct Vector: Codable, Sendable, CustomTestStringConvertible {
        struct Link: Codable, Sendable {
            let kind: UInt8
            let id: Digest
        }

        let runKey, salt, idKey, listKey, packKey, commitment, body, associatedData, sealed, gearSeed, box: String
        let repository, host, chunkID, bodyDigest, nodeID, idKeyCommitment, listKeyCommitment: Digest
        let domain: String
        let epoch, slot: UInt32
        let run: RunID
        let links: [Link]

        var testDescription: String { "epoch \(epoch)" }
    }

    static let vectors: [Vector] = {
        // A missing file leaves none, which the first test reports.
        guard let folder = Bundle.module.resourcePath,
            let bytes = try? DurableFile.read(at: FilePath("\(folder)/Vectors/keys.json"), limit: 1 << 20)
        else { return [] }
        return (try? JSONDecoder().decode(File.self, from: Data(bytes)))?.cases ?? []
    }()

    @Test func theVectorsAreThere() { #expect(Self.vectors.count == 4) }

    @Test(arguments: vectors)
    func packKeys(vector: Vector) throws {
        let key = RunKey(
            try secret(bytes(vector.runKey)),
            context: RunContext(
                repository: vector.repository, domain: vector.domain, epoch: vector.epoch, run: vector.run,
                host: SignerID(vector.host)))
        let derived = try key.packKey(salt: bytes(vector.salt))
        #expect(Hexadecimal.text(derived.key.withBytes { $0.copied() }) == vector.packKey)
        #expect(Hexadecimal.text(derived.commitment) == vector.commitment)
    }

    @Test(arguments: vectors)
    func ids(vector: Vector) throws {
        let key = try IDKey(try secret(bytes(vector.idKey)))
        let body = try bytes(vector.body)
        #expect(key.chunkID(of: body.span).value == vector.chunkID)
        let links = try vector.links.map { ObjectLink(try #require(ObjectKind(rawValue: $0.kind)), ObjectID($0.id)) }
        let name = key.name(.treePage, body: body, links: links)
        #expect(name.bodyDigest == vector.bodyDigest)
        #expect(name.id.value == vector.nodeID)
        #expect(key.id(.treePage, bodyDigest: name.bodyDigest, links: links) == name.id)
        #expect(Hexadecimal.text(key.seed(for: "gear")) == vector.gearSeed)
        #expect(key.commitment == vector.idKeyCommitment)
    }

    @Test(arguments: vectors)
    func sealedObjects(vector: Vector) throws {
        let body = try bytes(vector.body)
        let sealed = try bytes(vector.sealed)
        let entry = PackEntry(
            link: ObjectLink(.chunk, ObjectID(vector.chunkID)), encoding: .plain, origin: 0, slot: vector.slot,
            offsetBytes: 8, storedBytes: UInt32(sealed.count), plaintextBytes: UInt32(body.count), bodyDigest: nil,
            links: [])
        let salt = try bytes(vector.salt)
        #expect(Hexadecimal.text(entry.associatedData(salt: salt)) == vector.associatedData)
        let opener = try PackOpener()
        let key = try secret(bytes(vector.packKey))
        let idKey = try IDKey(try secret(bytes(vector.idKey)))
        let opened = try opener.open(sealed.span, entry: entry, salt: salt, key: key, idKey: idKey) { $0.copied() }
        #expect(opened == body)
    }

    @Test(arguments: vectors)
    func boxes(vector: Vector) throws {
        let key = try ListKey(
            try secret(bytes(vector.listKey)), repository: vector.repository, domain: vector.domain)
        #expect(try ListKey.commitment(of: key.secret) == vector.listKeyCommitment)
        let clear = Array("in clear".utf8)
        let box = try bytes(vector.box)
        #expect(try key.open(box, for: .directory, authenticating: clear, name: "box") == bytes(vector.body))
        // What a box is for and what lies beside it in clear are part of it.
        let elsewhere = #expect(throws: RepositoryError.self) {
            try key.open(box, for: .index, authenticating: clear, name: "box")
        }
        #expect(elsewhere?.code == .wrongKey)
        let changed = #expect(throws: RepositoryError.self) {
            try key.open(box, for: .directory, authenticating: [], name: "box")
        }
        #expect(changed?.code == .damaged)
    }

    private func bytes(_ text: String) throws -> [UInt8] { try #require(Hexadecimal.bytes(text)) }
}
