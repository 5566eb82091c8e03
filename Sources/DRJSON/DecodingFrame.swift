/// A value of a document that is being read.
@usableFromInline struct DecodingFrame: Decoder, Sendable {
    @usableFromInline let document: JSONDocument
    @usableFromInline let index: Int

    init(_ document: JSONDocument, _ index: Int) {
        self.document = document
        self.index = index
    }

    @usableFromInline var codingPath: [any CodingKey] { document.path(to: index) }
    @usableFromInline var userInfo: [CodingUserInfoKey: Any] { [:] }
    private var token: JSONDocument.Token { document.tokens[index] }

    @usableFromInline func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        try requireObject()
        return KeyedDecodingContainer(MemberReader(frame: self))
    }

    @usableFromInline func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard token.kind == .array else { throw mismatch([Any].self, "an array") }
        return ElementReader(frame: self)
    }

    @usableFromInline func singleValueContainer() -> any SingleValueDecodingContainer { SingleReader(frame: self) }

    // MARK: members

    func requireObject() throws {
        guard token.kind == .object else { throw mismatch([String: Any].self, "an object") }
    }

    func find(_ name: String) -> DecodingFrame? {
        document.member(name, of: index).map { DecodingFrame(document, $0) }
    }

    @usableFromInline func member(_ name: String) throws -> DecodingFrame {
        if let member = find(name) { return member }
        throw DecodingError.keyNotFound(
            JSONDocument.Name(stringValue: name),
            .init(codingPath: codingPath, debugDescription: "there is no `\(name)`"))
    }

    /// A member that is there and is not `null`.
    @usableFromInline func present(_ name: String) -> DecodingFrame? {
        guard let member = find(name), !member.isNull else { return nil }
        return member
    }

    /// The name of an object's only member; nil where there are none or more.
    var onlyName: String? { token.count == 1 ? document.text(document.tokens[index + 1]) : nil }

    @usableFromInline var isEmptyObject: Bool { token.kind == .object && token.count == 0 }

    /// The elements of an array.
    @usableFromInline func elements() throws -> [DecodingFrame] {
        guard token.kind == .array else { throw mismatch([Any].self, "an array") }
        var elements: [DecodingFrame] = []
        elements.reserveCapacity(token.count)
        var next = index + 1
        while next < token.next {
            elements.append(DecodingFrame(document, next))
            next = document.tokens[next].next
        }
        return elements
    }

    // MARK: values

    @usableFromInline var isNull: Bool { token.kind == .null }

    @inlinable func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if type == String.self { return try text(as: type) }
        return try Value(from: self)
    }

    /// A function of its own: the type of the optional that the cast makes would be looked up for every value.
    @usableFromInline @inline(never) func text<Value: Decodable>(as type: Value.Type) throws -> Value {
        let text = try text()
        guard let value = text as? Value else { return try Value(from: self) }
        return value
    }

    func boolean() throws -> Bool {
        switch token.kind {
        case .yes: true
        case .no: false
        default: throw mismatch(Bool.self, "true or false")
        }
    }

    @usableFromInline func text() throws -> String {
        guard token.kind == .text || token.kind == .escapedText else { throw mismatch(String.self, "a text") }
        return document.text(token)
    }

    @usableFromInline func integer<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Number {
        guard token.kind == .integer else { throw mismatch(type, "a whole number") }
        var digits = document.bytes[token.start..<token.end]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        var value: Number = 0
        for byte in digits {
            let digit = Number(truncatingIfNeeded: byte - 0x30)
            let (product, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, exceeded) =
                isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            guard !overflowed, !exceeded else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: codingPath, debugDescription: "the number does not fit in \(type)"))
            }
            value = sum
        }
        return value
    }

    func fraction<Number: LosslessStringConvertible>(_ type: Number.Type) throws -> Number {
        guard token.kind == .integer || token.kind == .fraction else { throw mismatch(type, "a number") }
        guard let value = Number(String(decoding: document.bytes[token.start..<token.end], as: UTF8.self)) else {
            throw mismatch(type, "a number")
        }
        return value
    }

    // MARK: errors

    func mismatch(_ type: Any.Type, _ wanted: String) -> DecodingError {
        let found =
            switch token.kind {
            case .null: "null"
            case .yes, .no: "a boolean"
            case .integer, .fraction: "a number"
            case .text, .escapedText: "a text"
            case .array: "an array"
            case .object: "an object"
            }
        let context = DecodingError.Context(
            codingPath: codingPath, debugDescription: "\(found) stands where \(wanted) should be")
        return isNull ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }
}
