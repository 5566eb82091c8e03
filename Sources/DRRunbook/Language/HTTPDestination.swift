/// Whether an HTTP request may go somewhere: what an environment's `http.allow` says, and what no request should reach
/// unless it is named there.
package struct HTTPDestination: Sendable {
    private let host: String
    private let port: UInt16
    private let allow: [String]?

    /// - Parameters:
    ///   - host: as the URL has it, without brackets.
    ///   - allow: the only places that may be asked; nil: all but the reserved ones.
    package init(host: String, port: UInt16, allow: [String]?) {
        self.host = host.lowercased()
        self.port = port
        self.allow = allow
    }

    /// Why the request may not go to an address of the host; nil: it may.
    package func refusal(of address: IPAddress) -> String? {
        let isNamed = (allow ?? []).contains { matches($0, address) }
        if isNamed { return nil }
        if allow != nil { return "\(host) (\(address)), port \(port), is not in the environment's `http.allow`" }
        guard let reserved = Self.reserved.first(where: { $0.range.contains(address) }) else { return nil }
        return
            "\(host) is \(address), \(reserved.what): no request goes there unless the environment's `http.allow` names it"
    }

    /// Whether a text can stand in `http.allow`.
    static func isPattern(_ text: String) -> Bool {
        if AllowedDestination(text) != nil { return true }
        guard let (host, _) = NetworkAddress.split(text), !host.isEmpty else { return false }
        return host.utf8.allSatisfy { byte in
            byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                || Character(Unicode.Scalar(byte)).isASCIIDigit || (0x61...0x7a).contains(byte | 0x20)
        }
    }

    private func matches(_ pattern: String, _ address: IPAddress) -> Bool {
        if let allowed = AllowedDestination(pattern) {
            return allowed.range.contains(address) && (allowed.port.map { $0 == port } ?? true)
        }
        guard let (name, wanted) = NetworkAddress.split(pattern) else { return false }
        return name.lowercased() == host && (wanted.map { $0 == port } ?? true)
    }

    private static let reserved: [(range: IPRange, what: String)] = [
        ("169.254.0.0/16", "a link-local address, where clouds keep their machines' credentials"),
        ("fe80::/10", "a link-local address"),
        ("::ffff:169.254.0.0/112", "a link-local address, where clouds keep their machines' credentials"),
        // Metadata services of AWS, Alibaba Cloud and Oracle Cloud that are not link-local.
        ("fd00:ec2::254/128", "a cloud's metadata service"), ("100.100.100.200/32", "a cloud's metadata service"),
        ("192.0.0.192/32", "a cloud's metadata service"), ("0.0.0.0/32", "no address of anybody"),
        ("::/128", "no address of anybody"),
    ].compactMap { text, what in IPRange(text).map { ($0, what) } }
}
