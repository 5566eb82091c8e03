import DRJournal
import DRMachine
import DRSystem
import DRTestSupport
import Glibc
import SystemPackage
import Testing

@Suite struct JournalWriterTests {
    @Test func `what was appended is read back, in order, with its commits and epochs`() throws {
        let sample = try SampleJournal(closed: true)
        let contents = try JournalReader.verify(at: sample.path)
        #expect(contents.events.map(\.number) == Array(1...9))
        #expect(contents.commits.map(\.event) == [1, 4, 5, 7, 9])
        #expect(contents.commits.map(\.commit) == Array(1...5))
        #expect(contents.epoch == 2)
        #expect(contents.isClosed)
        #expect(contents.created == SampleJournal.created)
        #expect(contents.lastRunner?.epoch == 2)
        #expect(contents.events[3].event == SampleJournal.note("two\nlines"))
        #expect(contents.uncommitted == nil)
    }

    @Test func `the bytes are those of the format`() throws {
        try GoldenFile("Golden/sample.jsonl").expect(
            String(decoding: SampleJournal(closed: true).bytes, as: UTF8.self))
    }

    @Test func `a second runner is refused by name and host, until the first lets go`() throws {
        let sample = try SampleJournal()
        do {
            let first = try JournalWriter.open(at: sample.path).writer
            #expect(first.epoch == 3)
            let error = #expect(throws: JournalError.self) { _ = try JournalWriter.open(at: sample.path) }
            #expect(error?.code == .heldByAnother)
            #expect(error?.message.contains("pid 7 on host-a") == true)
            #expect(try RunnerLock.holder(of: RunDirectory(at: sample.folder.path)) == "pid 7 on host-a")
            try first.append(SampleJournal.runner(3))
        }
        #expect(try JournalWriter.open(at: sample.path).writer.epoch == 4)
        #expect(try RunnerLock.holder(of: RunDirectory(at: sample.folder.path)) == nil)
    }

    @Test func `a journal is created once`() throws {
        let sample = try SampleJournal()
        let before = try sample.bytes
        var batch = JournalBatch(after: 0)
        #expect(try batch.add([SampleJournal.event(1, SampleJournal.note("other"))]))
        let error = #expect(throws: JournalError.self) { try JournalWriter.create(at: sample.path, first: batch) }
        #expect(error?.code == .alreadyExists)
        #expect(try sample.bytes == before)
    }

    @Test func `a run without a journal is not found`() throws {
        let folder = try TemporaryDirectory()
        for attempt in [
            { _ = try JournalReader.read(at: folder.appending("journal.jsonl")) },
            { _ = try JournalWriter.open(at: folder.appending("journal.jsonl")) },
        ] {
            let error = #expect(throws: JournalError.self, performing: attempt)
            #expect(error?.code == .notFound)
        }
    }

    @Test func `a batch that does not follow is not written`() throws {
        let sample = try SampleJournal()
        let before = try sample.bytes
        let writer = try JournalWriter.open(at: sample.path).writer
        for after in [8, 10] {
            var batch = JournalBatch(after: after)
            #expect(try batch.add([SampleJournal.event(after + 1, SampleJournal.note("gap"))]))
            let error = #expect(throws: JournalError.self) { _ = try writer.append(batch) }
            #expect(error?.code == .misuse)
        }
        let error = #expect(throws: JournalError.self) { _ = try writer.append(JournalBatch(after: 9)) }
        #expect(error?.code == .misuse)
        #expect(try sample.bytes == before)
    }

    @Test func `a batch holds a mebibyte, and events that belong together stay together`() throws {
        var batch = JournalBatch(after: 0)
        let half = String(repeating: "x", count: 600_000)
        #expect(try batch.add([SampleJournal.event(1, SampleJournal.note(half))]))
        let next = [
            SampleJournal.event(2, SampleJournal.note("small")), SampleJournal.event(3, SampleJournal.note(half)),
        ]
        #expect(try !batch.add(next))
        #expect(batch.last == 1)
        var second = JournalBatch(after: 1)
        #expect(try second.add(next))
        var third = JournalBatch(after: 3)
        let error = #expect(throws: JournalError.self) {
            _ = try third.add([SampleJournal.event(4, SampleJournal.note(half + half))])
        }
        #expect(error?.code == .tooLarge)
        #expect(third.isEmpty)
    }
}

