import DRArchive
import DRCrypto
import DRSystem
import Foundation
import SystemPackage
import Testing

@testable import DRRepository

@Suite struct RewritingTests {
    private func contents(_ seeds: ClosedRange<UInt64>) -> [[UInt8]] { seeds.map { someBytes(30_000, seed: $0) } }

    private func path(_ text: String) -> [UInt8] { Array(text.utf8) }

    @discardableResult
    private func rewrite(
        _ fixture: PruneFixture, _ paths: [String], through storage: (any Storage)? = nil,
        change: (inout RewriteRequest) -> Void = { _ in }
    ) throws -> RewriteResult {
        let repository = try Repository(opening: storage ?? fixture.storage, pinned: fixture.test.repository.id)
        var request = RewriteRequest(paths: paths.map(path), reason: "case 7")
        change(&request)
        return try repository.rewriting(
            request, reader: try repository.unlock(try Identity.parse(fixture.test.identityFile)),
            pruner: try repository.unlock(fixture.prunerIdentity), time: fixture.test.time)
    }

    private func catalog(_ fixture: PruneFixture) throws -> SnapshotCatalog {
        let (repository, keys) = try fixture.test.reopened()
        return repository.snapshots(keys, ledger: try Ledger(reading: repository))
    }

    private func paths(_ fixture: PruneFixture, _ snapshot: Snapshot) throws -> [String] {
        try TreeReader(source: try fixture.test.reader()).root(snapshot.manifest.root).sources.map {
            String(decoding: $0.path, as: UTF8.self)
        }
    }

    /// The tree that is left is the one that a backup without the paths makes, to the last object.
    @Test func whatIsLeftIsWhatABackupWithoutItMakes() throws {
        let place = try TemporaryTree()
        let repository = MemoryRepository()
        for name in ["a", "mail/jane", "mail/joe", "z"] { try place.write("content of \(name)", to: "\(name)/file") }
        try place.write("both", to: "mail/jane/linked")
        for other in ["mail/joe/linked", "z/linked"] {
            try FileManager.default.linkItem(
                atPath: place.path.appending("mail/jane/linked").string, toPath: place.path.appending(other).string)
        }
        for number in 0..<1400 { try place.write("\(number)", to: "many/a rather long name of a file \(number)") }
        func captured() throws -> CaptureResult {
            try Capture(into: repository).run(CaptureRequest(sources: [place.path], time: FixedTime.farFuture))
        }
        let before = try captured()
        let full = { (relative: String) in Array(place.path.appending(relative).string.utf8) }
        let wanted = ["mail/jane", "many/a rather long name of a file 1234", "z/file"]
        var rewriter = TreeRewriter(
            from: repository, into: repository, without: RestoreSelection(paths: wanted.map(full)))
        guard case .rewritten(let root) = try rewriter.rewrite(before.root) else {
            Issue.record("nothing was rewritten")
            return
        }
        #expect(rewriter.taken.filesRead == 4 && rewriter.taken.directories == 1)
        // What a directory's time tells is not erased with it.
        let times = Dictionary(
            uniqueKeysWithValues: try ["", "mail", "many", "z"].map { ($0, try place.handle($0).status().modified) })
        for relative in wanted { try FileManager.default.removeItem(atPath: place.path.appending(relative).string) }
        for (relative, time) in times { try place.handle(relative).setModified(time) }
        let after = try captured()
        #expect(root == after.root)
        // A further name of a file is not read again.
        func files(_ counts: CaptureProgress) -> Int { counts.filesRead + counts.filesUnchanged }
        func bytes(_ counts: CaptureProgress) -> Int64 { counts.bytesRead + counts.bytesUnchanged }
        #expect(files(before.counts) - files(after.counts) == rewriter.taken.filesRead)
        #expect(bytes(before.counts) - bytes(after.counts) == rewriter.taken.bytesRead)
        var nothing = TreeRewriter(
            from: repository, into: repository, without: RestoreSelection(paths: [full("none/of it")]))
        guard case .unchanged = try nothing.rewrite(before.root) else {
            Issue.record("something was taken out")
            return
        }
        var all = TreeRewriter(from: repository, into: repository, without: RestoreSelection(paths: [full("")]))
        guard case .emptied = try all.rewrite(before.root) else {
            Issue.record("something is left")
            return
        }
    }

