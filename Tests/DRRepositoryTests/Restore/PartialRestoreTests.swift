import DRArchive
import DRRepository
import DRSystem
import SystemPackage
import Testing

/// Parts of snapshots, and targets that are not empty.
@Suite struct PartialRestoreTests {
    let repository = MemoryRepository()
    let place: TemporaryTree

    init() throws {
        place = try TemporaryTree()
        for path in ["etc/a.conf", "etc/deep/b.conf", "etc/deep/c.txt", "var/x", "top.conf"] {
            try place.write("snapshot \(path)", to: "source/" + path)
        }
        try place.handle("source/etc").setPermissions(0o750)
    }

    func name(_ text: String) throws -> FileName { try #require(FileName(text)) }

    func request(_ overwrite: RestoreRequest.Overwrite = .refuse) throws -> RestoreRequest {
        let root = try Capture(into: repository).run(
            CaptureRequest(sources: [place.path.appending("source")], time: FixedTime.farFuture)
        ).root
        return RestoreRequest(root: root, target: place.path.appending("target"), overwrite: overwrite)
    }

    func select(_ paths: [String] = [], _ patterns: [String] = [], in request: inout RestoreRequest) throws {
        let browser = SnapshotBrowser(source: repository)
        let named = try paths.map { try #require(try browser.item(at: Array($0.utf8), in: request.root)).path }
        let matched = try browser.paths(
            matching: patterns.map { try #require(PathPattern(Array($0.utf8))) }, in: request.root)
        request.selection = RestoreSelection(paths: named + matched)
    }

    /// Tries it, does it, and compares: the trial must have known.
    @discardableResult
    func restore(_ request: RestoreRequest) throws -> RestoreProgress {
        let trial = try RestoreTrial(from: repository).run(request)
        let result = try Restore(from: repository).run(request)
        #expect(result.isComplete, "\(result.failures.map(\.message))")
        #expect(trial.files == result.counts.files)
        #expect(trial.bytes == result.counts.bytes)
        #expect(trial.leftAlone == result.counts.leftAlone)
        return result.counts
    }

    func isEqual(_ request: RestoreRequest) throws -> Bool? {
        try RestoreCheck(against: repository).run(request).isEqual
    }

    @Test("A path is restored where a restore of everything would have put it, and nothing else")
    func onePath() throws {
        var request = try request()
        try select(["etc/deep"], in: &request)
        #expect(try restore(request).files == 2)
        #expect(try place.handle("target").entries().map(\.name.description) == ["etc"])
        #expect(try place.handle("target/etc").entries().map(\.name.description) == ["deep"])
        #expect(try place.handle("target/etc").status().permissions == 0o750)
        #expect(try isEqual(request) == true)
        try place.write("other", to: "target/etc/deep/c.txt")
        #expect(try isEqual(request) == false)
    }

    @Test("What patterns match is restored, with what lies in it")
    func patterns() throws {
        var request = try request()
        try select([], ["*.conf", "/**/var/"], in: &request)
        #expect(try restore(request).files == 4)
        #expect(place.exists("target/etc/deep/b.conf"))
        #expect(place.exists("target/var/x"))
        #expect(!place.exists("target/etc/deep/c.txt"))
        #expect(try isEqual(request) == true)
    }

    @Test("A part goes into a target that is in use; what leads to it keeps what it is")
    func intoUse() throws {
        try place.write("mine", to: "target/etc/mine")
        try place.handle("target/etc").setPermissions(0o711)
        var request = try request(.always)
        try select(["etc/a.conf"], in: &request)
        #expect(try restore(request).files == 1)
        #expect(try place.read("target/etc/mine") == Array("mine".utf8))
        #expect(try place.handle("target/etc").status().permissions == 0o711)
        #expect(try isEqual(request) == true)
    }

    @Test(
        "Files in the way stay, are replaced where they changed, or are replaced",
        arguments: [
            RestoreRequest.Overwrite.never, .changed, .always,
        ])
    func inTheWay(overwrite: RestoreRequest.Overwrite) throws {
        try restore(try request())
        try place.write("an edit that is longer", to: "target/etc/a.conf")
        try place.handle("target").removeFile(name("top.conf"))
        let counts = try restore(try request(overwrite))
        switch overwrite {
        case .never:
            #expect(counts.files == 1)
            #expect(counts.leftAlone == 4)
            #expect(try place.read("target/etc/a.conf") == Array("an edit that is longer".utf8))
        case .changed:
            #expect(counts.files == 2)
            #expect(counts.leftAlone == 3)
            #expect(try isEqual(try request(overwrite)) == true)
        case .always, .refuse:
            #expect(counts.files == 5)
            #expect(try isEqual(try request(overwrite)) == true)
        }
        #expect(place.exists("target/top.conf"))
    }

    @Test("A trial refuses what a restore refuses, and touches nothing")
    func trialOfFullTarget() throws {
        let request = try request()
        #expect(try RestoreTrial(from: repository).run(request).files == 5)
        #expect(!place.exists("target"))
        try place.write("mine", to: "target/mine")
        let error = #expect(throws: RepositoryError.self) { try RestoreTrial(from: repository).run(request) }
        #expect(error?.code == .targetExists)
    }
}
