import DRArchive
import DRCrypto
import DRSystem
import SystemPackage

@testable import DRRepository

/// Each stage of a backup alone, on one thread, over the content of a file.
struct StageBench {
    private let content: [UInt8]
    private let chunks: [Range<Int>]
    private let chunker: Chunker

    init(file: FilePath) throws {
        content = try DurableFile.read(at: file, limit: 256 << 20)
        chunker = Chunker(seed: [UInt8](repeating: 3, count: 32))
        chunks = Self.cut(content, chunker)
    }

    private static func cut(_ content: [UInt8], _ chunker: Chunker) -> [Range<Int>] {
        var chunks: [Range<Int>] = []
        var start = 0
        while start < content.count {
            let end = start + chunker.chunkLength(in: content.span, from: start)
            chunks.append(start..<end)
            start = end
        }
        return chunks
    }

    func run() throws {
        print("\(content.count >> 20) MB in \(chunks.count) chunks; MB a second on one thread, median of 5")
        report("copy", try median { _ = content + content.prefix(1) })
        report("chunker", try median { _ = Self.cut(content, chunker) })
        let naming = try IDKey(SecretBytes(copying: [UInt8](repeating: 1, count: 32)))
        report("hash (HMAC-SHA-256)", try median { for chunk in chunks { _ = naming.chunkID(of: content, chunk) } })
        var compressor = try Compressor(level: 3)
        var output = [UInt8](repeating: 0, count: Compressor.bound(4 << 20))
        var stored = 0
        report(
            "zstd, level 3",
            try median {
                stored = 0
                for chunk in chunks {
                    var span = output.mutableSpan
                    stored += try compressor.compress(content.span.extracting(chunk), into: &span) ?? chunk.count
                }
            })
        print("  to \(rounded(100 * Double(stored) / Double(content.count))) % of the length")
        var key = try AEADKey(.aes256GCM, key: SecretBytes(copying: [UInt8](repeating: 2, count: 32)))
        report(
            "AES-256-GCM",
            try median {
                for (number, chunk) in chunks.enumerated() {
                    var span = output.mutableSpan
                    try key.seal(
                        content.span.extracting(chunk), nonce: AEADNonce(low: UInt64(number)),
                        associatedData: [UInt8]().span, into: &span)
                }
            })
        try trees()
    }

    /// Entries of a directory with 20,000 files, written and read.
    private func trees() throws {
        let count = 20_000
        let link = ObjectLink(.chunk, ObjectID(Digest.of("chunk")))
        let names = (0..<count).map { FileName("file-\(1_000_000 + $0).txt") }
        let metadata = FileMetadata(
            kind: .regular, permissions: 0o644, userID: 1000, groupID: 1000,
            modified: FileTime(seconds: 1_700_000_000, nanoseconds: 123_456_789), sizeBytes: 4321)
        var body = BodyWriter()
        let written = try median {
            body = BodyWriter()
            var links: [ObjectLink] = []
            for name in names {
                guard let name else { continue }
                body.string(name.bytes)
                body.entry(metadata, .file([FilePiece(link: link, lengthBytes: 4321)]), links: &links)
            }
        }
        print("tree codec, writing: \(rounded(Double(count) / written / 1e6, 2)) million entries a second")
    }

    private func median(_ work: () throws -> Void) throws -> Double {
        let times = try (0..<5).map { _ in try seconds(work).seconds }
        return times.sorted()[2]
    }

    private func report(_ stage: String, _ seconds: Double) {
        print("\(stage): \(Int(Double(content.count) / seconds / 1e6)) MB/s")
    }
}