    @Test func rewrittenSnapshotsStandForTheOldOnes() throws {
        let fixture = try PruneFixture()
        let first = try fixture.test.backUp(contents(1...5))
        let second = try fixture.test.backUp(contents(1...6))
        let other = try fixture.test.backUp(contents(50...50), dataset: "other")
        let trial = try rewrite(fixture, ["/data/1001"]) { $0.isTrial = true }
        #expect(trial.rewritten.map(\.old) == [first, second] && trial.rewritten.allSatisfy { $0.new == nil })
        #expect(try fixture.snapshots() == [first.id, second.id, other.id])
        let done = try rewrite(fixture, ["/data/1001"])
        #expect(done.rewritten.map(\.files) == [1, 1] && done.rewritten.map(\.bytes) == [30_000, 30_000])
        #expect(done.examined == 3)
        let now = try catalog(fixture).snapshots
        #expect(now.map(\.id) == [done.rewritten[0].new, done.rewritten[1].new, other.id])
        #expect(now[0].signer == first.signer && now[0].manifest.rewritten?.original == first.id)
        #expect(now[0].manifest.startedNanoseconds == first.manifest.startedNanoseconds)
        #expect(now[0].manifest.counts.files == first.manifest.counts.files - 1)
        #expect(try paths(fixture, now[0]) == ["/data/1000", "/data/1002", "/data/1003", "/data/1004"])
        try fixture.expectWhole()
        // Again: there is nothing to do. Another path: the order stays.
        #expect(try rewrite(fixture, ["/data/1001"]).rewritten.isEmpty)
        let again = try rewrite(fixture, ["/data/1002"])
        #expect(again.rewritten.count == 2)
        #expect(try catalog(fixture).snapshots[0].manifest.rewritten?.original == first.id)
        try fixture.expectWhole()
        // The host goes on as before, and finds what it stored.
        let next = try fixture.test.backUp(contents(3...6))
        #expect(next.manifest.counts.bytesStored < 70_000)
        #expect(try catalog(fixture).latest("data").id == next.id)
    }

    @Test func theContentGoesWithTheNextPrunes() throws {
        let fixture = try PruneFixture()
        try fixture.test.backUp(contents(1...20))
        let (repository, keys) = try fixture.test.reopened()
        let gone = try keys.idKey.chunkID(of: contents(3...3)[0])
        let kept = try keys.idKey.chunkID(of: contents(4...4)[0])
        func holds(_ id: ObjectID) throws -> Bool {
            try fixture.storage.names(in: .packs).contains { path in
                let name = try #require(path.split(separator: "/").last.flatMap { Digest(hex: String($0)) })
                return try PackHead(reading: name, from: fixture.storage).entries(keys.listKey).contains {
                    $0.link.id == id
                }
            }
        }
        #expect(repository.domainName == "default")
        try rewrite(fixture, ["/data/1002"])
        #expect(try holds(gone))
        fixture.afterGrace()
        _ = try fixture.prune { $0.mostUnusedPercent = 0 }
        try fixture.expectWhole()
        fixture.afterGrace()
        _ = try fixture.prune { $0.mostUnusedPercent = 0 }
        #expect(try !holds(gone) && holds(kept))
        try fixture.expectWhole()
    }

    /// Lost index objects are made again from packs that a pruner made for the host.
    @Test func packsTellWhoseTheyAre() throws {
        let fixture = try PruneFixture()
        try fixture.test.backUp(contents(1...5))
        try rewrite(fixture, ["/data/1001"])
        for name in fixture.storage.names(in: .indexes) { fixture.storage[name] = nil }
        let (repository, _) = try fixture.test.reopened()
        let done = try repository.reindex(keys: fixture.pruner, time: fixture.test.time)
        #expect(done.problems.isEmpty && done.packs > 0)
        #expect(try fixture.prune(last: 1).problems.isEmpty)
        try #expect(fixture.test.reader().read(try catalog(fixture).snapshots[0].manifest.root).links.count == 4)
    }

