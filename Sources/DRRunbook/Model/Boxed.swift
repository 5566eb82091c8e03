/// An optional value kept behind a reference: what holds many of them, most of them absent, is small, and cheap to
/// copy. It is a value all the same: setting it leaves copies as they are. Encoded as the value itself, and not at all
/// where there is none.
@propertyWrapper package struct Boxed<Value: Sendable>: Sendable {
    private final class Box: Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }

    private var box: Box?

    /// Keeps the value; this is what an assignment of it calls.
    package init(wrappedValue: Value?) { box = wrappedValue.map(Box.init) }

    package var wrappedValue: Value? {
        get { box?.value }
        set { box = newValue.map(Box.init) }
    }
}

extension Boxed: Equatable where Value: Equatable {
    /// By value; two that share one are equal without a look.
    package static func == (one: Boxed, other: Boxed) -> Bool {
        one.box === other.box || one.wrappedValue == other.wrappedValue
    }
}

extension Boxed: Codable where Value: Codable {
    package init(from decoder: any Decoder) throws { self.init(wrappedValue: try Value(from: decoder)) }

    /// Writes the value as it is; a container leaves out what is absent before it comes to this.
    package func encode(to encoder: any Encoder) throws { try wrappedValue?.encode(to: encoder) }
}

extension KeyedDecodingContainer {
    /// Chosen by the coding that the compiler writes: where there is no member, there is no value.
    package func decode<Value: Codable>(_: Boxed<Value>.Type, forKey key: Key) throws -> Boxed<Value> {
        Boxed(wrappedValue: try decodeIfPresent(Value.self, forKey: key))
    }
}

extension KeyedEncodingContainer {
    /// Chosen by the coding that the compiler writes: an absent value has no member.
    package mutating func encode<Value: Codable>(_ value: Boxed<Value>, forKey key: Key) throws {
        try encodeIfPresent(value.wrappedValue, forKey: key)
    }
}
