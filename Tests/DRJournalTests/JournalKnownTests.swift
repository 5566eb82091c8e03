import DRJournal
import DRMachine
import Testing

/// What an earlier look at a journal found is not decoded again, and not believed where it is another journal.
@Suite struct JournalKnownTests {
    @Test func theEndIsAllThatIsReadAnew() throws {
        let sample = try SampleJournal()
        let bytes = try sample.bytes
        let whole = try JournalReader.contents(of: bytes, name: "j")
        for count in 0...whole.commits.count {
            let known =
                count == 0
                ? nil : try JournalReader.contents(of: Array(prefix(of: bytes, commits: count)), name: "j")
            #expect(known?.commits.count ?? 0 == count)
            let again = try JournalReader.contents(of: bytes, name: "j", known: known)
            #expect(again.events == whole.events && again.commits == whole.commits && again.epoch == whole.epoch)
            #expect(again.committedBytes == whole.committedBytes && again.head == whole.head)
        }
    }

    @Test func anotherJournalIsReadAsItIs() throws {
        let one = try JournalReader.contents(of: SampleJournal(closed: true).bytes, name: "j")
        let sample = try SampleJournal()
        let again = try JournalReader.contents(of: sample.bytes, name: "j", known: one)
        #expect(again.events == (try JournalReader.contents(of: sample.bytes, name: "j").events))
    }

    @Test func theLastCommitIsTheEndOfTheFile() throws {
        let sample = try SampleJournal()
        let whole = try JournalReader.read(at: sample.path)
        #expect(try JournalReader.lastHead(at: sample.path) == whole.head)
    }

    private func prefix(of bytes: [UInt8], commits: Int) -> ArraySlice<UInt8> {
        var found = 0
        var end = 0
        for line in lines(bytes) {
            end += line.count
            if line.starts(with: Array("{\"commit\":".utf8)) { found += 1 }
            if found == commits { break }
        }
        return bytes[..<end]
    }
}
