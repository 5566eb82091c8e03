import DRCrypto
import DRRepository
import DRSystem
import SystemPackage
import Testing

@Suite struct RestoreSafetyTests {
    let repository = MemoryRepository()
    let place: TemporaryTree

    init() throws { place = try TemporaryTree() }

    /// A snapshot of `folder/file-NNN`.
    func snapshot(files: Int) throws -> ObjectLink {
        let tree = try TemporaryTree()
        for number in 0..<files { try tree.write("content \(number)", to: "folder/file-\(number)") }
        return try Capture(into: repository).run(
            CaptureRequest(sources: [tree.path], time: FixedTime.farFuture)
        ).root
    }

    @Test("A process that swaps a folder for a link during the restore gets nothing outside the target")
    func symlinkSwap() throws {
        let root = try snapshot(files: 300)
        try place.makeFolder("outside")
        let outside = try DirectoryHandle(opening: place.path.appending("outside"))
        let target = place.path.appending("target")
        let mustStop = Monitor(false)
        let swaps = Monitor(0)
        let isDone = Monitor(false)
        let folder = try #require(FileName("folder"))
        let aside = try #require(FileName("aside"))
        let link = place.path.appending("outside").bytes
        // Swaps as fast as it can until the restore is over.
        BlockingThread.detach {
            while !mustStop.withLock({ $0 }) {
                guard let handle = try? DirectoryHandle(opening: target) else { continue }
                guard (try? handle.rename(folder, to: aside, in: handle, .refuse)) != nil else { continue }
                if (try? handle.makeSymbolicLink(folder, to: link)) != nil { swaps.withLock { $0 += 1 } }
                try? handle.removeFile(folder)
                try? handle.rename(aside, to: folder, in: handle, .refuse)
            }
            isDone.withLock { $0 = true }
            isDone.signalAll()
        }
        for _ in 0..<5 {
            let request = RestoreRequest(root: root, target: target, overwrite: .always)
            // Files that met the link are failures; that is right.
            _ = try? Restore(from: repository).run(request)
        }
        mustStop.withLock { $0 = true }
        _ = isDone.waiting(until: { $0 }) { _ in }
        #expect(swaps.withLock { $0 } > 0)
        #expect(try outside.entries().isEmpty)
    }

    @Test("Another owner's set-user-id bit is not given to this user")
    func setUserID() throws {
        // A file of user 4,000,000,000 with mode 4755.
        let page = repository.forge(
            .treePage,
            body: [0, 1, 1, 0x61, 1, 0xED, 0x13, 0x80, 0xD0, 0xAC, 0xF3, 0x0E, 0, 0, 0, 0, 0, 0])
        let path = Array("/x".utf8)
        let root = repository.forge(
            .treeRoot, body: [0, 1, UInt8(path.count)] + path + [2, 0xED, 0x03, 0, 0, 0, 0, 0] + [0], links: [page])
        let request = RestoreRequest(root: root, target: place.path.appending("target"))
        let result = try Restore(from: repository).run(request)
        #expect(result.counts.setIDBitsDropped == 1)
        let status = try place.handle("target").status(of: try #require(FileName("a")))
        #expect(status.permissions == 0o755)
        #expect(try RestoreCheck(against: repository).run(request).isEqual == true)
    }

    @Test(
        "A restore that was interrupted is taken up by the same call, and by no other",
        arguments: ["restore.beforeRename", "restore.beforeSync", "restore.beforeFinish", "restore.beforeUnmark"])
    func interrupted(point: String) async {
        await #expect(processExitsWith: .success) { [point] in
            let test = try RestoreSafetyTests()
            let root = try test.snapshot(files: 5)
            let other = try test.snapshot(files: 3)
            let target = test.place.path.appending("target")
            FaultPoint.arm("\(point):1:ENOSPC")
            let error = #expect(throws: RepositoryError.self) {
                try Restore(from: test.repository).run(RestoreRequest(root: root, target: target))
            }
            FaultPoint.arm("")
            #expect(error?.code == .noSpace)
            #expect(test.place.exists("target/.drctl-partial") == (point != "restore.beforeUnmark"))
            let refused = #expect(throws: RepositoryError.self) {
                try Restore(from: test.repository).run(RestoreRequest(root: other, target: target))
            }
            #expect(refused?.code == .targetExists)
            let result = try Restore(from: test.repository).run(RestoreRequest(root: root, target: target))
            #expect(result.wasResumed && result.isComplete)
            #expect(try test.place.handle("target").extendedAttributes().isEmpty)
            let check = try RestoreCheck(against: test.repository).run(RestoreRequest(root: root, target: target))
            #expect(check.isEqual == true)
        }
    }

    @Test("The check sees every kind of difference")
    func checkSees() throws {
        let root = try snapshot(files: 4)
        let request = RestoreRequest(root: root, target: place.path.appending("target"))
        _ = try Restore(from: repository).run(request)
        let folder = try place.handle("target/folder")
        let names = try (0..<4).map { try #require(FileName("file-\($0)")) }
        let time = try folder.status().modified
        func differences() throws -> Int { try RestoreCheck(against: repository).run(request).mismatchCount }
        #expect(try differences() == 0)
        let file = try folder.openFileForWriting(names[0])
        let modified = try file.status().modified
        try file.write(Array("C".utf8), at: 0)
        try file.setModified(modified)
        #expect(try differences() == 1)
        try folder.openFileForWriting(names[1]).setPermissions(0o600)
        #expect(try differences() == 2)
        try folder.setModified(of: names[2], FileTime(seconds: 1, nanoseconds: 1))
        #expect(try differences() == 3)
        try folder.removeFile(names[3])
        try folder.setModified(time)
        #expect(try differences() == 4)
        try place.write("extra", to: "target/folder/extra")
        try folder.setModified(time)
        #expect(try differences() == 5)
    }
}
