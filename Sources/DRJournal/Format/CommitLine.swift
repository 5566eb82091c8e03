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
        _ lines: some Collection<UInt8>, number: Int, epoch: Int, event: Int, previous: Digest
    ) -> CommitLine {
        let covered = coveredText(number: number, epoch: epoch, event: event, previous: previous)
        var hasher = SHA256()
        hasher.update(Array(lines))
        hasher.update(Array(covered.utf8))
        return CommitLine(number: number, epoch: epoch, event: event, previous: previous, hash: hasher.finish())
    }

    /// Whether the hash is that of these event lines under this commit line: the batch is whole in itself.
    func closes(_ lines: some Collection<UInt8>) -> Bool {
        Self.closing(lines, number: number, epoch: epoch, event: event, previous: previous).hash == hash
    }

    /// The line, with its line feed.
    var bytes: [UInt8] { Array("\(covered),\"hash\":\"\(hash)\"}\n".utf8) }

    private var covered: String {
        Self.coveredText(number: number, epoch: epoch, event: event, previous: previous)
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
    init?(_ line: some Collection<UInt8>) {
        let texts = String(decoding: line, as: UTF8.self).split(separator: ",", omittingEmptySubsequences: false)
        guard line.starts(with: Self.opening), texts.count == 5 else { return nil }
        func value(_ index: Int, _ name: String) -> Substring? {
            texts[index].hasPrefix(name) ? texts[index].dropFirst(name.count) : nil
        }
        guard let number = value(0, #"{"commit":"#).flatMap({ Int($0) }),
            let epoch = value(1, #""epoch":"#).flatMap({ Int($0) }),
            let event = value(2, #""event":"#).flatMap({ Int($0) }),
            let previous = value(3, #""previous":""#).flatMap({ Digest(hex: $0.dropLast()) }),
            let hash = value(4, #""hash":""#).flatMap({ Digest(hex: $0.dropLast(2)) })
        else { return nil }
        self.init(number: number, epoch: epoch, event: event, previous: previous, hash: hash)
        // Signs, leading zeros and whatever was dropped above show here.
        guard bytes.dropLast().elementsEqual(line) else { return nil }
    }
}
