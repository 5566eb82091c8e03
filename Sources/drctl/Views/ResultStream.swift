import DRSystem
import SystemPackage

/// Standard output for a result that is too long to be kept: lines or bytes, a block at a time.
struct ResultStream {
    private static let blockBytes = 64 << 10
    private var block: [UInt8] = []
    /// Nobody reads any more: `head` has seen enough.
    private(set) var isClosed = false

    /// - Throws: where standard output cannot be written, other than for want of a reader.
    mutating func line(_ text: String) throws {
        try bytes(Array(text.utf8) + [UInt8(ascii: "\n")])
    }

    /// - Throws: as `line`.
    mutating func bytes(_ bytes: [UInt8]) throws {
        block += bytes
        if block.count >= Self.blockBytes { try flush() }
    }

    /// Writes what is kept back; call it at the end.
    mutating func flush() throws {
        defer { block.removeAll(keepingCapacity: true) }
        if isClosed { return }
        do { try FileDescriptor.standardOutput.writeAll(block) } catch Errno.brokenPipe { isClosed = true } catch {
            throw Failure(
                exit: .notEstablished, code: "output.unwritable",
                message: "the result could not be written to standard output: \(error)",
                hint: "give it another place; what was written so far is not all")
        }
    }
}
