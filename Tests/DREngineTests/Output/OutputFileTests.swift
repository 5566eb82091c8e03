import DRCrypto
import DRMachine
import DRSystem
import FoundationEssentials
import SystemPackage
import Testing

@testable import DREngine

@Suite struct OutputFileTests {
    private func record(
        _ writes: [String], limit: Int = 1000, secrets: SecretPatterns = .none
    ) throws -> (record: OutputRecord, bytes: [UInt8]) {
        let path = FilePath("/tmp/drctl-output-\(UInt64.random(in: 0...UInt64.max))")
        defer { try? DurableFile.remove(path) }
        var file = OutputFile(at: path, name: "outside/output/x.out", secrets: secrets, limit: limit)
        for write in writes { file.take(Array(write.utf8)) }
        let finished = file.finish()
        let record = try #require(finished)
        return (record, try DurableFile.read(at: path, limit: 1 << 20))
    }

    @Test func theRecordTellsOfTheFileAsItIs() throws {
        let (record, bytes) = try record(["one\n", "two\n"])
        #expect(String(decoding: bytes, as: UTF8.self) == "one\ntwo\n")
        #expect(record.sha256 == Digest.of(bytes) && record.sizeBytes == 8 && !record.truncated)
        #expect(record.tail == "one\ntwo\n" && record.path == "outside/output/x.out")
    }

    @Test func whatIsBeyondTheLimitIsCountedAndItsEndIsKeptForPeople() throws {
        let line = String(repeating: "x", count: 99) + "\n"
        let (record, bytes) = try record(Array(repeating: line, count: 50) + ["the end\n"], limit: 250)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(record.truncated && record.sha256 == Digest.of(bytes) && record.sizeBytes == Int64(bytes.count))
        #expect(text.hasSuffix("[drctl: 4758 further bytes were not kept, beyond the limit of 250 bytes]\n"))
        #expect(record.tail.hasSuffix("the end\n") && record.tail.utf8.count <= OutputFile.tailBytes)
        #expect(record.tail.hasPrefix("x") && record.tail.split(separator: "\n").first?.count == 99)
    }

    @Test func secretsAreMaskedInFileDigestAndTail() throws {
        let secrets = try SecretPatterns(["s": Array("hunter2hunter2".utf8)])
        let (record, bytes) = try record(["user hunter2h", "unter2 ok\n"], secrets: secrets)
        #expect(String(decoding: bytes, as: UTF8.self) == "user *** ok\n")
        #expect(record.tail == "user *** ok\n" && record.sha256 == Digest.of(bytes))
    }

    @Test func aStreamThatNothingWasWrittenToHasNeitherRecordNorFile() throws {
        let path = FilePath("/tmp/drctl-output-\(UInt64.random(in: 0...UInt64.max))")
        let file = OutputFile(at: path, name: "outside/output/x.out", secrets: .none)
        let finished = file.finish()
        #expect(finished == nil)
        #expect(try FileStatus.ifPresent(at: path) == nil)
    }

    @Test func whatCannotBeKeptIsCountedAndItsEndIsThereForPeople() throws {
        var file = OutputFile(at: "/nowhere/x.out", name: "outside/output/x.out", secrets: .none)
        file.take(Array("gone\n".utf8))
        let finished = file.finish()
        let record = try #require(finished)
        #expect(record.truncated && record.sizeBytes == 0 && record.sha256 == Digest.of([UInt8]()))
        #expect(record.tail == "gone\n")
    }
}
