/// The members of an object.
struct MemberReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let frame: DecodingFrame
    /// The members by name, where there are many.
    private let table: [String: Int]?

    init(frame: DecodingFrame) {
        self.frame = frame
        let document = frame.document
        guard document.tokens[frame.index].count > 64 else {
            table = nil
            return
        }
        var table: [String: Int] = [:]
        Self.forEach(of: frame) { key, value in
            let name = document.text(document.tokens[key])
            if table[name] == nil { table[name] = value }
        }
        self.table = table
    }

    var codingPath: [any CodingKey] { frame.codingPath }

    var allKeys: [Key] {
        var keys: [Key] = []
        Self.forEach(of: frame) { key, _ in
            if let key = Key(stringValue: frame.document.text(frame.document.tokens[key])) { keys.append(key) }
        }
        return keys
    }

    private static func forEach(of frame: DecodingFrame, _ body: (_ key: Int, _ value: Int) -> Void) {
        let tokens = frame.document.tokens
        var key = frame.index + 1
        while key < tokens[frame.index].next {
            body(key, key + 1)
            key = tokens[key + 1].next
        }
    }

    private func find(_ key: Key) -> DecodingFrame? {
        guard let table else { return frame.find(key.stringValue) }
        return table[key.stringValue].map { DecodingFrame(frame.document, $0) }
    }

    private func member(_ key: Key) throws -> DecodingFrame {
        if let member = find(key) { return member }
        throw DecodingError.keyNotFound(
            key, .init(codingPath: codingPath, debugDescription: "there is no `\(key.stringValue)`"))
    }

    func contains(_ key: Key) -> Bool { find(key) != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try member(key).isNull }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try member(key).boolean() }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try member(key).text() }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try member(key).fraction(type) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try member(key).fraction(type) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try member(key).integer(type) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try member(key).integer(type) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try member(key).integer(type) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try member(key).integer(type) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try member(key).integer(type) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try member(key).integer(type) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try member(key).integer(type) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try member(key).integer(type) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try member(key).integer(type) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try member(key).integer(type) }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try member(key).value(type) }
    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        guard let member = find(key), !member.isNull else { return nil }
        return try member.value(type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try member(key).container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try member(key).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder {
        guard let value = frame.document.member("super", of: frame.index) else { return frame }
        return DecodingFrame(frame.document, value)
    }
    func superDecoder(forKey key: Key) throws -> any Decoder { try member(key) }
}

/// The elements of an array.
struct ElementReader: UnkeyedDecodingContainer {
    let frame: DecodingFrame
    private var position: Int
    private(set) var currentIndex = 0

    init(frame: DecodingFrame) {
        self.frame = frame
        position = frame.index + 1
    }

    var codingPath: [any CodingKey] { frame.codingPath }
    var count: Int? { frame.document.tokens[frame.index].count }
    var isAtEnd: Bool { position >= frame.document.tokens[frame.index].next }

    private var element: DecodingFrame {
        get throws {
            guard !isAtEnd else {
                throw DecodingError.valueNotFound(
                    Any.self, .init(codingPath: codingPath, debugDescription: "there are no more elements"))
            }
            return DecodingFrame(frame.document, position)
        }
    }

    private mutating func take<Value>(_ read: (DecodingFrame) throws -> Value) throws -> Value {
        let value = try read(element)
        position = frame.document.tokens[position].next
        currentIndex += 1
        return value
    }

    mutating func decodeNil() throws -> Bool {
        guard try element.isNull else { return false }
        return try take { _ in true }
    }
    mutating func decode(_ type: Bool.Type) throws -> Bool { try take { try $0.boolean() } }
    mutating func decode(_ type: String.Type) throws -> String { try take { try $0.text() } }
    mutating func decode(_ type: Double.Type) throws -> Double { try take { try $0.fraction(type) } }
    mutating func decode(_ type: Float.Type) throws -> Float { try take { try $0.fraction(type) } }
    mutating func decode(_ type: Int.Type) throws -> Int { try take { try $0.integer(type) } }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try take { try $0.integer(type) } }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try take { try $0.integer(type) } }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try take { try $0.integer(type) } }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try take { try $0.integer(type) } }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try take { try $0.integer(type) } }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try take { try $0.integer(type) } }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try take { try $0.integer(type) } }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try take { try $0.integer(type) } }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try take { try $0.integer(type) } }
    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try take { try $0.value(type) } }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { try take { try $0.container(keyedBy: type) } }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try take { try $0.unkeyedContainer() }
    }
    mutating func superDecoder() throws -> any Decoder { try take { $0 } }
}

/// A value that is neither.
struct SingleReader: SingleValueDecodingContainer {
    let frame: DecodingFrame
    var codingPath: [any CodingKey] { frame.codingPath }

    func decodeNil() -> Bool { frame.isNull }
    func decode(_ type: Bool.Type) throws -> Bool { try frame.boolean() }
    func decode(_ type: String.Type) throws -> String { try frame.text() }
    func decode(_ type: Double.Type) throws -> Double { try frame.fraction(type) }
    func decode(_ type: Float.Type) throws -> Float { try frame.fraction(type) }
    func decode(_ type: Int.Type) throws -> Int { try frame.integer(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try frame.integer(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try frame.integer(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try frame.integer(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try frame.integer(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try frame.integer(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try frame.integer(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try frame.integer(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try frame.integer(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try frame.integer(type) }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try frame.value(type) }
}