@Suite struct JournalFaultTests {
    /// Where the n-th append of three dies, and how many commits (the sample's five included) are there then.
    @Test(arguments: [
        ("journal.beforeWrite:1", 5), ("journal.beforeSync:1", 6), ("journal.afterSync:1", 6),
        ("journal.beforeWrite:3", 7), ("journal.beforeSync:3", 8), ("journal.afterSync:3", 8),
    ])
    func `a kill leaves whole batches, and the next runner goes on`(point: String, commits: Int) async throws {
        let sample = try SampleJournal()
        let path = sample.path.string
        await #expect(processExitsWith: .signal(SIGKILL)) { [point, path = path as String] in
            let writer = try JournalWriter.open(at: FilePath(path)).writer
            #expect(FaultPoint.arm("\(point):kill"))
            try writer.append(SampleJournal.runner(3), SampleJournal.note("a"))
            try writer.append(SampleJournal.note("b"))
            try writer.append(SampleJournal.note("c"))
        }
        let opened = try JournalWriter.open(at: sample.path)
        #expect(opened.contents.commits.count == commits)
        #expect(opened.setAside == nil)
        try opened.writer.append(SampleJournal.runner(opened.writer.epoch))
        #expect(try JournalReader.verify(at: sample.path).commits.count == commits + 1)
    }

    @Test func `a kill while the end is set aside is made good by the next runner`() async throws {
        let sample = try SampleJournal()
        let whole = try sample.bytes
        let path = sample.path.string
        try DurableFile.replace(at: sample.path, with: Array(whole.dropLast(10)))
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            #expect(FaultPoint.arm("journal.beforeTruncate:1:kill"))
            _ = try JournalWriter.open(at: FilePath(path))
        }
        #expect(try sample.bytes == Array(whole.dropLast(10)))
        let opened = try JournalWriter.open(at: sample.path)
        let aside = try #require(opened.setAside)
        #expect(opened.contents.commits.count == 4)
        #expect(try sample.bytes + DurableFile.read(at: aside, limit: 1 << 20) == Array(whole.dropLast(10)))
        #expect(try DurableFile.list(sample.folder.path).count == 2)
    }

    @Test(arguments: ["ENOSPC", "EIO"])
    func `a failed write leaves the journal as it was, and a later one succeeds`(effect: String) async throws {
        let sample = try SampleJournal()
        let path = sample.path.string
        await #expect(processExitsWith: .success) { [effect, path = path as String] in
            let writer = try JournalWriter.open(at: FilePath(path)).writer
            let before = try DurableFile.read(at: FilePath(path), limit: 1 << 20)
            #expect(FaultPoint.arm("journal.beforeWrite:1:\(effect)"))
            let error = #expect(throws: JournalError.self) { try writer.append(SampleJournal.runner(3)) }
            #expect(error?.code == (effect == "ENOSPC" ? .diskFull : .inputOutput))
            #expect(error?.message.contains("the journal is unchanged") == true)
            #expect(try DurableFile.read(at: FilePath(path), limit: 1 << 20) == before)
            try writer.append(SampleJournal.runner(3))
        }
        #expect(try JournalReader.verify(at: sample.path).commits.count == 6)
    }

    @Test func `a batch that was written half is taken back`() async throws {
        let sample = try SampleJournal()
        let path = sample.path.string
        await #expect(processExitsWith: .success) { [path = path as String] in
            let writer = try JournalWriter.open(at: FilePath(path)).writer
            let before = try DurableFile.read(at: FilePath(path), limit: 1 << 20)
            // The kernel writes up to the limit and refuses the rest, as a full disk does.
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: rlim_t(before.count + 100), rlim_max: rlim_t.max)
            #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let error = #expect(throws: JournalError.self) { try writer.append(SampleJournal.runner(3)) }
            #expect(error?.code == .diskFull)
            #expect(try DurableFile.read(at: FilePath(path), limit: 1 << 20) == before)
            limit.rlim_cur = rlim_t.max
            #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            try writer.append(SampleJournal.runner(3))
        }
        #expect(try JournalReader.verify(at: sample.path).commits.count == 6)
    }

    @Test func `after a failed sync the writer appends no more`() async throws {
        let sample = try SampleJournal()
        let path = sample.path.string
        await #expect(processExitsWith: .success) { [path = path as String] in
            let writer = try JournalWriter.open(at: FilePath(path)).writer
            #expect(FaultPoint.arm("append.sync:1:EIO"))
            for _ in 0..<2 {
                let error = #expect(throws: JournalError.self) { try writer.append(SampleJournal.runner(3)) }
                #expect(error?.code == .durabilityUnknown)
            }
            #expect(writer.head?.commit == 5)
        }
        // What was written is whole, so the next runner takes it as it is.
        #expect(try JournalWriter.open(at: sample.path).contents.commits.count == 6)
    }

    /// A new runner acts upon what it read, so it writes the last batch once more and syncs it.
    @Test func `a journal that cannot be made durable is not opened`() async throws {
        let sample = try SampleJournal()
        let path = sample.path.string
        let before = try DurableFile.read(at: sample.path, limit: 1 << 20)
        await #expect(processExitsWith: .success) { [path = path as String] in
            #expect(FaultPoint.arm("durable.rewrite:1:EIO"))
            let error = #expect(throws: JournalError.self) { try JournalWriter.open(at: FilePath(path)) }
            #expect(error?.code == .inputOutput)
        }
        #expect(try JournalWriter.open(at: sample.path).contents.commits.count == 5)
        #expect(try DurableFile.read(at: sample.path, limit: 1 << 20) == before)
    }
}
