import FoundationEssentials

/// JSON Schema (draft 2020-12) of the language's files, made from the very definitions that the decoder checks
/// against, so that an editor completes and refuses what drctl takes and refuses.
///
/// What a schema cannot see is left to `drctl lint`: how a text is quoted, whether names mean something, whether an
/// expression can be read.
package enum JSONSchema {
    /// The schema of a kind of file, as JSON with sorted keys; nil for a kind that there
    /// is not.
    package static func text(kind: String) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        guard let document = document(kind: kind), let bytes = try? encoder.encode(document) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// As `text(kind:)`, as a value.
    package static func document(kind: String) -> (any Encodable & Sendable)? {
        guard let document = documents[kind] else { return nil }
        var root = object(document)
        root["$schema"] = .string("https://json-schema.org/draft/2020-12/schema")
        root["title"] = .string("drctl \(kind)")
        return JSON.object(root)
    }

    /// The kinds of files, as their `kind` is written.
    package static var kinds: [String] { documents.keys.sorted() }

    private static let documents = [
        "Runbook": RunbookSchema.document, "Site": SiteSchema.document, "Catalogue": CatalogueSchema.document,
    ]

    /// A JSON value.
    private enum JSON: Encodable, Sendable {
        case string(String)
        case integer(Int64)
        case decimal(Double)
        case boolean(Bool)
        case array([JSON])
        case object([String: JSON])

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .string(let value): try container.encode(value)
            case .integer(let value): try container.encode(value)
            case .decimal(let value): try container.encode(value)
            case .boolean(let value): try container.encode(value)
            case .array(let values): try container.encode(values)
            case .object(let members): try container.encode(members)
            }
        }
    }

    /// Anything that is written on one line is taken as it is written.
    private static let scalar = JSON.array([.string("string"), .string("number"), .string("boolean")])
    private static let namePattern = "^[A-Za-z_][A-Za-z0-9_-]*$"

    private static func schema(_ shape: Shape) -> [String: JSON] {
        switch shape {
        case .text, .template, .expression: return ["type": scalar, "minLength": .integer(1)]
        case .name:
            return [
                "type": .array([.string("string"), .string("boolean")]), "pattern": .string(namePattern),
                "maxLength": .integer(100),
            ]
        case .integer(let range):
            return [
                "type": .string("integer"), "minimum": .integer(range.lowerBound),
                "maximum": .integer(range.upperBound),
            ]
        case .decimal(let range):
            return [
                "type": .string("number"), "minimum": .decimal(Double(range.lowerBound) / 1000),
                "maximum": .decimal(Double(range.upperBound) / 1000),
            ]
        case .boolean: return ["type": .string("boolean")]
        case .duration: return ["type": .string("string"), "pattern": .string("^[0-9]+(ms|s|m|h|d)$")]
        case .size: return ["type": .string("string"), "pattern": .string("^0*[1-9][0-9]*(KiB|MiB|GiB)$")]
        case .choice(let choices): return ["enum": .array(choices.map(JSON.string))]
        case .clockPair:
            let clocks = "(" + ClockName.allCases.map(\.rawValue).joined(separator: "|") + ")"
            return ["type": .string("string"), "pattern": .string("^\(clocks)\\.\\.\(clocks)$")]
        case .command: return command
        case .list(let element, let isEmptyAllowed):
            var list: [String: JSON] = ["type": .string("array"), "items": .object(schema(element))]
            if !isEmptyAllowed { list["minItems"] = .integer(1) }
            return list
        case .map(let value):
            return [
                "type": .string("object"), "propertyNames": .object(["pattern": .string(namePattern)]),
                "additionalProperties": .object(schema(value)),
            ]
        case .object(let object): return self.object(object)
        case .either(let shapes): return ["anyOf": .array(shapes.map { .object(schema($0)) })]
        }
    }

    /// A list of program and arguments, or a script: a text of several lines, without expressions.
    private static let command: [String: JSON] = [
        "anyOf": .array([
            .object([
                "type": .string("array"), "minItems": .integer(1), "items": .object(["type": scalar]),
            ]),
            .object([
                "type": .string("string"), "pattern": .string("\\n"),
                "not": .object(["pattern": .string("\\$\\{\\{")]),
            ]),
        ])
    ]

    private static func object(_ object: ObjectSchema) -> [String: JSON] {
        var result: [String: JSON] = ["type": .string("object")]
        var properties: [String: JSON] = [:]
        for key in object.keys {
            var property = schema(key.shape)
            property["description"] = .string(key.summary)
            properties[key.name] = .object(property)
        }
        result["properties"] = .object(properties)
        result["additionalProperties"] = object.others.map { .object(schema($0)) } ?? .boolean(false)
        if object.others != nil { result["propertyNames"] = .object(["pattern": .string(namePattern)]) }
        let required = object.keys.filter(\.isRequired).map(\.name)
        if !required.isEmpty { result["required"] = .array(required.map(JSON.string)) }
        let excluded = object.excludes.map { key, others in
            JSON.object([
                "not": .object(["allOf": .array([having(key), .object(["anyOf": .array(others.map(having))])])])
            ])
        }
        if !excluded.isEmpty { result["allOf"] = .array(excluded) }
        if object.refusesNothing { result["minProperties"] = .integer(1) }
        if !object.exactlyOne.isEmpty { result["oneOf"] = .array(object.exactlyOne.map(having)) }
        if !object.atMostOne.isEmpty {
            let none = JSON.object(["not": .object(["anyOf": .array(object.atMostOne.map(having))])])
            result["oneOf"] = .array(object.atMostOne.map(having) + [none])
        }
        return result
    }

    private static func having(_ key: String) -> JSON { .object(["required": .array([.string(key)])]) }
}
