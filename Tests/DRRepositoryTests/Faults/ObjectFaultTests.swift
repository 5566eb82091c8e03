import DRCrypto
import DRSystem
import Testing

@testable import DRRepository

/// Whole objects that are not as they were written: each kind of object, each way to be wrong.
@Suite struct ObjectFaultTests {
    enum Fault: String, CaseIterable, CustomTestStringConvertible {
        case missing, emptied, halved, shortened, extended, swapped, duplicated, replayed
        var testDescription: String { rawValue }
    }

    /// What came of one fault.
    enum Outcome: String {
        /// A verification without any memory says it.
        case found
        /// Only what was seen before, kept outside, says it.
        case foundByAnchor
        /// Nothing is lost, and nobody needs to know.
        case harmless
        /// Something is lost, and nobody says so.
        case silent
    }

    /// What may come of a fault in a folder. Logs and the owner's chain that are cut at their end are consistent in
    /// themselves, which DESIGN says: those need an anchor. What no log names is nobody's.
    private static func allowed(_ folder: StorageFolder, _ fault: Fault) -> Set<Outcome> {
        switch (folder, fault) {
        case (.logs, .missing), (.config, .missing): [.found, .foundByAnchor]
        case (.logs, .replayed), (.config, .replayed): [.found, .foundByAnchor]
        // Slots of an earlier state open what the newest do, or do not fit the chain; files that logs name are gone.
        case (.domains, .replayed): [.found, .harmless]
        // A copy under another name: files whose name is their digest do not open there, and no log names them.
        case (.packs, .duplicated), (.indexes, .duplicated), (.snapshots, .duplicated), (.domains, .duplicated):
            [.harmless, .found]
        case (.config, .duplicated), (.logs, .duplicated): [.found]
        default: [.found]
        }
    }

    private struct Fixture {
        let test: TestRepository
        /// As it was before the last backup and the last act of the owner.
        let before: MemoryStorage
        let anchor: Anchor
        let good: [Digest: [[UInt8]]]

        init() throws {
            test = try TestRepository()
            try test.backUp([someBytes(9000, seed: 1), someBytes(300, seed: 2)])
            before = test.storage.copy()
            _ = try test.repository.addingHost(
                "pruner", roles: [.pruner], keys: test.keys, ownerFile: test.ownerFile, time: test.time,
                keep: { _ in })
            try test.backUp([someBytes(9000, seed: 1), someBytes(500, seed: 3)])
            let (repository, _) = try test.reopened()
            anchor = Anchor(of: repository, ledger: try Ledger(reading: repository))
            good = try Self.contents(test, test.storage).mapValues { $0.compactMap { $0 } }
        }

        /// The files of every snapshot that is there; nil for one that does not open.
        static func contents(_ test: TestRepository, _ storage: MemoryStorage) throws -> [Digest: [[UInt8]?]] {
            let (repository, keys) = try test.reopened(storage)
            let ledger = try Ledger(reading: repository)
            let reader = try repository.reader(keys, ledger: ledger).source
            var found: [Digest: [[UInt8]?]] = [:]
            for snapshot in repository.snapshots(keys, ledger: ledger).snapshots {
                guard let root = try? reader.read(snapshot.manifest.root) else {
                    found[snapshot.id] = []
                    continue
                }
                found[snapshot.id] = root.links.map { try? reader.read($0).body }
            }
            return found
        }

        /// - Returns: what came of it, and how many files have bytes that nobody wrote.
        func judge(_ storage: MemoryStorage) -> (outcome: Outcome, wrong: Int) {
            var isFound = true
            var isAnchored = false
            var restored: [Digest: [[UInt8]?]] = [:]
            do {
                let (repository, keys) = try test.reopened(storage)
                isFound = [VerificationLevel.stored, .content].contains {
                    !repository.verify(VerificationRequest(level: $0, keys: keys)).findings.isEmpty
                }
                if case .doesNotHold = anchor.verdict(on: repository, ledger: try Ledger(reading: repository)) {
                    isAnchored = true
                }
                restored = try Self.contents(test, storage)
            } catch { isFound = true }
            var wrong = 0
            for (snapshot, files) in restored {
                for (file, right) in zip(files, good[snapshot] ?? []) where file != nil && file != right { wrong += 1 }
            }
            let isWhole =
                restored.count == good.count && restored.allSatisfy { good[$0.key] == $0.value.map { $0 ?? [] } }
            let outcome: Outcome =
                isFound ? .found : isAnchored ? .foundByAnchor : isWhole ? .harmless : .silent
            return (outcome, wrong)
        }

        /// Storages with this fault, one for each file that can have it.
        func storages(_ folder: StorageFolder, _ fault: Fault) -> [(name: String, storage: MemoryStorage)] {
            let names = test.storage.names(in: folder)
            if fault == .replayed {
                let copy = test.storage.copy()
                for name in names { copy[name] = before[name] }
                return [("all of \(folder.rawValue)", copy)]
            }
            return names.enumerated().compactMap { number, name in
                guard let bytes = test.storage[name] else { return nil }
                let copy = test.storage.copy()
                switch fault {
                case .missing: copy[name] = nil
                case .emptied: copy[name] = []
                case .halved: copy[name] = Array(bytes.prefix(bytes.count / 2))
                case .shortened: copy[name] = Array(bytes.dropLast())
                case .extended: copy[name] = bytes + [0]
                case .swapped:
                    let other = names[(number + 1) % names.count]
                    guard other != name, test.storage[other] != bytes else { return nil }
                    copy[name] = test.storage[other]
                    copy[other] = bytes
                case .duplicated: copy[Self.another(name, in: names)] = bytes
                case .replayed: break
                }
                return (name, copy)
            }
        }

        /// A name of the same form that is free: the next number, or another digest.
        private static func another(_ name: String, in names: [String]) -> String {
            let parts = name.split(separator: "/")
            let folder = parts.dropLast().joined(separator: "/")
            guard let last = parts.last, var number = Int(last) else { return folder + "/" + Digest.of(name).hex }
            func numbered() -> String {
                folder + "/" + String(repeating: "0", count: last.count - "\(number)".count) + "\(number)"
            }
            while names.contains(numbered()) { number += 1 }
            return numbered()
        }
    }

    @Test(
        "Each kind of object, each way to be wrong: found, or nothing is lost",
        arguments: [StorageFolder.config, .domains, .packs, .indexes, .snapshots, .logs])
    func isFound(folder: StorageFolder) throws {
        let fixture = try Fixture()
        #expect(fixture.judge(fixture.test.storage).outcome == .harmless)
        var counts: [Outcome: Int] = [:]
        var wrong = 0
        for fault in Fault.allCases {
            let storages = fixture.storages(folder, fault)
            // Of the owner's chain and of slots there may be only one to swap.
            if fault != .swapped { #expect(!storages.isEmpty) }
            for (name, storage) in storages {
                let (outcome, bad) = fixture.judge(storage)
                counts[outcome, default: 0] += 1
                wrong += bad
                #expect(Self.allowed(folder, fault).contains(outcome), "\(name) \(fault): \(outcome)")
            }
        }
        #expect(wrong == 0)
        let total = counts.values.reduce(0, +)
        print(
            "\(folder.rawValue): \(total) faults, \(counts[.found, default: 0]) found, "
                + "\(counts[.foundByAnchor, default: 0]) by an anchor, \(counts[.harmless, default: 0]) harmless, "
                + "\(counts[.silent, default: 0]) silent, \(wrong) files wrong")
    }
}
