internal import DRSystem
internal import SystemPackage

/// Copies and compares the content of two open files, through one buffer each that is used again.
struct FileCopy {
    private static let blockBytes = 1 << 20

    private var left: [UInt8] = []
    private var right: [UInt8] = []

    /// Whether both hold the same bytes, from start to end.
    mutating func areEqual(_ one: borrowing OpenFile, _ other: borrowing OpenFile) throws(SystemError) -> Bool {
        one.expectSequentialReading()
        other.expectSequentialReading()
        while true {
            left.removeAll(keepingCapacity: true)
            right.removeAll(keepingCapacity: true)
            let count = try one.read(upTo: Self.blockBytes, appendingTo: &left)
            let otherCount = try other.read(upTo: Self.blockBytes, appendingTo: &right)
            guard count == otherCount, left == right else { return false }
            if count < Self.blockBytes { return true }
        }
    }

    /// Copies everything into an empty file; blocks of zeros become holes.
    /// - Returns: the number of bytes.
    mutating func copy(from source: borrowing OpenFile, to target: borrowing OpenFile) throws(SystemError) -> Int64 {
        source.expectSequentialReading()
        var offset: Int64 = 0
        while true {
            left.removeAll(keepingCapacity: true)
            let count = try source.read(upTo: Self.blockBytes, appendingTo: &left)
            if count > 0, left.first != 0 || !left.allSatisfy({ $0 == 0 }) { try target.write(left, at: offset) }
            offset += Int64(count)
            if count < Self.blockBytes { break }
        }
        try target.setSize(offset)
        return offset
    }
}
