internal import DRCrypto
internal import DRMachine
internal import DRSystem
internal import Glibc
internal import SystemPackage

/// One output stream of an attempt on its way into a file: masked, cut at a limit, digested as written. The file is
/// made when there is something to be written: most attempts write to one of their streams, or to none.
struct OutputFile: ~Copyable {
    /// What an attempt may leave in each of its two streams.
    static let limitBytes = 8 << 20
    /// What is kept of the end for people.
    static let tailBytes = 2 << 10

    private let path: FilePath
    private var file: Descriptor?
    private let name: String
    private let limit: Int
    private var mask: SecretMask
    private var hasher = SHA256()
    private var written = 0
    private var dropped: Int64 = 0
    private var tail: [UInt8] = []
    private var failure: SystemError?

    /// - Parameters:
    ///   - path: a file that is made anew.
    ///   - name: what the record calls it: its path relative to the run's directory.
    init(at path: FilePath, name: String, secrets: SecretPatterns, limit: Int = OutputFile.limitBytes) {
        self.path = path
        self.name = name
        self.limit = limit
        mask = SecretMask(secrets)
    }

    /// Takes what the process wrote. A full disk does not stop the process: the record says what is missing.
    mutating func take(_ bytes: [UInt8]) { keep(mask.take(bytes)) }

    /// Writes what was held back, and says what became of the stream. Not durable: it is evidence, not state.
    /// - Returns: nil where nothing was written to it. Where nothing could be kept, there is a record and no file.
    consuming func finish() -> OutputRecord? {
        keep(mask.finish())
        if written == 0, dropped == 0 { return nil }
        if dropped > 0 {
            let reason = failure.map { "because \($0.message)" } ?? "beyond the limit of \(limit) bytes"
            let marker = Array("\n[drctl: \(dropped) further bytes were not kept, \(reason)]\n".utf8)
            if failure == nil, (try? append(marker)) != nil {
                hasher.update(marker)
                written += marker.count
            }
        }
        return OutputRecord(
            path: name, sha256: hasher.finish(), sizeBytes: Int64(written), truncated: dropped > 0,
            tail: lastLines())
    }

    private mutating func keep(_ bytes: [UInt8]) {
        if bytes.isEmpty { return }
        tail = bytes.count >= Self.tailBytes ? Array(bytes.suffix(Self.tailBytes)) : tail + bytes
        if tail.count > 4 * Self.tailBytes { tail = Array(tail.suffix(Self.tailBytes)) }
        let room = failure == nil ? min(limit - written, bytes.count) : 0
        let kept = room == bytes.count ? bytes : Array(bytes.prefix(room))
        dropped += Int64(bytes.count - kept.count)
        if kept.isEmpty { return }
        do throws(SystemError) {
            try append(kept)
            hasher.update(kept)
            written += kept.count
        } catch {
            // What a failed write left behind is not known: the file ends where the digest does.
            failure = error
            dropped += Int64(kept.count)
            try? file?.truncate(to: Int64(written))
        }
    }

    private mutating func append(_ bytes: [UInt8]) throws(SystemError) {
        if file == nil {
            file = try Descriptor(
                opening: path, flags: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_APPEND, mode: 0o600)
        }
        try file?.writeAll(bytes)
    }

    /// Whole lines where there are any, and whole characters.
    private func lastLines() -> String {
        if tail.count <= Self.tailBytes, written <= Self.tailBytes, dropped == 0 {
            return String(decoding: tail, as: UTF8.self)
        }
        var last = tail.suffix(Self.tailBytes)
        if let newline = last.firstIndex(of: 0x0A), newline < last.endIndex - 1 {
            last = last[(newline + 1)...]
        } else {
            // A continuation byte cannot begin a character.
            last = last.drop { $0 & 0xC0 == 0x80 }
        }
        return String(decoding: last, as: UTF8.self)
    }
}
