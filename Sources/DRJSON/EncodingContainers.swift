/// The members of an object.
struct MemberWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let frame: EncodingFrame
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) throws { frame.add(key.stringValue) { $0.writeNull() } }
    func encode(_ value: Bool, forKey key: Key) throws { frame.add(key.stringValue) { $0.writeBoolean(value) } }
    func encode(_ value: String, forKey key: Key) throws { frame.add(key.stringValue) { $0.writeText(value) } }
    func encode(_ value: Double, forKey key: Key) throws { try frame.refuseFraction(value) }
    func encode(_ value: Float, forKey key: Key) throws { try frame.refuseFraction(value) }
    func encode(_ value: Int, forKey key: Key) throws { frame.add(key.stringValue) { $0.writeInteger(value) } }
    func encode(_ value: Int8, forKey key: Key) throws { frame.add(key.stringValue) { $0.writeInteger(value) } }
    func encode(_ value: Int16, forKey key: Key) throws { frame.add(key.stringValue) { $0.writeInteger(value) } }
    func encode(_ value: Int32, forKey key: Key) throws { frame.add(key.stringValue) { $0.writeInteger(value) } }
    func encode(_ value: Int64, forKey key: Key) throws { frame.add(key.stringValue) { $0.writeInteger(value) } }
    func encode(_ value: UInt, forKey key: Key) throws { frame.add(key.stringValue) { $0.writeInteger(value) } }
    func encode(_ value: UInt8, forKey key: Key) throws { frame.add(key.stringValue) { $0.writeInteger(value) } }
    func encode(_ value: UInt16, forKey key: Key) throws { frame.add(key.stringValue) { $0.writeInteger(value) } }
    func encode(_ value: UInt32, forKey key: Key) throws { frame.add(key.stringValue) { $0.writeInteger(value) } }
    func encode(_ value: UInt64, forKey key: Key) throws { frame.add(key.stringValue) { $0.writeInteger(value) } }
    func encode(_ value: some Encodable, forKey key: Key) throws {
        try frame.add(key.stringValue) { try $0.write(value) }
    }

    func nestedContainer<Nested: CodingKey>(keyedBy keyType: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<
        Nested
    > { frame.addOpen(key.stringValue).container(keyedBy: keyType) }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        frame.addOpen(key.stringValue).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { frame.addOpen("super") }
    func superEncoder(forKey key: Key) -> any Encoder { frame.addOpen(key.stringValue) }
}

/// The elements of an array.
struct ElementWriter: UnkeyedEncodingContainer {
    let frame: EncodingFrame
    var codingPath: [any CodingKey] { [] }
    var count: Int { frame.count }

    func encodeNil() throws { frame.add("") { $0.writeNull() } }
    func encode(_ value: Bool) throws { frame.add("") { $0.writeBoolean(value) } }
    func encode(_ value: String) throws { frame.add("") { $0.writeText(value) } }
    func encode(_ value: Double) throws { try frame.refuseFraction(value) }
    func encode(_ value: Float) throws { try frame.refuseFraction(value) }
    func encode(_ value: Int) throws { frame.add("") { $0.writeInteger(value) } }
    func encode(_ value: Int8) throws { frame.add("") { $0.writeInteger(value) } }
    func encode(_ value: Int16) throws { frame.add("") { $0.writeInteger(value) } }
    func encode(_ value: Int32) throws { frame.add("") { $0.writeInteger(value) } }
    func encode(_ value: Int64) throws { frame.add("") { $0.writeInteger(value) } }
    func encode(_ value: UInt) throws { frame.add("") { $0.writeInteger(value) } }
    func encode(_ value: UInt8) throws { frame.add("") { $0.writeInteger(value) } }
    func encode(_ value: UInt16) throws { frame.add("") { $0.writeInteger(value) } }
    func encode(_ value: UInt32) throws { frame.add("") { $0.writeInteger(value) } }
    func encode(_ value: UInt64) throws { frame.add("") { $0.writeInteger(value) } }
    func encode(_ value: some Encodable) throws { try frame.add("") { try $0.write(value) } }

    func nestedContainer<Nested: CodingKey>(keyedBy keyType: Nested.Type) -> KeyedEncodingContainer<Nested> {
        frame.addOpen("").container(keyedBy: keyType)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { frame.addOpen("").unkeyedContainer() }
    func superEncoder() -> any Encoder { frame.addOpen("") }
}

/// A value that is neither.
struct SingleWriter: SingleValueEncodingContainer {
    let frame: EncodingFrame
    var codingPath: [any CodingKey] { [] }

    func encodeNil() throws { frame.writeNull() }
    func encode(_ value: Bool) throws { frame.writeBoolean(value) }
    func encode(_ value: String) throws { frame.writeText(value) }
    func encode(_ value: Double) throws { try frame.refuseFraction(value) }
    func encode(_ value: Float) throws { try frame.refuseFraction(value) }
    func encode(_ value: Int) throws { frame.writeInteger(value) }
    func encode(_ value: Int8) throws { frame.writeInteger(value) }
    func encode(_ value: Int16) throws { frame.writeInteger(value) }
    func encode(_ value: Int32) throws { frame.writeInteger(value) }
    func encode(_ value: Int64) throws { frame.writeInteger(value) }
    func encode(_ value: UInt) throws { frame.writeInteger(value) }
    func encode(_ value: UInt8) throws { frame.writeInteger(value) }
    func encode(_ value: UInt16) throws { frame.writeInteger(value) }
    func encode(_ value: UInt32) throws { frame.writeInteger(value) }
    func encode(_ value: UInt64) throws { frame.writeInteger(value) }
    func encode(_ value: some Encodable) throws { try frame.write(value) }
}
