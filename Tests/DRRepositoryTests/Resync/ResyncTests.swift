import DRCrypto
import DRRepository
import DRSystem
import SystemPackage
import Testing

@Suite struct ResyncTests {
    let place: TemporaryTree

    init() throws { place = try TemporaryTree() }

    var request: ResyncRequest {
        ResyncRequest(source: place.path.appending("a"), target: place.path.appending("b"))
    }

    func name(_ text: String) throws -> FileName { try #require(FileName(text)) }

    func digest(_ folder: String) throws -> Digest? { try TreeDigest.of(place.path.appending(folder)).digest }

    func makeSource() throws {
        try place.write("same", to: "a/same")
        try place.write("new", to: "a/changed")
        try place.write(noise(1_100_000), to: "a/deep/er/large")
        try place.write("file now", to: "a/was a folder")
        try place.write("in it", to: "a/was a file/inside")
        try place.makeFolder("a/empty")
        try place.handle("a").makeSymbolicLink(try name("link"), to: Array("same".utf8))
        try place.handle("a/empty").setPermissions(0o711)
        try place.handle("a").setModified(FileTime(seconds: 1_000_000_000, nanoseconds: 7))
    }

    func makeTarget() throws {
        try place.write("same", to: "b/same")
        try place.write("old", to: "b/changed")
        try place.write("x", to: "b/was a folder/x")
        try place.write("x", to: "b/was a file")
        try place.write("gone", to: "b/gone/deep/file")
        try place.write("gone", to: "b/zzz")
        try place.handle("b").makeSymbolicLink(try name("link"), to: Array("elsewhere".utf8))
    }

    @Test("A resync makes the target equal, counts what it did, and proves it by reading both again")
    func makesEqual() throws {
        try makeSource()
        try makeTarget()
        let result = try Resync().run(request)
        #expect(result.treesEqual == true)
        #expect(result.problems == [])
        #expect(result.sourceDigest == (try digest("a")))
        #expect(result.targetDigest == (try digest("b")))
        // changed (same length), large, both that changed kind, and the link
        #expect(result.counts.filesCopied == 5)
        #expect(result.counts.bytesCopied == 1_100_000 + 3 + 8 + 5)
        #expect(result.counts.filesDeleted == 4)
        #expect(result.filesCompared == 5)
        #expect(!place.exists("b/gone"))
        #expect(try place.read("b/was a folder") == Array("file now".utf8))
    }

    @Test("A second resync changes nothing")
    func isIdempotent() throws {
        try makeSource()
        try makeTarget()
        _ = try Resync().run(request)
        let again = try Resync().run(request)
        #expect(again.treesEqual == true)
        #expect(again.counts == ResyncProgress())
    }

    @Test("Equal size and times do not hide a difference")
    func sameTimes() throws {
        let time = FileTime(seconds: 1_500_000_000, nanoseconds: 0)
        for (folder, text) in [("a", "left"), ("b", "Left")] {
            try place.write(text, to: folder + "/file")
            try place.handle(folder).setModified(of: try name("file"), time)
        }
        let result = try Resync().run(request)
        #expect(result.counts.filesCopied == 1)
        #expect(result.treesEqual == true)
        #expect(try place.read("b/file") == Array("left".utf8))
    }

    @Test("A target that is not there is created")
    func createsTarget() throws {
        try makeSource()
        #expect(try Resync().run(request).treesEqual == true)
    }

    @Test("An empty source, one inside the other, and a missing source are refused, and nothing is deleted")
    func refusals() throws {
        try place.makeFolder("a")
        try place.write("precious", to: "b/precious")
        #expect(throws: RepositoryError.self) { try Resync().run(request) }
        #expect(place.exists("b/precious"))
        var allowed = request
        allowed.allowsEmptySource = true
        #expect(try Resync().run(allowed).counts.filesDeleted == 1)
        let apart = [("a", "a"), ("a", "a/in"), ("a/in", "a"), ("nowhere", "b")]
        try place.write("x", to: "a/in/x")
        for (source, target) in apart {
            #expect(throws: RepositoryError.self) {
                try Resync().run(
                    ResyncRequest(source: place.path.appending(source), target: place.path.appending(target)))
            }
        }
        #expect(place.exists("a/in/x"))
    }

    @Test(
        "Interrupted anywhere, no name holds half a file, and the next run finishes",
        arguments: ["resync.beforeRename", "resync.afterExchange", "resync.beforeDelete", "resync.beforeSync"])
    func interrupted(point: String) async {
        // Fault points are armed for a whole process: this one's own.
        await #expect(processExitsWith: .success) { [point] in
            let test = try ResyncTests()
            try test.makeSource()
            try test.makeTarget()
            var round = 1
            while true {
                FaultPoint.arm("\(point):\(round):ENOSPC")
                let result = Result { try Resync().run(test.request) }
                FaultPoint.arm("")
                for text in ["changed", "same"] {
                    let content = String(decoding: try test.place.read("b/" + text), as: UTF8.self)
                    #expect(["old", "new", "same"].contains(content))
                }
                guard case .failure(let error) = result else { break }
                #expect((error as? RepositoryError)?.code == .noSpace)
                round += 1
            }
            #expect(round > 1)
            #expect(try Resync().run(test.request).treesEqual == true)
            #expect(try test.digest("a") == test.digest("b"))
        }
    }
}
