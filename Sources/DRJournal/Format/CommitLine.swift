// The journal's file
// ==================
//
// A journal is a sequence of batches. A batch is one or more event lines followed by one commit line; every line
// ends with a line feed. Event lines are `EventCodec`'s; a commit line is exactly
//
//     {"commit":C,"epoch":E,"event":N,"previous":"P","hash":"H"}
//
// with no other spacing, integers without sign or leading zeros, and digests of 64 lowercase hexadecimal digits:
//
//     C  number of the commit, counted from 1 without gaps
//     E  epoch of the runner that wrote the batch; 0 for the batch that creates the run; never falls
//     N  number of the batch's last event
//     P  the previous commit line's H; in the first, SHA-256 of the 15 bytes `drctl.journal/1`
//     H  SHA-256 over the batch's event lines, line feeds included, and this commit line up to and not including
//        `,"hash":`
//
// An event line never begins with `{"commit":`. A batch has at most 1 MiB of event lines. It reaches the file by
// one write, and counts once an fdatasync after that write has returned; the next batch is not written before.
// The page JournalFormat of this room's catalogue says the same for readers without this source.

package import DRCrypto
package import DRMachine

/// What closes a batch; the format is at the head of this file.
package struct CommitLine: Sendable, Hashable {
    package var number: Int
    package var epoch: Int
    /// Number of the batch's last event.
    package var event: Int
    package var previous: Digest
    package var hash: Digest

    /// What stands for the previous hash in a journal's first commit.
    package static let genesis = Digest.of("drctl.journal/1")

    static let opening = Array(#"{"commit":"#.utf8)

    package var head: JournalHead { JournalHead(commit: number, event: event, hash: hash) }

    /// The commit line of a batch.
    /// - Parameter lines: the batch's event lines, line feeds included.
    static func closing(
        _ lines: [UInt8], number: Int, epoch: Int, event: Int, previous: Digest
    ) -> CommitLine {
        let covered = coveredText(number: number, epoch: epoch, event: event, previous: previous)
        var hasher = SHA256()
        hasher.update(lines)
        hasher.update(Array(covered.utf8))
        return CommitLine(number: number, epoch: epoch, event: event, previous: previous, hash: hasher.finish())
    }

    /// Whether the hash is that of these bytes: the batch's event lines and, after them, this commit line, of which
    /// everything up to its hash counts. Then the batch is whole in itself.
    func closes(_ batch: ArraySlice<UInt8>) -> Bool {
        let covered = batch.dropLast(Self.uncoveredByteCount)
        var hasher = SHA256()
        hasher.update(covered.span)
        return hasher.finish() == hash
    }

    /// `,"hash":"H"}` at the end of the line.
    private static let uncoveredByteCount = #","hash":""}"#.utf8.count + 2 * Digest.byteCount

    /// The line, with its line feed.
    var bytes: [UInt8] {
        let covered = Self.coveredText(number: number, epoch: epoch, event: event, previous: previous)
        return Array("\(covered),\"hash\":\"\(hash)\"}\n".utf8)
    }

    private static func coveredText(number: Int, epoch: Int, event: Int, previous: Digest) -> String {
        #"{"commit":\#(number),"epoch":\#(epoch),"event":\#(event),"previous":"\#(previous)""#
    }

    init(number: Int, epoch: Int, event: Int, previous: Digest, hash: Digest) {
        self.number = number
        self.epoch = epoch
        self.event = event
        self.previous = previous
        self.hash = hash
    }

    /// - Parameter line: without its line feed.
    /// - Returns: nil for anything that is not, byte for byte, a commit line.
    init?(_ line: ArraySlice<UInt8>) {
        var rest = line
        guard rest.take(#"{"commit":"#), let number = rest.takeInteger(), rest.take(#","epoch":"#),
            let epoch = rest.takeInteger(), rest.take(#","event":"#), let event = rest.takeInteger(),
            rest.take(#","previous":""#), let previous = rest.takeDigest(), rest.take(#"","hash":""#),
            let hash = rest.takeDigest(), rest.take(#""}"#), rest.isEmpty
        else { return nil }
        self.init(number: number, epoch: epoch, event: event, previous: previous, hash: hash)
    }
}

// Each takes away what it reads, and nothing where that does not come next.
extension ArraySlice<UInt8> {
    fileprivate mutating func take(_ text: String) -> Bool {
        let bytes = text.utf8
        guard starts(with: bytes) else { return false }
        removeFirst(bytes.count)
        return true
    }

    /// An integer without sign or leading zeros.
    fileprivate mutating func takeInteger() -> Int? {
        var value = 0
        var count = 0
        for byte in self {
            let digit = Int(byte) - Int(UInt8(ascii: "0"))
            guard (0...9).contains(digit) else { break }
            if count > 0, value == 0 { return nil }
            let (shifted, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (next, isOver) = shifted.addingReportingOverflow(digit)
            if isTooLarge || isOver { return nil }
            value = next
            count += 1
        }
        guard count > 0 else { return nil }
        removeFirst(count)
        return value
    }

    fileprivate mutating func takeDigest() -> Digest? {
        guard let digest = Digest(hexDigits: prefix(2 * Digest.byteCount)) else { return nil }
        removeFirst(2 * Digest.byteCount)
        return digest
    }
}
