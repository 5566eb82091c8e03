/// A tar archive made byte by byte, as nothing honest would write it.
struct RawTar {
    private(set) var bytes: [UInt8] = []

    /// Appends a ustar header whose checksum is right, and the content padded to blocks.
    /// - Parameter sizeBytes: what the header says of the content; as long as it is unless given.
    mutating func add(
        _ type: Character = "0", _ name: [UInt8], link: [UInt8] = [], mode: Int = 0o644, content: [UInt8] = [],
        sizeBytes: Int64? = nil
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ field: [UInt8], at offset: Int, _ length: Int) {
            header.replaceSubrange(offset..<offset + min(field.count, length), with: field.prefix(length))
        }
        func octal(_ value: Int64, _ digits: Int) -> [UInt8] {
            let text = String(value, radix: 8)
            return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
        }
        put(name, at: 0, 100)
        put(octal(Int64(mode), 7), at: 100, 8)
        put(octal(0, 7), at: 108, 8)
        put(octal(0, 7), at: 116, 8)
        let size = sizeBytes ?? Int64(content.count)
        if size < 1 << 33 {
            put(octal(size, 11), at: 124, 12)
        } else {
            // Base 256, as GNU tar writes what octal digits do not hold.
            put([0x80, 0, 0, 0] + (0..<8).map { UInt8(truncatingIfNeeded: size >> (56 - 8 * $0)) }, at: 124, 12)
        }
        put(octal(1_700_000_000, 11), at: 136, 12)
        put([UInt8](repeating: 0x20, count: 8), at: 148, 8)
        put(Array(String(type).utf8), at: 156, 1)
        put(link, at: 157, 100)
        put(Array("ustar\0".utf8) + Array("00".utf8), at: 257, 8)
        put(octal(header.reduce(0) { $0 + Int64($1) }, 6) + [0, 0x20], at: 148, 8)
        bytes += header
        append(content)
    }

    mutating func add(_ type: Character = "0", _ name: String, link: String = "", content: [UInt8] = []) {
        add(type, Array(name.utf8), link: Array(link.utf8), content: content)
    }

    /// Appends a pax header for the next member.
    mutating func pax(_ records: [(String, [UInt8])]) {
        add("x", Array("pax".utf8), content: records.flatMap { Self.record($0.0, $0.1) })
    }

    /// Appends bytes, padded to a block.
    mutating func append(_ content: [UInt8]) {
        bytes += content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    /// The archive with its end mark.
    var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = [0x20] + Array(key.utf8) + [UInt8(ascii: "=")] + value + [0x0A]
        var length = rest.count + 1
        while String(length).utf8.count + rest.count != length { length += 1 }
        return Array(String(length).utf8) + rest
    }
}
