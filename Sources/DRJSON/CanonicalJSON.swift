/// JSON with one way to write a value: keys sorted by their bytes, no spaces, `/` not escaped; in strings only `"`, `\`
/// and control characters are escaped, the short way where JSON has one; no fractions. What journals, plans, spools and
/// the supervisor's socket hold.
///
/// Foundation's coders write the same bytes and took two fifths of a runner's time (Decision 0013).
package enum CanonicalJSON {
    /// The value's bytes.
    /// - Throws: `EncodingError` for a fraction, or what the value's own `encode` throws.
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let frame = EncodingFrame()
        try frame.write(value)
        return frame.bytes
    }

    /// The value that the bytes hold, in the canonical form or in another one of the same meaning.
    ///
    /// Of a doubled key the first one counts. A caller who wants nothing but the canonical form encodes and compares.
    /// - Throws: `DecodingError` for what is not JSON (RFC 8259) or nested deeper than 512, and for what the value's own
    ///   `init(from:)` does not take. A number with a fraction or an exponent is no integer.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        let document = try JSONDocument(bytes)
        return try DecodingFrame(document, 0).value(type)
    }
}
