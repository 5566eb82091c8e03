internal import DRCrypto

/// Packs that one signer's log names, one after the other: its packs are numbered from 0 in the order in which its
/// entries name them, and keep their numbers for ever.
package struct PackRange: Codable, Hashable, Sendable {
    package let signer: SignerID
    package let first: Int
    package let count: Int
}

/// The numbers of all packs.
struct PackNumbers {
    /// By signer; logs with faults are left out, because behind a gap nothing can be numbered.
    private let names: [SignerID: [Digest]]
    private let deleted: Set<Digest>

    init(_ ledger: Ledger) {
        var names: [SignerID: [Digest]] = [:]
        for log in ledger.logs where log.faults.isEmpty {
            names[log.signer] = log.entries.flatMap { $0.packsAdded.map(\.name) }
        }
        self.names = names
        deleted = ledger.removals.deleted
    }

    /// The packs of a range, as far as the log goes.
    func packs(in range: PackRange) -> ArraySlice<Digest> {
        guard let all = names[range.signer], range.first >= 0, range.count >= 0, range.first <= all.count else {
            return []
        }
        return all[range.first...].prefix(range.count)
    }

    /// Some packs as few ranges: one may go on over packs that are deleted since.
    func ranges(of packs: Set<Digest>) -> [PackRange] {
        var ranges: [PackRange] = []
        for (signer, all) in names.sorted(by: { $0.key < $1.key }) {
            var first: Int?
            var last = 0
            for (number, name) in all.enumerated() {
                if packs.contains(name) {
                    first = first ?? number
                    last = number
                } else if let start = first, !deleted.contains(name) {
                    ranges.append(PackRange(signer: signer, first: start, count: last - start + 1))
                    first = nil
                }
            }
            if let first { ranges.append(PackRange(signer: signer, first: first, count: last - first + 1)) }
        }
        return ranges
    }
}
