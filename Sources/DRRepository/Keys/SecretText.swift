package import DRCrypto

/// Text with secrets in it, such as a key file: the secrets get into it only in memory that is kept for them.
///
///     try SecretText("# public key: \(recipient)\n\(secret: identity)\n").bytes()
package struct SecretText: ExpressibleByStringInterpolation, Sendable {
    fileprivate enum Part: Sendable {
        case clear([UInt8])
        case secret(SecretBytes)
    }

    /// What stands between the quotes: words that anybody may see, and secrets.
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var parts: [Part] = []

        package init(literalCapacity: Int, interpolationCount: Int) {}

        /// Text between the interpolations.
        package mutating func appendLiteral(_ literal: String) { parts.append(.clear(Array(literal.utf8))) }

        /// What anybody may see.
        package mutating func appendInterpolation(_ words: some CustomStringConvertible) {
            appendLiteral(words.description)
        }

        /// A secret as it is.
        package mutating func appendInterpolation(secret: SecretBytes) { parts.append(.secret(secret)) }
    }

    private var parts: [Part]

    package init(stringLiteral value: String) { parts = [.clear(Array(value.utf8))] }

    package init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }

    init() { parts = [] }

    mutating func append(_ clear: some Sequence<UInt8>) { parts.append(.clear(Array(clear))) }

    mutating func append(secret: SecretBytes) { parts.append(.secret(secret)) }

    static func += (left: inout SecretText, right: SecretText) { left.parts += right.parts }

    /// All of it, in UTF-8.
    /// - Throws: `internalFault` when there is no memory.
    package func bytes() throws(RepositoryError) -> SecretBytes {
        let count = parts.reduce(0) { count, part in
            switch part {
            case .clear(let bytes): count + bytes.count
            case .secret(let bytes): count + bytes.count
            }
        }
        return try newSecret(count) { span in
            var place = 0
            func put(_ bytes: Span<UInt8>, in span: inout MutableSpan<UInt8>) {
                for index in bytes.indices { span[place + index] = bytes[index] }
                place += bytes.count
            }
            for part in parts {
                switch part {
                case .clear(let bytes): put(bytes.span, in: &span)
                case .secret(let bytes): bytes.withBytes { put($0, in: &span) }
                }
            }
        }
    }
}

/// New secret bytes, which `fill` writes.
func newSecret(
    _ count: Int, fill: (inout MutableSpan<UInt8>) -> Void
) throws(RepositoryError) -> SecretBytes {
    do throws(CryptoError) {
        return try SecretBytes(count: count) { span throws(CryptoError) in fill(&span) }
    } catch {
        throw RepositoryError(.internalFault, "no memory for a secret: \(error.message)", cause: error)
    }
}

/// New random secret bytes.
func randomSecret(_ count: Int) throws(RepositoryError) -> SecretBytes {
    do throws(CryptoError) {
        return try SecretBytes.random(count: count)
    } catch {
        throw RepositoryError(.internalFault, "the system gave no randomness: \(error.message)", cause: error)
    }
}

extension SecretBytes {
    /// A part of it; the range must be within.
    func within(_ range: Range<Int>) throws(RepositoryError) -> SecretBytes {
        do throws(CryptoError) {
            return try part(range)
        } catch {
            throw RepositoryError(.internalFault, "a part of a secret: \(error.message)", cause: error)
        }
    }

    /// As text: two digits a byte.
    func hexadecimal() throws(RepositoryError) -> SecretBytes {
        try newSecret(count * 2) { text in
            withBytes { bytes in
                for index in bytes.indices {
                    text[2 * index] = Hexadecimal.digit(bytes[index] >> 4)
                    text[2 * index + 1] = Hexadecimal.digit(bytes[index] & 15)
                }
            }
        }
    }

    /// What this text says; nil unless it has lowercase hexadecimal digits only, in pairs.
    func ofHexadecimal() throws(RepositoryError) -> SecretBytes? {
        guard count.isMultiple(of: 2) else { return nil }
        var isWhole = true
        let bytes = try newSecret(count / 2) { bytes in
            withBytes { text in
                for index in bytes.indices {
                    guard let high = Hexadecimal.value(text[2 * index]),
                        let low = Hexadecimal.value(text[2 * index + 1])
                    else {
                        isWhole = false
                        return
                    }
                    bytes[index] = high << 4 | low
                }
            }
        }
        return isWhole ? bytes : nil
    }
}
