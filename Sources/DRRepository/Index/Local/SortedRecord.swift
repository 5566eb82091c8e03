internal import DRCrypto

/// One place of one object in a sorted index: 26 bytes.
///
/// The first 16 bytes of the id; then, in 80 bits, the pack's number (31), the offset in the pack (25) and the stored
/// length (24). Whoever reads the object compares the whole id with the pack's directory.
struct SortedRecord {
    static let byteCount = 26
    /// A pack whose number is higher has no room in a record.
    static let mostPacks = 1 << 31

    let first: UInt64
    let second: UInt64
    /// Pack number, offset, and the upper 8 bits of the length.
    private let place: UInt64
    private let lengthLow: UInt16

    /// - Returns: nil where a number is too large for its bits; no pack that `PackLayout` allows has such.
    init?(_ id: ObjectID, pack: UInt32, offsetBytes: Int, storedBytes: UInt32) {
        guard pack < Self.mostPacks, offsetBytes >= 0, offsetBytes < 1 << 25, storedBytes < 1 << 24 else { return nil }
        first = id.value.words.0
        second = id.value.words.1
        place = UInt64(pack) << 33 | UInt64(offsetBytes) << 8 | UInt64(storedBytes >> 16)
        lengthLow = UInt16(truncatingIfNeeded: storedBytes)
    }

    /// - Parameter start: where the record's bytes start in the page.
    init(page: [UInt8], at start: Int) {
        first = page.word(at: start)
        second = page.word(at: start + 8)
        place = page.word(at: start + 16)
        lengthLow = UInt16(page[start + 24]) << 8 | UInt16(page[start + 25])
    }

    private init(_ other: SortedRecord, pack: UInt32) {
        first = other.first
        second = other.second
        place = UInt64(pack) << 33 | other.place & (1 << 33 - 1)
        lengthLow = other.lengthLow
    }

    var pack: UInt32 { UInt32(truncatingIfNeeded: place >> 33) }
    var offsetBytes: Int { Int(place >> 8) & (1 << 25 - 1) }
    var storedBytes: Int { Int(place & 0xFF) << 16 | Int(lengthLow) }

    /// The same place when the pack has another number.
    func with(pack: UInt32) -> SortedRecord { SortedRecord(self, pack: pack) }

    func write(to pages: inout PageWriter) throws(RepositoryError) {
        try pages.startRecord()
        pages.store(first)
        pages.store(second)
        pages.store(place)
        pages.store(lengthLow)
    }
}

extension SortedRecord: Comparable {
    static func == (one: SortedRecord, other: SortedRecord) -> Bool {
        (one.first, one.second, one.place, one.lengthLow) == (other.first, other.second, other.place, other.lengthLow)
    }

    /// By id, then by pack number: of several places the oldest comes first.
    static func < (one: SortedRecord, other: SortedRecord) -> Bool {
        (one.first, one.second, one.place, one.lengthLow) < (other.first, other.second, other.place, other.lengthLow)
    }
}

extension [UInt8] {
    /// Eight bytes as a big-endian number.
    func word(at start: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in start..<start + 8 { value = value << 8 | UInt64(self[index]) }
        return value
    }

    func digest(at start: Int) -> Digest? { Digest(self[start..<start + Digest.byteCount]) }
}
