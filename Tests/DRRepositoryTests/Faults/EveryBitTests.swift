import DRCrypto
import DRSystem
import Foundation
import Testing

@testable import DRRepository

/// Every bit of a small repository, flipped one at a time. All of them where `DRCTL_EVERY_BIT` is set, which takes
/// minutes; every 499th otherwise.
@Suite struct EveryBitTests {
    private static let stride = ProcessInfo.processInfo.environment["DRCTL_EVERY_BIT"] == nil ? 499 : 1
    /// Everything is read back after each of so many flips: that costs more than finding them.
    private static let readEvery = 61

    private static func fixture() throws -> TestRepository {
        let test = try TestRepository()
        try test.backUp([someBytes(9000, seed: 1), someBytes(300, seed: 2)])
        try test.backUp([someBytes(9000, seed: 1), someBytes(500, seed: 3)])
        return test
    }

    /// The contents of every snapshot that the storage gives, by the snapshot; nil for a file that does not open.
    private static func restore(
        _ test: TestRepository, _ storage: MemoryStorage
    ) throws -> [Digest: [[UInt8]?]] {
        let (repository, keys) = try test.reopened(storage)
        let ledger = try Ledger(reading: repository)
        let reader = try repository.reader(keys, ledger: ledger).source
        var found: [Digest: [[UInt8]?]] = [:]
        for snapshot in repository.snapshots(keys, ledger: ledger).snapshots {
            guard let root = try? reader.read(snapshot.manifest.root) else {
                found[snapshot.id] = [nil, nil]
                continue
            }
            found[snapshot.id] = root.links.map { try? reader.read($0).body }
        }
        return found
    }

    private func findings(_ test: TestRepository, _ storage: MemoryStorage) -> Int {
        do {
            let (repository, keys) = try test.reopened(storage)
            return repository.verify(VerificationRequest(level: .stored, keys: keys)).findings.count
        } catch { return 1 }
    }

    @Test(arguments: [StorageFolder.config, .domains, .packs, .indexes, .snapshots, .logs])
    func everyFlippedBitIsFoundAndNoneIsRestored(folder: StorageFolder) throws {
        let test = try Self.fixture()
        let good = try Self.restore(test, test.storage)
        #expect(good.count == 2 && good.values.allSatisfy { $0.count == 2 && !$0.contains(nil) })
        #expect(findings(test, test.storage) == 0)
        var (flips, missed, read, wrong) = (0, [String](), 0, [String]())
        for name in test.storage.names(in: folder) {
            let original = try #require(test.storage[name])
            // A pack is long; to check it alone finds what checking the repository does.
            let pack = folder == .packs ? Digest(hex: String(name.dropFirst("packs/".count))) : nil
            for bit in Swift.stride(from: flips % Self.stride, to: original.count * 8, by: Self.stride) {
                let copy = test.storage.copy()
                copy[name]?[bit / 8] ^= 1 << UInt8(bit % 8)
                flips += 1
                if let pack {
                    let verifier = PackVerifier(storage: copy, keys: nil)
                    let expected = Ledger.Expected(name: pack, bytes: original.count, signer: SignerID(pack))
                    if verifier.checkStored(expected, at: .pack(pack)).isGood { missed.append("\(name) bit \(bit)") }
                } else if findings(test, copy) == 0 {
                    missed.append("\(name) bit \(bit)")
                }
                guard flips % Self.readEvery == 0, let restored = try? Self.restore(test, copy) else { continue }
                read += 1
                for (snapshot, contents) in restored {
                    for (content, right) in zip(contents, good[snapshot] ?? []) where content != nil {
                        if content != right { wrong.append("\(name) bit \(bit)") }
                    }
                }
            }
        }
        print(
            "\(folder.rawValue): \(flips) bits flipped, \(missed.count) not found; \(read) restored, \(wrong.count) wrong"
        )
        #expect(missed.isEmpty, "\(missed.prefix(20)) of \(missed.count)")
        #expect(wrong.isEmpty)
    }

    /// Where a bit of a pack is flipped, what does not lie there is restored.
    @Test func untouchedFilesAreRestoredWhole() throws {
        let test = try TestRepository()
        let contents = (0..<12).map { someBytes(5000, seed: UInt64($0)) }
        try test.backUp(contents)
        let pack = try #require(test.storage.names(in: .packs).first)
        var hurt = Set<Int>()
        for bit in Swift.stride(from: 64, to: 50_000 * 8, by: 1013 * 8) {
            let copy = test.storage.copy()
            guard bit / 8 < copy[pack]?.count ?? 0 else { break }
            copy[pack]?[bit / 8] ^= 4
            guard let restored = try Self.restore(test, copy).values.first else { continue }
            let lost = restored.filter { $0 == nil }.count
            hurt.insert(lost)
            for (content, right) in zip(restored, contents) where content != nil { #expect(content == right) }
            // One chunk, or the root with all that it names, or nothing but filler.
            #expect(lost <= 1 || restored.allSatisfy { $0 == nil })
        }
        #expect(hurt.contains(0) || hurt.contains(1))
    }
}
