// Objects read and written by name. What every event and every step of a plan is made of goes this way: a container of
// the standard library has its generic types looked up each time that it is made, which took a quarter of the time that
// a long journal took. Other coders than the house's own are served by a container as usual.

/// The name of a member.
private struct MemberName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
}

/// The members of an object that is being read. Everything throws `DecodingError` for what is not there or is something
/// else than is asked for.
@usableFromInline package struct ObjectReader {
    /// nil: another coder's container gives the members.
    @usableFromInline let frame: DecodingFrame?
    private let container: KeyedDecodingContainer<MemberName>?

    /// - Throws: `DecodingError` for what is no object.
    package init(_ decoder: any Decoder) throws {
        frame = decoder as? DecodingFrame
        container = frame == nil ? try decoder.container(keyedBy: MemberName.self) : nil
        try frame?.requireObject()
    }

    /// A member's text.
    @usableFromInline package func text(_ name: String) throws -> String {
        try frame?.member(name).text() ?? valueElsewhere(name)
    }

    /// A member's text; nil where there is none, or `null`.
    package func textIfPresent(_ name: String) throws -> String? {
        guard let frame else { return try valueElsewhereIfPresent(name) }
        return try frame.present(name)?.text()
    }

    /// A member's whole number.
    @inlinable package func integer<Number: FixedWidthInteger & Decodable>(
        _ name: String, as type: Number.Type = Number.self
    ) throws -> Number {
        guard let frame else { return try valueElsewhere(name) }
        return try frame.member(name).integer(type)
    }

    /// Whether a member is true.
    package func boolean(_ name: String) throws -> Bool {
        try frame?.member(name).boolean() ?? valueElsewhere(name)
    }

    /// A member's text as the choice that it names.
    @inlinable package func choice<Choice: RawRepresentable<String>>(
        _ name: String, as type: Choice.Type = Choice.self
    ) throws -> Choice {
        let text = try text(name)
        guard let choice = Choice(rawValue: text) else { throw wrong(name, "`\(text)` is not known here") }
        return choice
    }

    /// A member's value.
    @inlinable package func value<Value: Decodable>(
        _ name: String, as type: Value.Type = Value.self
    ) throws -> Value {
        guard let frame else { return try valueElsewhere(name) }
        return try frame.member(name).value(type)
    }

    /// A member's value; nil where there is none, or `null`.
    @inlinable package func valueIfPresent<Value: Decodable>(
        _ name: String, as type: Value.Type = Value.self
    ) throws -> Value? {
        guard let frame else { return try valueElsewhereIfPresent(name) }
        return try frame.present(name)?.value(type)
    }

    /// A member's elements.
    @inlinable package func array<Element: Decodable>(
        _ name: String, of type: Element.Type = Element.self
    ) throws -> [Element] {
        guard let frame else { return try valueElsewhere(name) }
        return try frame.member(name).elements().map { try $0.value(type) }
    }

    /// A member's own members, by their names.
    @inlinable package func table<Value: Decodable>(
        _ name: String, of type: Value.Type = Value.self
    ) throws -> [String: Value] {
        guard let frame else { return try valueElsewhere(name) }
        let member = try frame.member(name)
        // Most tables of a step are empty.
        return member.isEmptyObject ? [:] : try member.value([String: Value].self)
    }

    @usableFromInline func valueElsewhere<Value: Decodable>(_ name: String) throws -> Value {
        guard let container else { throw wrong(name, "nothing is read") }
        return try container.decode(Value.self, forKey: MemberName(name))
    }

    @usableFromInline func valueElsewhereIfPresent<Value: Decodable>(_ name: String) throws -> Value? {
        try container?.decodeIfPresent(Value.self, forKey: MemberName(name))
    }

    /// What reads a member as something that depends on the other ones.
    package func decoder(of name: String) throws -> any Decoder {
        if let frame { return try frame.member(name) }
        guard let container else { throw wrong(name, "nothing is read") }
        return try container.superDecoder(forKey: MemberName(name))
    }

    /// The error for a member whose value makes no sense.
    @usableFromInline package func wrong(_ name: String, _ what: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: path + [MemberName(name)], debugDescription: what))
    }

    /// Where the object stands, for errors.
    package var path: [any CodingKey] { frame?.codingPath ?? container?.codingPath ?? [] }

    /// The name of the only member; nil where there are none or more.
    fileprivate var onlyName: String? {
        if let frame { return frame.onlyName }
        let names = container?.allKeys ?? []
        return names.count == 1 ? names.first?.stringValue : nil
    }
}

