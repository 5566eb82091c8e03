/// The name of an enum's case, as the only key of a JSON object: `{"argv": ["true"]}`.
struct CaseName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
}

/// The payload of a case that has none: `{"timedOut": {}}`.
struct NoPayload: Codable {}

/// A value written as an object with exactly one key; what is under it depends on the key.
struct OneKeyReader {
    let name: String
    private let container: KeyedDecodingContainer<CaseName>

    init(_ decoder: any Decoder) throws {
        container = try decoder.container(keyedBy: CaseName.self)
        guard let only = container.allKeys.first, container.allKeys.count == 1 else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "exactly one key is expected here"))
        }
        name = only.stringValue
    }

    func payload<Payload: Decodable>(_ type: Payload.Type = Payload.self) throws -> Payload {
        try container.decode(Payload.self, forKey: CaseName(name))
    }

    /// What to throw for a key that is none of the known ones.
    var unknown: DecodingError {
        .dataCorrupted(.init(codingPath: container.codingPath, debugDescription: "`\(name)` is not known here"))
    }
}

extension Encoder {
    /// Writes `{name: payload}`.
    func writeOneKey(_ name: String, _ payload: some Encodable) throws {
        var container = container(keyedBy: CaseName.self)
        try container.encode(payload, forKey: CaseName(name))
    }
}
