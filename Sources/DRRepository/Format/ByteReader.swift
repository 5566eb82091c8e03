package import DRCrypto

/// Reads what `ByteWriter` writes. Running over the end is damage, said with the object's name.
package struct ByteReader {
    private let bytes: [UInt8]
    /// What errors call the object.
    private let name: String
    package private(set) var offsetBytes = 0

    package init(_ bytes: [UInt8], of name: String) {
        self.bytes = bytes
        self.name = name
    }

    package var remainingBytes: Int { bytes.count - offsetBytes }

    /// A big-endian integer of the type's own width.
    package mutating func integer<Value: FixedWidthInteger>(
        _ type: Value.Type = Value.self
    ) throws(RepositoryError) -> Value {
        let count = Value.bitWidth / 8
        try need(count)
        var value: Value = 0
        for index in offsetBytes..<(offsetBytes + count) {
            value = value << 8 | Value(truncatingIfNeeded: bytes[index])
        }
        offsetBytes += count
        return value
    }

    /// So many bytes, without a length in front.
    package mutating func raw(_ count: Int) throws(RepositoryError) -> [UInt8] {
        try need(count)
        defer { offsetBytes += count }
        return Array(bytes[offsetBytes..<(offsetBytes + count)])
    }

    /// 32 bytes.
    package mutating func digest() throws(RepositoryError) -> Digest {
        try need(Digest.byteCount)
        guard let digest = Digest(bytes[offsetBytes..<(offsetBytes + Digest.byteCount)]) else {
            throw malformed("digest")
        }
        offsetBytes += Digest.byteCount
        return digest
    }

    /// Two bytes of length, and as many bytes.
    package mutating func field() throws(RepositoryError) -> [UInt8] {
        try raw(Int(try integer(UInt16.self)))
    }

    /// A field, read as UTF-8.
    package mutating func text() throws(RepositoryError) -> String {
        String(decoding: try field(), as: UTF8.self)
    }

    /// - Throws: `damaged` unless everything was read.
    package func finish() throws(RepositoryError) {
        guard remainingBytes == 0 else { throw malformed("\(remainingBytes) bytes follow its end") }
    }

    /// The error that says what does not fit, and at which byte.
    package func malformed(_ what: String) -> RepositoryError {
        RepositoryError(.damaged, "\(name) is not what the format says: \(what) at byte \(offsetBytes)")
    }

    private func need(_ count: Int) throws(RepositoryError) {
        guard count >= 0, remainingBytes >= count else {
            throw malformed("\(count) bytes wanted where \(remainingBytes) are left")
        }
    }
}
