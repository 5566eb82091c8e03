enum NetworkAddress {
    /// `name:80`, `10.0.0.1:443`, `[::1]:22`.
    static func isHostAndPort(_ text: String) -> Bool {
        guard let (host, port) = split(text), port != nil else { return false }
        return !host.isEmpty && !host.contains { $0 == "/" || $0.isWhitespace }
    }

    /// A host and the port behind it. An IPv6 address with a port stands in brackets; one without need not.
    /// - Returns: nil where what follows the colon is no port.
    static func split(_ text: String) -> (host: Substring, port: UInt16?)? {
        if text.hasPrefix("[") {
            guard let bracket = text.firstIndex(of: "]") else { return nil }
            let host = text[text.index(after: text.startIndex)..<bracket]
            let rest = text[text.index(after: bracket)...]
            if rest.isEmpty { return (host, nil) }
            guard rest.first == ":", let port = port(rest.dropFirst()) else { return nil }
            return (host, port)
        }
        guard let colon = text.firstIndex(of: ":") else { return (text[...], nil) }
        guard text.lastIndex(of: ":") == colon else { return (text[...], nil) }
        guard let port = port(text[text.index(after: colon)...]) else { return nil }
        return (text[..<colon], port)
    }

    private static func port(_ text: Substring) -> UInt16? {
        guard text.allSatisfy(\.isASCIIDigit), let port = UInt16(text), port > 0 else { return nil }
        return port
    }
}

extension Character {
    var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}

/// An address of the Internet Protocol, by its bytes: 4, or 16.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    package let bytes: [UInt8]

    package var isVersion6: Bool { bytes.count == 16 }

    /// `10.0.0.1`, or an IPv6 address as RFC 4291 writes it, without a zone.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        guard let bytes = text.contains(":") ? Self.version6(text) : Self.version4(text) else { return nil }
        self.bytes = bytes
    }

    package var description: String {
        guard isVersion6 else { return bytes.map(String.init).joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        // RFC 5952: the first of the longest runs of zeros, where it has two groups or more.
        var longest = 0..<0
        var start = 0
        while start < 8 {
            let end = groups[start...].firstIndex { $0 != 0 } ?? 8
            if end - start > max(longest.count, 1) { longest = start..<end }
            start = max(end, start + 1)
        }
        func text(_ groups: ArraySlice<UInt16>) -> String {
            groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
        if longest.isEmpty { return text(groups[...]) }
        return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
    }

    private static func version4(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        // A leading zero would mean octal to some.
        let bytes = parts.compactMap { part in
            part.allSatisfy(\.isASCIIDigit) && (part == "0" || !part.hasPrefix("0")) ? UInt8(part) : nil
        }
        return bytes.count == 4 ? bytes : nil
    }

    private static func version6(_ text: String) -> [UInt8]? {
        let halves = text.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return nil }
        let parsed = halves.enumerated().map { groups($1, areLast: $0 == halves.count - 1) }
        guard let first = parsed[0] else { return nil }
        if parsed.count == 1 { return first.count == 16 ? first : nil }
        guard let last = parsed[1], first.count + last.count <= 14 else { return nil }
        return first + [UInt8](repeating: 0, count: 16 - first.count - last.count) + last
    }

    /// - Parameter areLast: an IPv4 address may stand for the last two.
    private static func groups(_ text: Substring, areLast: Bool) -> [UInt8]? {
        var bytes: [UInt8] = []
        if text.isEmpty { return bytes }
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, group) in groups.enumerated() {
            if areLast, index == groups.count - 1, group.contains("."), let tail = version4(String(group)) {
                bytes += tail
                continue
            }
            guard (1...4).contains(group.count), group.allSatisfy(\.isHexDigit), let value = UInt16(group, radix: 16)
            else { return nil }
            bytes += [UInt8(value >> 8), UInt8(value & 0xff)]
        }
        return bytes
    }
}

/// Addresses that begin with the same bits: `10.0.0.0/24`, or an address in its network: `10.0.0.9/24`.
package struct IPRange: Sendable, Hashable, CustomStringConvertible {
    package var address: IPAddress
    package var prefixBits: Int

    /// `ADDRESS/BITS`; without bits, the address alone.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(parts[0]) else { return nil }
        let most = address.bytes.count * 8
        self.address = address
        prefixBits = most
        if parts.count == 2 {
            guard parts[1].allSatisfy(\.isASCIIDigit), let bits = Int(parts[1]), bits <= most else { return nil }
            prefixBits = bits
        }
    }

    package var description: String { "\(address)/\(prefixBits)" }

    /// The range that the address lies in.
    package var network: IPRange {
        var bytes = address.bytes
        for index in bytes.indices {
            let kept = min(max(prefixBits - index * 8, 0), 8)
            bytes[index] &= UInt8(truncatingIfNeeded: 0xff00 >> kept)
        }
        var range = self
        range.address = IPAddress(bytes: bytes)
        return range
    }

    package func contains(_ other: IPAddress) -> Bool {
        var range = IPRange(address: other)
        guard other.bytes.count == address.bytes.count else { return false }
        range.prefixBits = prefixBits
        return range.network.address == network.address
    }

    private init(address: IPAddress) {
        self.address = address
        prefixBits = address.bytes.count * 8
    }
}

extension IPAddress {
    fileprivate init(bytes: [UInt8]) { self.bytes = bytes }
}

/// Where a drill may connect to: a range of addresses, on one port or on all: `10.0.0.0/24:5432`, `[fd00::/64]:443`.
package struct AllowedDestination: Sendable, Hashable, CustomStringConvertible {
    package var range: IPRange
    /// TCP and UDP on this port alone; nil: everything.
    package var port: UInt16?

    /// nil for what names something else than addresses, or no port.
    package init?(_ text: String) {
        guard let (host, port) = NetworkAddress.split(text), let range = IPRange(host) else { return nil }
        self.range = range.network
        self.port = port
    }

    package var description: String {
        guard let port else { return "\(range)" }
        return range.address.isVersion6 ? "[\(range)]:\(port)" : "\(range):\(port)"
    }
}

/// A value that is written as a text.
package protocol TextCoded: Codable, CustomStringConvertible {
    /// nil where the text is no such value.
    init?(_ text: String)
}

extension TextCoded {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = Self(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "`\(text)` is not a \(Self.self)"))
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension IPAddress: TextCoded {}
extension IPRange: TextCoded {}
extension AllowedDestination: TextCoded {}
