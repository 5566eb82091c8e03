import DRSystem
import DRTestSupport
import Foundation
import SystemPackage
import Testing

@Suite struct DurableFileTests {
    let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    @Test func `replacing leaves the new bytes, the mode asked for and nothing else`() throws {
        let path = folder.appending("plan.json")
        try DurableFile.replace(at: path, with: Array("old".utf8), mode: 0o600)
        try DurableFile.replace(at: path, with: Array("new".utf8), mode: 0o640)
        #expect(try DurableFile.read(at: path, limit: 3) == Array("new".utf8))
        #expect(try FileStatus(of: path).permissions == 0o640)
        #expect(try DurableFile.list(folder.path) == ["plan.json"])
    }

    @Test func `creating refuses what is there and leaves it as it is`() throws {
        let path = folder.appending("request")
        try DurableFile.create(at: path, with: Array("first".utf8))
        let error = #expect(throws: SystemError.self) { try DurableFile.create(at: path, with: Array("second".utf8)) }
        #expect(error?.errno == .fileExists)
        #expect(try DurableFile.read(at: path, limit: 100) == Array("first".utf8))
        #expect(try DurableFile.list(folder.path) == ["request"])
    }

    @Test func `more bytes than the limit are an error, not a part`() throws {
        let path = folder.appending("large")
        try DurableFile.replace(at: path, with: [UInt8](repeating: 7, count: 200_000))
        #expect(try DurableFile.read(at: path, limit: 200_000).count == 200_000)
        let error = #expect(throws: SystemError.self) { try DurableFile.read(at: path, limit: 199_999) }
        #expect(error?.errno == .fileTooLarge)
    }

    @Test func `folders are made with those above, and one that is there stays`() throws {
        let path = folder.appending("a").appending("b").appending("c")
        try DurableFile.makeDirectory(at: path, mode: 0o750)
        try DurableFile.setPermissions(of: path, to: 0o700)
        try DurableFile.makeDirectory(at: path, mode: 0o755)
        #expect(try FileStatus(of: path).permissions == 0o700)
        #expect(try FileStatus(of: path.removingLastComponent()).permissions == 0o750)
    }

    @Test func `a folder that cannot be listed is not an empty one`() {
        let error = #expect(throws: SystemError.self) { try DurableFile.list(folder.appending("nowhere")) }
        #expect(error?.errno == .noSuchFileOrDirectory)
        #expect(error?.message.contains("nowhere") == true)
    }

    @Test(arguments: ["durable.beforeWrite", "durable.beforeSync", "durable.beforeRename"])
    func `a failure before the rename leaves the old file and no other`(point: String) async throws {
        let path = folder.appending("plan.json")
        try DurableFile.replace(at: path, with: Array("old".utf8))
        let place = path.string
        await #expect(processExitsWith: .success) { [point, place = place as String] in
            #expect(FaultPoint.arm("\(point):1:ENOSPC"))
            let error = #expect(throws: SystemError.self) {
                try DurableFile.replace(at: FilePath(place), with: Array("new".utf8))
            }
            #expect(error?.errno == .noSpace)
        }
        #expect(try DurableFile.read(at: path, limit: 3) == Array("old".utf8))
        #expect(try DurableFile.list(folder.path) == ["plan.json"])
    }

    @Test(arguments: [("durable.beforeRename", "old"), ("durable.beforeDirectorySync", "new")])
    func `a kill leaves the old file or the new one, whole`(point: String, expected: String) async throws {
        let path = folder.appending("plan.json")
        try DurableFile.replace(at: path, with: Array("old".utf8))
        let place = path.string
        await #expect(processExitsWith: .signal(9)) { [point, place = place as String] in
            #expect(FaultPoint.arm("\(point):1:kill"))
            try DurableFile.replace(at: FilePath(place), with: Array("new".utf8))
        }
        #expect(try DurableFile.read(at: path, limit: 3) == Array(expected.utf8))
    }
}

@Suite struct AppendFileTests {
    let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    @Test func `appends at the end, whatever wrote there before`() throws {
        let path = folder.appending("journal")
        var file = try AppendFile(at: path, creatingWithMode: 0o600)
        try file.append(Array("one".utf8))
        try file.append(Array("two".utf8))
        try file.sync()
        #expect(file.sizeBytes == 6)
        var again = try AppendFile(at: path)
        #expect(again.sizeBytes == 6)
        try again.truncate(to: 3)
        try again.append(Array("!".utf8))
        #expect(try DurableFile.read(at: path, limit: 100) == Array("one!".utf8))
    }

    @Test func `refuses to create what exists, to open what does not, and to follow a link`() throws {
        let path = folder.appending("journal")
        #expect(throws: SystemError.self) { _ = try AppendFile(at: path) }
        _ = try AppendFile(at: path, creatingWithMode: 0o600)
        #expect(throws: SystemError.self) { _ = try AppendFile(at: path, creatingWithMode: 0o600) }
    }

    @Test func `after a failed sync nothing is written or synced any more`() async throws {
        let path = folder.appending("journal").string
        await #expect(processExitsWith: .success) { [path = path as String] in
            #expect(FaultPoint.arm("append.sync:2:EIO"))
            var file = try AppendFile(at: FilePath(path), creatingWithMode: 0o600)
            try file.append([1])
            try file.sync()
            try file.append([2])
            func code(_ body: () throws(SystemError) -> Void) -> Errno? {
                do throws(SystemError) { try body() } catch { return error.errno }
                return nil
            }
            #expect(code { () throws(SystemError) in try file.sync() } == .ioError)
            #expect(code { () throws(SystemError) in try file.sync() } == .ioError)
            #expect(code { () throws(SystemError) in try file.append([3]) } == .ioError)
            #expect(try DurableFile.read(at: FilePath(path), limit: 10) == [1, 2])
        }
    }
}

@Suite struct FileLockTests {
    let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func isFree(_ path: FilePath) throws -> Bool {
        if let lock = try FileLock.tryAcquire(at: path) {
            _ = consume lock
            return true
        }
        return false
    }

    @Test func `one holder at a time, until it lets go`() throws {
        let path = folder.appending("lock")
        do {
            guard let lock = try FileLock.tryAcquire(at: path) else {
                Issue.record("the lock is held")
                return
            }
            try lock.note("pid 7 on here")
            #expect(try !isFree(path))
            // Reading the file must not drop the lock, as it would with record locks.
            #expect(try DurableFile.read(at: path, limit: 100) == Array("pid 7 on here".utf8))
            #expect(try !isFree(path))
        }
        #expect(try isFree(path))
    }

    @Test func `lets go also while a child that is being started still shares the open file`() throws {
        let path = folder.appending("lock")
        var shared: Int32 = -1
        defer { close(shared) }
        do {
            guard let lock = try FileLock.tryAcquire(at: path) else {
                Issue.record("the lock is held")
                return
            }
            // What fork(2) gives a child: one more descriptor of the same open file.
            for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
                if target == path.string, let descriptor = Int32(name) { shared = dup(descriptor) }
            }
            try lock.note("held")
        }
        #expect(shared >= 0)
        #expect(try isFree(path))
    }

    @Test func `a killed holder lets go`() async throws {
        let path = folder.appending("lock")
        let place = path.string
        await #expect(processExitsWith: .signal(9)) { [place = place as String] in
            let lock = try FileLock.tryAcquire(at: FilePath(place))
            #expect(FaultPoint.arm("durable.beforeDirectorySync:1:kill"))
            try DurableFile.syncDirectory("/")
            _ = consume lock
        }
        #expect(try isFree(path))
    }
}
