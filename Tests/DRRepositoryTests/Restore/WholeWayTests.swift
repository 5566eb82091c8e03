import DRCrypto
import DRRepository
import DRSystem
import SystemPackage
import Testing

/// The whole way, with real packs: a tree, captured, sealed, opened, restored, compared.
@Suite struct WholeWayTests {
    let tree: TemporaryTree
    let place: TemporaryTree

    init() throws {
        tree = try TemporaryTree()
        place = try TemporaryTree()
        for number in 0..<40 { try tree.write(noise(3000, seed: UInt64(number)), to: "small/\(number)") }
        try tree.write(noise(900_000, seed: 99), to: "large")
    }

    func backUp(_ test: TestRepository) throws -> ObjectLink {
        let session = try WriteSession(
            test.repository, keys: test.keys, targetObjectBytes: TestRepository.targetObjectBytes, time: test.time)
        let result = try Capture(into: session.sink).run(
            CaptureRequest(sources: [tree.path], time: FixedTime.farFuture))
        #expect(result.isComplete)
        _ = try session.publish(
            SnapshotManifest(
                dataset: "data", host: "alpha", paths: [tree.path.string], tag: nil, root: result.root,
                startedNanoseconds: 0, endedNanoseconds: 0, parent: nil, isPartial: false,
                counts: SnapshotManifest.Counts()))
        return result.root
    }

    @Test("What was captured comes back, and the check proves it")
    func thereAndBack() throws {
        let test = try TestRepository()
        let root = try backUp(test)
        let reader = try test.reader()
        let request = RestoreRequest(root: root, target: place.path.appending("target"))
        let result = try Restore(from: reader).run(request)
        #expect(result.isComplete)
        #expect(result.counts.files == 41)
        #expect(try RestoreCheck(against: reader).run(request).isEqual == true)
        let equal = try TreeDigest.of(tree.path).digest == TreeDigest.of(place.path.appending("target")).digest
        #expect(equal)
    }

    @Test("A tree whose paths are longer than any call takes comes back too")
    func deeperThanAPathIsLong() throws {
        let levels = 120
        let name = try #require(FileName(String(repeating: "d", count: 100)))
        func descend(_ folder: borrowing DirectoryHandle, _ left: Int) throws {
            try tree.write(noise(100, seed: UInt64(left)), try #require(FileName("file")), in: folder)
            if left == 0 { return }
            try folder.makeDirectory(name, permissions: 0o700)
            try descend(folder.openDirectory(name), left - 1)
        }
        try descend(tree.handle(), levels)
        let test = try TestRepository()
        let root = try backUp(test)
        let reader = try test.reader()
        let request = RestoreRequest(root: root, target: place.path.appending("target"))
        #expect(try Restore(from: reader).run(request).isComplete)
        #expect(try RestoreCheck(against: reader).run(request).isEqual == true)
    }

    @Test("A damaged pack costs files by name; every file that is restored is whole")
    func damagedPack() throws {
        let test = try TestRepository()
        let root = try backUp(test)
        var wasHurt = 0
        for name in test.storage.names(in: .packs) {
            let other = test.storage.copy()
            var bytes = try #require(other[name])
            bytes[bytes.count / 3] ^= 0x10
            other[name] = bytes
            let target = place.path.appending("target-\(wasHurt)")
            let request = RestoreRequest(root: root, target: target)
            guard let reader = try? test.reader(other), let result = try? Restore(from: reader).run(request) else {
                wasHurt += 1
                continue
            }
            if result.isComplete { continue }
            wasHurt += 1
            #expect(!result.failures.isEmpty)
            let whole = try RestoreCheck(against: test.reader()).run(request)
            // What is missing is what was said to be lost, and nothing that is there differs.
            #expect(whole.mismatches.allSatisfy { $0.reason == "it is missing" })
        }
        #expect(wasHurt > 0)
    }
}
