internal import Glibc

/// The name of one entry of a directory: bytes as the kernel keeps them, in no particular encoding.
///
/// A value of this type can be given to a system call as it is: it is neither empty nor `.` nor `..`, holds neither
/// `/` nor NUL, and has at most 255 bytes. Names that come from outside are refused here, once.
package struct FileName: Hashable, Sendable {
    /// NAME_MAX: what Linux file systems take.
    package static let maximumBytes = 255

    /// The bytes and a closing NUL, so that a call needs no copy.
    let terminated: [UInt8]

    /// - Returns: nil for what cannot be the name of an entry.
    package init?(_ bytes: some Collection<UInt8>) {
        guard (1...Self.maximumBytes).contains(bytes.count) else { return nil }
        var terminated: [UInt8] = []
        terminated.reserveCapacity(bytes.count + 1)
        terminated.append(contentsOf: bytes)
        terminated.append(0)
        self.init(terminated: terminated)
    }

    /// A name as it lies in a directory's record, without its NUL.
    init?(span: Span<UInt8>) {
        guard (1...Self.maximumBytes).contains(span.count) else { return nil }
        self.init(
            terminated: unsafe [UInt8](unsafeUninitializedCapacity: span.count + 1) { buffer, count in
                for index in 0..<span.count { unsafe buffer[index] = span[index] }
                unsafe buffer[span.count] = 0
                count = span.count + 1
            })
    }

    private init?(terminated: [UInt8]) {
        let dot = UInt8(ascii: ".")
        let last = terminated.count - 1
        for index in 0..<last where terminated[index] == 0 || terminated[index] == UInt8(ascii: "/") { return nil }
        if terminated[0] == dot, last == 1 || last == 2 && terminated[1] == dot { return nil }
        self.terminated = terminated
    }

    /// The text's UTF-8 bytes as a name; nil for what cannot be one.
    package init?(_ text: String) { self.init(Array(text.utf8)) }

    /// The bytes, without a terminator.
    package var bytes: ArraySlice<UInt8> { terminated.dropLast() }

    package var count: Int { terminated.count - 1 }
}

extension FileName: Comparable {
    /// Order of bytes: the same on every host and in every locale.
    package static func < (one: FileName, other: FileName) -> Bool {
        unsafe one.terminated.withUnsafeBufferPointer { left in
            unsafe other.terminated.withUnsafeBufferPointer { right in
                // Both end in NUL, which no name holds: the shorter of two with a common start comes first.
                guard let left = left.baseAddress, let right = right.baseAddress else { return false }
                return unsafe memcmp(left, right, min(one.terminated.count, other.terminated.count)) < 0
            }
        }
    }
}

extension FileName: CustomStringConvertible {
    /// For people: valid UTF-8 as it is, control characters and stray bytes escaped.
    package var description: String { displayEscaped(bytes: bytes) }
}

/// Bytes that should be text, for people: valid UTF-8 through ``displayEscaped(_:)``; where it is not valid,
/// every byte that is not printable ASCII as `\xNN`.
package func displayEscaped(bytes: some Collection<UInt8>) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return displayEscaped(text) }
    var text = ""
    for byte in bytes {
        if (0x20..<0x7F).contains(byte), byte != UInt8(ascii: "\\") {
            text.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            let hex = String(byte, radix: 16)
            text += "\\x" + (hex.count == 1 ? "0" : "") + hex
        }
    }
    return text
}
