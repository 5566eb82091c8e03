import DRJournal
import DRMachine
import DRSystem
import DRTestSupport
import SystemPackage
import Testing

/// Whatever happens to the bytes, what is read is a committed prefix of what was written, or nothing.
@Suite struct JournalDamageTests {
    /// Reads damaged bytes, and checks that no wrong event comes out.
    /// - Returns: how many commits are left; nil when the journal was refused.
    private func read(_ bytes: [UInt8], of original: JournalContents) -> Int? {
        do throws(JournalError) {
            let contents = try JournalReader.contents(of: bytes, name: "damaged")
            let count = contents.commits.count
            #expect(contents.commits == Array(original.commits.prefix(count)))
            #expect(contents.events == Array(original.events.prefix(contents.head?.event ?? 0)))
            #expect(contents.committedBytes + (contents.uncommitted?.sizeBytes ?? 0) == bytes.count)
            return count
        } catch {
            #expect(error.code == .notAuthentic, "\(error)")
            return nil
        }
    }

    /// Opens damaged bytes as a runner would, and checks that nothing is lost.
    /// - Returns: how many commits were recovered; nil when the journal was refused.
    private func recover(_ bytes: [UInt8], of original: JournalContents) throws -> Int? {
        let folder = try TemporaryDirectory()
        let path = folder.appending("journal.jsonl")
        try DurableFile.replace(at: path, with: bytes)
        let opened: JournalWriter.Opened
        do throws(JournalError) {
            opened = try JournalWriter.open(at: path)
        } catch {
            #expect(error.code == .notAuthentic, "\(error)")
            #expect(try DurableFile.read(at: path, limit: 1 << 20) == bytes, "a refused journal stays as it is")
            return nil
        }
        let count = opened.contents.commits.count
        #expect(opened.contents.commits == Array(original.commits.prefix(count)))
        #expect(opened.contents.events == Array(original.events.prefix(opened.contents.head?.event ?? 0)))
        // Nothing is lost: what is no part of the journal lies in the named file.
        let kept = try DurableFile.read(at: path, limit: 1 << 20)
        let aside = try opened.setAside.map { try DurableFile.read(at: $0, limit: 1 << 20) } ?? []
        #expect(kept + aside == bytes)
        try opened.writer.append(SampleJournal.runner(opened.writer.epoch))
        #expect(try JournalReader.verify(at: path).commits.count == count + 1)
        return count
    }

    @Test func `cut at every byte, it recovers the commits before the cut`() throws {
        let sample = try SampleJournal()
        let bytes = try sample.bytes
        let original = try JournalReader.verify(at: sample.path)
        var ends: [Int] = []
        var length = 0
        for line in lines(bytes) {
            length += line.count
            if line.starts(with: #"{"commit":"#.utf8) { ends.append(length) }
        }
        for cut in 0...bytes.count {
            let whole = ends.filter { $0 <= cut }.count
            #expect(read(Array(bytes[..<cut]), of: original) == whole, "cut at \(cut)")
            // The whole way through the file, every so often: it takes a dozen syncs.
            if cut % 29 == 0 { #expect(try recover(Array(bytes[..<cut]), of: original) == whole, "cut at \(cut)") }
        }
    }

    @Test(arguments: [0x01, 0x20, 0x80] as [UInt8])
    func `any byte flipped, it is refused or recovers a committed prefix`(mask: UInt8) throws {
        let sample = try SampleJournal()
        let bytes = try sample.bytes
        let original = try JournalReader.verify(at: sample.path)
        let lastBatch = lines(bytes).suffix(3).joined().count
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= mask
            let recovered = read(damaged, of: original)
            if index % 61 == 0 { #expect(try recover(damaged, of: original) == recovered) }
            if index < bytes.count - lastBatch {
                #expect(recovered == nil, "byte \(index) lies before a valid commit")
            } else {
                #expect(recovered ?? 4 == 4, "byte \(index) lies in the last batch")
            }
        }
    }

    @Test func `a last commit whose number was hit is set aside, one that follows lost commits is refused`() throws {
        let sample = try SampleJournal()
        let original = try JournalReader.verify(at: sample.path)
        var all = lines(try sample.bytes)
        let last = all.count - 1
        let line = String(decoding: all[last], as: UTF8.self)
        all[last] = Array(line.replacing(#"{"commit":5,"#, with: #"{"commit":7,"#).utf8)
        #expect(try recover(Array(all.joined()), of: original) == 4)
        // The batch before it, of two events and a commit, never reached the disk: the last one was acknowledged.
        all.removeSubrange(last - 5...last - 3)
        #expect(try recover(Array(all.joined()), of: original) == nil)
    }

    @Test func `a line feed anywhere, and zeros anywhere, bring no wrong event`() throws {
        let sample = try SampleJournal()
        let bytes = try sample.bytes
        let original = try JournalReader.verify(at: sample.path)
        for index in stride(from: 0, to: bytes.count, by: 3) {
            var broken = bytes
            broken.insert(UInt8(ascii: "\n"), at: index)
            _ = read(broken, of: original)
            // Pages that never reached the disk.
            var holed = bytes
            for hole in index..<min(index + 512, bytes.count) { holed[hole] = 0 }
            _ = read(holed, of: original)
        }
    }

    @Test(arguments: [#"garbage"#, "\n", "{}\n", #"{"commit":"#, "\0\0\0\0"])
    func `bytes after the end of a closed run are refused`(rest: String) throws {
        let sample = try SampleJournal(closed: true)
        let bytes = try sample.bytes + Array(rest.utf8)
        #expect(try recover(bytes, of: try JournalReader.verify(at: sample.path)) == nil)
    }

    @Test func `a reader beside a runner sees commits, not the append under way`() throws {
        let sample = try SampleJournal()
        let half = Array(lines(try sample.bytes)[12].dropLast(5))
        try DurableFile.replace(at: sample.path, with: try sample.bytes + half)
        let contents = try JournalReader.read(at: sample.path)
        #expect(contents.commits.count == 5)
        #expect(contents.uncommitted?.sizeBytes == half.count)
        #expect(contents.uncommitted?.events == 10...10)
        let error = #expect(throws: JournalError.self) { try JournalReader.verify(at: sample.path) }
        #expect(error?.events == 10...10)
    }

    @Test func `an epoch nobody started is refused`() throws {
        let sample = try SampleJournal()
        let writer = try JournalWriter.open(at: sample.path).writer
        try writer.append(SampleJournal.note("without saying who"))
        let unknown = #expect(throws: JournalError.self) { try JournalReader.read(at: sample.path) }
        #expect(unknown?.code == .notAuthentic)
        #expect(unknown?.events == 10...10)
    }

    @Test func `what people add after the end is part of the journal, and the run stays closed`() throws {
        let sample = try SampleJournal(closed: true)
        try JournalWriter.open(at: sample.path).writer.append(SampleJournal.runner(3), SampleJournal.note("later"))
        let contents = try JournalReader.verify(at: sample.path)
        #expect(contents.commits.count == 6)
        #expect(contents.isClosed)
        // An append that was cut short is not explained away there.
        let bytes = try sample.bytes
        #expect(try recover(Array(bytes.dropLast(5)), of: contents) == nil)
    }
}