    @Test func whatIsPinnedStays() throws {
        let fixture = try PruneFixture()
        let snapshot = try fixture.test.backUp(contents(1...3))
        let (repository, _) = try fixture.test.reopened()
        try repository.pinSnapshot(snapshot.id, reason: "case 1", keys: fixture.pruner, time: fixture.test.time)
        let packs = fixture.storage.names(in: .packs)
        let done = try rewrite(fixture, ["/data/1001"])
        #expect(done.rewritten.isEmpty && done.pinned.map(\.reason) == ["case 1"])
        #expect(try fixture.snapshots() == [snapshot.id])
        #expect(fixture.storage.names(in: .packs) == packs)
    }

    @Test func aSnapshotOfWhichNothingIsLeftIsRemoved() throws {
        let fixture = try PruneFixture()
        try fixture.test.backUp(contents(1...3))
        let done = try rewrite(fixture, ["/data"])
        #expect(done.rewritten.map(\.isEmptied) == [true] && done.rewritten[0].new == nil)
        #expect(try fixture.snapshots().isEmpty)
    }

    /// Stopped at each of its effects, it is done by doing it again; no snapshot is lost meanwhile.
    @Test func aStopAnywhereLosesNothing() throws {
        var stops = 0
        for number in 1..<40 {
            var failed = false
            for isStored in [false, true] {
                let fixture = try PruneFixture()
                try fixture.test.backUp(contents(1...3))
                let failing = FailingStorage(fixture.storage, atPut: number, isStored: isStored)
                if (try? rewrite(fixture, ["/data/1001"], through: failing)) == nil { failed = true }
                let comment: Comment = "put \(number), stored: \(isStored)"
                #expect((1...2).contains(try catalog(fixture).snapshots.count), comment)
                try fixture.expectWhole(comment)
                try rewrite(fixture, ["/data/1001"])
                let end = try catalog(fixture).snapshots
                #expect(end.count == 1, comment)
                #expect(try paths(fixture, end[0]) == ["/data/1000", "/data/1002"], comment)
                try fixture.expectWhole(comment)
            }
            if !failed { break }
            stops += 1
        }
        #expect(stops >= 4)
    }

    /// A run that was stopped made a snapshot without one path; another run, for another path and the old snapshot alone,
    /// takes that path out of both.
    @Test func whatAStoppedRunMadeIsNotTakenForAnothers() throws {
        let fixture = try PruneFixture()
        let old = try fixture.test.backUp(contents(1...3))
        // Everything up to the removal of the old one.
        var made = 0
        for number in 1..<20 where made < 2 {
            let failing = FailingStorage(fixture.storage, atPut: number, isStored: false)
            _ = try? rewrite(fixture, ["/data/1000"], through: failing)
            made = try catalog(fixture).snapshots.count
        }
        try #require(made == 2)
        try rewrite(fixture, ["/data/1001"]) { $0.snapshots = [old.id] }
        let end = try catalog(fixture).snapshots
        #expect(try end.map { try paths(fixture, $0) } == [["/data/1002"]])
        try fixture.expectWhole()
    }

    /// A writer that calls its own snapshot another host's is not believed.
    @Test func onlyAPrunerPutsASnapshotInAnothersPlace() throws {
        let fixture = try PruneFixture()
        let honest = try fixture.test.backUp(contents(1...3))
        let (repository, keys) = try fixture.test.reopened()
        let enrolled = try repository.addingHost(
            "mallory", keys: keys, ownerFile: fixture.test.ownerFile, time: fixture.test.time, keep: { _ in })
        let identity = try Identity.parse(enrolled.writerFile)
        let mallory = try enrolled.repository.unlock(identity)
        let session = try WriteSession(enrolled.repository, keys: mallory, time: fixture.test.time)
        var manifest = honest.manifest
        manifest.rewritten = SnapshotManifest.Rewritten(
            snapshot: honest.id, original: honest.id, host: honest.signer)
        _ = try session.publish(manifest)
        let catalog = try catalog(fixture)
        #expect(catalog.snapshots.map(\.id) == [honest.id])
        #expect(catalog.faults.map(\.code) == [.notAuthentic])
        #expect(catalog.faults.first?.hint.contains("mallory") == true)
    }
}
