import DRCrypto
import DRSystem
import Foundation
import SystemPackage
import Testing

@testable import DRRepository

/// A repository of format 1 that is kept for ever, and what has to be said of it when it is changed.
@Suite struct FixtureTests {
    /// One change, and what a reader says of it.
    struct Vector: Codable, Sendable, CustomTestStringConvertible {
        struct Edit: Codable, Sendable {
            var flip: String?
            var at: Int?
            var bit: Int?
            var cut: String?
            var grow: String?
            var by: Int?
            var remove: String?
            var copy: String?
            var to: Either?
            var write: String?
            var hex: String?
        }

        /// A length or a path.
        enum Either: Codable, Sendable {
            case count(Int)
            case path(String)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let count = try? container.decode(Int.self) {
                    self = .count(count)
                } else {
                    self = .path(try container.decode(String.self))
                }
            }

            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                switch self {
                case .count(let count): try container.encode(count)
                case .path(let path): try container.encode(path)
                }
            }
        }

        var name: String
        var edits: [Edit]
        /// The class of failure.
        var `is`: String

        var testDescription: String { name }
    }

    static let folder = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        .appending("Fixtures/Repository")

    static func file(_ name: String) throws -> [UInt8] {
        try DurableFile.read(at: folder.appending(name), limit: 1 << 20)
    }

    static let vectors: [Vector] =
        (try? JSONDecoder().decode([Vector].self, from: Data(file("vectors.json")))) ?? []

    static func storage(_ name: String = "repository") throws -> MemoryStorage {
        let storage = MemoryStorage { 1_800_000_000_000_000_000 }
        let base = folder.appending(name).string
        for path in try FileManager.default.subpathsOfDirectory(atPath: base) {
            guard try FileStatus.ifPresent(at: FilePath("\(base)/\(path)"))?.kind == .regular else { continue }
            storage[path] = try file("\(name)/\(path)")
        }
        return storage
    }

    static func identity(_ name: String) throws -> Identity {
        try Identity.parse(try SecretBytes(copying: file(name)))
    }

    @Test(arguments: ["identity.txt", "passphrase.txt"])
    func aRepositoryOfThisFormatIsReadForEver(name: String) throws {
        let identity =
            name == "identity.txt"
            ? try Self.identity(name)
            : Identity.passphrase(try SecretBytes(copying: Array(Self.file(name).dropLast())))
        let repository = try Repository(opening: try Self.storage(), pinned: identity.pinnedRepository)
            .choosing(domain: nil, for: identity)
        let keys = try repository.unlock(identity)
        let verification = repository.verify(VerificationRequest(level: .content, keys: keys))
        #expect(verification.findings.map(\.error.description) == [])
        #expect(verification.snapshots.map(\.verdict) == [.holds, .holds])
        let ledger = try Ledger(reading: repository)
        #expect(ledger.removals.pinned.values.map { $0 } == [["kept"]])
        let catalog = repository.snapshots(keys, ledger: ledger)
        let place = try TemporaryTree()
        let request = RestoreRequest(
            root: try catalog.latest("fixture").manifest.root, target: place.path.appending("target"))
        let source = try repository.reader(keys, ledger: ledger).source
        _ = try Restore(from: source).run(request)
        #expect(try RestoreCheck(against: source).run(request).isEqual == true)
        let expected = try JSONDecoder().decode([String: String].self, from: Data(Self.file("files.json")))
        for (path, digest) in expected {
            let bytes = try #require(Hexadecimal.bytes(path))
            var folder = try place.handle("target")
            let names = try #require(TreeRoot.components(ofRelative: bytes))
            for name in names.dropLast() { folder = try folder.openDirectory(name) }
            var content: [UInt8] = []
            _ = try folder.openFile(names[names.count - 1]).read(upTo: 8 << 20, appendingTo: &content)
            #expect(Digest.of(content).hex == digest, "\(path)")
        }
        #expect(expected.count == 47)
    }

    @Test(arguments: [("writer.key", 2), ("lister.key", 2), ("pruner.key", 2), ("other.txt", 1), ("other.key", 1)])
    func everyIdentityOpensItsPart(name: String, snapshots: Int) throws {
        let identity = try Self.identity(name)
        let repository = try Repository(opening: try Self.storage(), pinned: identity.pinnedRepository)
            .keepingSlots(in: try Self.storage("slots")).choosing(domain: nil, for: identity)
        let keys = try repository.unlock(identity)
        let catalog = repository.snapshots(keys, ledger: try Ledger(reading: repository))
        #expect(catalog.snapshots.count == snapshots && catalog.faults.isEmpty)
        // What is read for ever can also be written to.
        guard name == "writer.key" else { return }
        let session = try WriteSession(repository, keys: keys, time: FixedTime.farFuture)
        let content = [UInt8](repeating: UInt8(ascii: "z"), count: 600_000)
        #expect(session.sink.contains(session.sink.naming.chunkID(of: content)))
        #expect(!session.sink.contains(session.sink.naming.chunkID(of: Array("other".utf8))))
        session.abandon()
    }

    @Test func thereAreEnoughVectors() throws {
        #expect(Self.vectors.count >= 60)
        let names = Set(Self.vectors.map(\.name))
        #expect(names.count == Self.vectors.count)
        let classes = Set(Self.vectors.map(\.is))
        #expect(
            classes == ["harmless", "noRepository", "wrongKey", "damaged", "notAuthentic", "notEstablished"])
    }

    @Test(arguments: vectors)
    func whatIsChangedIsNamed(vector: Vector) throws {
        let storage = try Self.storage()
        for edit in vector.edits { try Self.apply(edit, to: storage) }
        let found = try Self.classOfFailure(storage)
        #expect(found.0 == vector.is, "\(found.1)")
    }

    private static func apply(_ edit: Vector.Edit, to storage: MemoryStorage) throws {
        if let path = edit.flip {
            storage[path]?[try #require(edit.at)] ^= 1 << UInt8(try #require(edit.bit))
        } else if let path = edit.cut, case .count(let count)? = edit.to {
            storage[path] = storage[path].map { Array($0.prefix(count)) }
        } else if let path = edit.grow {
            storage[path]? += [UInt8](repeating: 0, count: try #require(edit.by))
        } else if let path = edit.remove {
            storage[path] = nil
        } else if let path = edit.copy, case .path(let target)? = edit.to {
            storage[target] = storage[path]
        } else if let path = edit.write {
            storage[path] = edit.hex.flatMap { Hexadecimal.bytes($0) }
        } else {
            Issue.record("an edit that is none")
        }
    }

    /// What opening, unlocking and verifying every byte says.
    private static func classOfFailure(_ storage: MemoryStorage) throws -> (String, [String]) {
        let identity = try identity("identity.txt")
        do throws(RepositoryError) {
            let repository = try Repository(opening: storage, pinned: identity.pinnedRepository)
                .choosing(domain: nil, for: identity)
            let verification = repository.verify(
                VerificationRequest(level: .content, keys: try repository.unlock(identity)))
            let worst = verification.findings.min { $0.condition < $1.condition }
            let name: String
            switch worst?.condition {
            case nil: name = "harmless"
            case .notAuthentic: name = "notAuthentic"
            case .damaged, .damagedWithCopy: name = "damaged"
            case .keyMissing: name = "wrongKey"
            case .notEstablished: name = "notEstablished"
            }
            return (name, verification.findings.map(\.error.description))
        } catch {
            let name: String
            switch error.code {
            case .noRepository: name = "noRepository"
            case .wrongKey, .missingKey: name = "wrongKey"
            case .notAuthentic, .rolledBack: name = "notAuthentic"
            case .damaged, .missingObject, .missingPack, .unsupportedFormat: name = "damaged"
            default: name = error.code.rawValue
            }
            return (name, [error.description])
        }
    }
}