/// The members of an object that is being written; each is written once.
@usableFromInline package struct ObjectWriter {
    /// nil: another coder's container takes the members.
    @usableFromInline let frame: EncodingFrame?
    private var container: KeyedEncodingContainer<MemberName>?

    /// Begins the object: the value that the encoder writes.
    @usableFromInline package init(_ encoder: any Encoder) {
        frame = encoder as? EncodingFrame
        if let frame { frame.beginObject() } else { container = encoder.container(keyedBy: MemberName.self) }
    }

    /// Writes a member.
    @inlinable package mutating func write(_ name: String, text: String) throws {
        guard let frame else { return try writeElsewhere(name, text) }
        let start = frame.place
        frame.writeText(text)
        frame.addMember(name, from: start)
    }

    /// Writes a member.
    @inlinable package mutating func write(_ name: String, integer: some BinaryInteger & Encodable) throws {
        guard let frame else { return try writeElsewhere(name, integer) }
        let start = frame.place
        frame.writeInteger(integer)
        frame.addMember(name, from: start)
    }

    /// Writes a member.
    @inlinable package mutating func write(_ name: String, boolean: Bool) throws {
        guard let frame else { return try writeElsewhere(name, boolean) }
        let start = frame.place
        frame.writeBoolean(boolean)
        frame.addMember(name, from: start)
    }

    /// Writes a member.
    /// - Throws: `EncodingError` for what JSON cannot hold.
    @inlinable package mutating func write(_ name: String, _ value: some Encodable) throws {
        guard let frame else { return try writeElsewhere(name, value) }
        let start = frame.place
        try frame.write(value)
        frame.addMember(name, from: start)
    }

    /// Writes a member, unless there is no value.
    /// - Throws: `EncodingError` for what JSON cannot hold.
    @inlinable package mutating func writeIfPresent(_ name: String, _ value: (some Encodable)?) throws {
        if let value { try write(name, value) }
    }

    /// Writes a member.
    /// - Throws: `EncodingError` for what JSON cannot hold.
    @inlinable package mutating func write(_ name: String, array: [some Encodable]) throws {
        guard let frame else { return try writeElsewhere(name, array) }
        let start = frame.place
        try frame.writeArray(array)
        frame.addMember(name, from: start)
    }

    /// Writes a member, whose own members are the entries.
    /// - Throws: `EncodingError` for what JSON cannot hold.
    @inlinable package mutating func write(_ name: String, table: [String: some Encodable]) throws {
        guard let frame else { return try writeElsewhere(name, table) }
        let start = frame.place
        // Most tables of a step are empty.
        if table.isEmpty { frame.writeEmptyObject() } else { try frame.write(table) }
        frame.addMember(name, from: start)
    }

    @usableFromInline mutating func writeElsewhere(_ name: String, _ value: some Encodable) throws {
        try container?.encode(value, forKey: MemberName(name))
    }
}

/// The payload of a case that has none: `{"timedOut": {}}`.
package struct NoPayload: Codable {
    package init() {}
}

/// A value of one of several kinds, written as an object with exactly one key, the kind's name: `{"argv": ["true"]}`.
@usableFromInline package struct OneKeyReader {
    /// The key.
    @usableFromInline package let name: String
    @usableFromInline let object: ObjectReader

    /// - Throws: `DecodingError` unless there is an object with exactly one key.
    package init(_ decoder: any Decoder) throws {
        object = try ObjectReader(decoder)
        guard let only = object.onlyName else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "exactly one key is expected here"))
        }
        name = only
    }

    /// What is under the key.
    /// - Throws: `DecodingError` where that is no such value.
    @inlinable package func payload<Payload: Decodable>(_ type: Payload.Type = Payload.self) throws -> Payload {
        try object.value(name, as: type)
    }

    /// The members of the object under the key.
    /// - Throws: `DecodingError` where that is no object.
    package func members() throws -> ObjectReader { try ObjectReader(object.decoder(of: name)) }

    /// What to throw for a key that is none of the known ones.
    package var unknown: DecodingError {
        .dataCorrupted(.init(codingPath: object.path, debugDescription: "`\(name)` is not known here"))
    }
}

extension Encoder {
    /// Writes `{name: payload}`.
    /// - Throws: `EncodingError` for what the payload holds and JSON cannot.
    @inlinable package func writeOneKey(_ name: String, _ payload: some Encodable) throws {
        var object = ObjectWriter(self)
        try object.write(name, payload)
    }

    /// Writes `{name: {…}}`.
    /// - Parameter write: writes the members of the object under the name.
    /// - Throws: what `write` throws.
    package func writeOneKey(_ name: String, _ write: @escaping (inout ObjectWriter) throws -> Void) throws {
        try writeOneKey(name, MembersPayload(write: write))
    }
}

/// An object that is written where its members are known.
private struct MembersPayload: Encodable {
    let write: (inout ObjectWriter) throws -> Void

    func encode(to encoder: any Encoder) throws {
        var object = ObjectWriter(encoder)
        try write(&object)
    }
}
