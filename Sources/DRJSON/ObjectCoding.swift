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
package struct ObjectReader {
    private enum Source {
        case frame(DecodingFrame)
        case container(KeyedDecodingContainer<MemberName>)
    }

    private let source: Source

    /// - Throws: `DecodingError` for what is no object.
    package init(_ decoder: any Decoder) throws {
        if let frame = decoder as? DecodingFrame {
            try frame.requireObject()
            source = .frame(frame)
        } else {
            source = .container(try decoder.container(keyedBy: MemberName.self))
        }
    }

    /// A member's text.
    package func text(_ name: String) throws -> String {
        switch source {
        case .frame(let frame): try frame.member(name).text()
        case .container(let container): try container.decode(String.self, forKey: MemberName(name))
        }
    }

    /// A member's whole number.
    package func integer<Number: FixedWidthInteger & Decodable>(
        _ name: String, as type: Number.Type = Number.self
    ) throws -> Number {
        switch source {
        case .frame(let frame): try frame.member(name).integer(type)
        case .container(let container): try container.decode(type, forKey: MemberName(name))
        }
    }

    /// A member's value.
    package func value<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
        switch source {
        case .frame(let frame): try frame.member(name).value(type)
        case .container(let container): try container.decode(type, forKey: MemberName(name))
        }
    }

    /// A member's value; nil where there is none, or `null`.
    package func valueIfPresent<Value: Decodable>(
        _ name: String, as type: Value.Type = Value.self
    ) throws -> Value? {
        switch source {
        case .frame(let frame):
            guard let member = frame.find(name), !member.isNull else { return nil }
            return try member.value(type)
        case .container(let container): return try container.decodeIfPresent(type, forKey: MemberName(name))
        }
    }

    /// What reads a member as something that depends on the other ones.
    package func decoder(of name: String) throws -> any Decoder {
        switch source {
        case .frame(let frame): try frame.member(name)
        case .container(let container): try container.superDecoder(forKey: MemberName(name))
        }
    }

    /// The error for a member whose value makes no sense.
    package func wrong(_ name: String, _ what: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: path + [MemberName(name)], debugDescription: what))
    }

    /// Where the object stands, for errors.
    package var path: [any CodingKey] {
        switch source {
        case .frame(let frame): frame.codingPath
        case .container(let container): container.codingPath
        }
    }

    /// The name of the only member; nil where there are none or more.
    fileprivate var onlyName: String? {
        switch source {
        case .frame(let frame): return frame.onlyName
        case .container(let container):
            let names = container.allKeys
            return names.count == 1 ? names.first?.stringValue : nil
        }
    }
}

/// The members of an object that is being written; each is written once.
package struct ObjectWriter {
    private enum Target {
        case frame(EncodingFrame)
        case container(KeyedEncodingContainer<MemberName>)
    }

    private var target: Target

    /// Begins the object: the value that the encoder writes.
    package init(_ encoder: any Encoder) {
        if let frame = encoder as? EncodingFrame {
            frame.beginObject()
            target = .frame(frame)
        } else {
            target = .container(encoder.container(keyedBy: MemberName.self))
        }
    }

    /// Writes a member.
    package mutating func write(_ name: String, text: String) throws {
        switch target {
        case .frame(let frame): frame.add(name) { $0.writeText(text) }
        case .container(var container):
            try container.encode(text, forKey: MemberName(name))
            target = .container(container)
        }
    }

    /// Writes a member.
    package mutating func write(_ name: String, integer: some BinaryInteger & Encodable) throws {
        switch target {
        case .frame(let frame): frame.add(name) { $0.writeInteger(integer) }
        case .container(var container):
            try container.encode(integer, forKey: MemberName(name))
            target = .container(container)
        }
    }

    /// Writes a member.
    /// - Throws: `EncodingError` for what JSON cannot hold.
    package mutating func write(_ name: String, _ value: some Encodable) throws {
        switch target {
        case .frame(let frame): try frame.add(name) { try $0.write(value) }
        case .container(var container):
            try container.encode(value, forKey: MemberName(name))
            target = .container(container)
        }
    }
}

/// The payload of a case that has none: `{"timedOut": {}}`.
package struct NoPayload: Codable {
    package init() {}
}

/// A value of one of several kinds, written as an object with exactly one key, the kind's name: `{"argv": ["true"]}`.
package struct OneKeyReader {
    /// The key.
    package let name: String
    private let object: ObjectReader

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
    package func payload<Payload: Decodable>(_ type: Payload.Type = Payload.self) throws -> Payload {
        try object.value(name, as: type)
    }

    /// What to throw for a key that is none of the known ones.
    package var unknown: DecodingError {
        .dataCorrupted(.init(codingPath: object.path, debugDescription: "`\(name)` is not known here"))
    }
}

extension Encoder {
    /// Writes `{name: payload}`.
    /// - Throws: `EncodingError` for what the payload holds and JSON cannot.
    package func writeOneKey(_ name: String, _ payload: some Encodable) throws {
        var object = ObjectWriter(self)
        try object.write(name, payload)
    }
}
