/// What may be written at a place of the language: the one definition that the decoder checks against
/// and the reference and the JSON Schema are made from.
indirect enum Shape: Sendable {
    /// Any text, not empty; numbers and such are taken as written.
    case text
    /// A name of something: letters, digits, `-` and `_`, starting with a letter or `_`.
    case name
    /// A text that may contain `${{ expression }}`.
    case template
    case expression
    case integer(ClosedRange<Int64>)
    /// A number with at most three decimals.
    case decimal(ClosedRange<Int64>)
    case boolean
    case duration
    /// An amount of memory.
    case size
    case choice([String])
    /// `disrupted..proven`: two clocks.
    case clockPair
    /// `[program, argument]`, or a block of text for bash.
    case command
    case list(Shape, isEmptyAllowed: Bool = false)
    /// Names of the writer's own choice to values of one shape.
    case map(Shape)
    case object(ObjectSchema)
    /// The first of these that fits what kind of thing was written.
    case either([Shape])
    /// `drctl/v1` and the like: this text and no other.
    static func constant(_ text: String) -> Shape { .choice([text]) }
}

/// The keys of a mapping.
struct ObjectSchema: Sendable {
    /// With its article, for diagnostics: `a step`.
    var name: String
    var keys: [KeySchema]
    /// Exactly one of these keys is written.
    var exactlyOne: [String] = []
    /// Of these keys, at most one is written.
    var atMostOne: [String] = []
    /// Keys that are written without certain others.
    var excludes: [(key: String, others: [String])] = []
    /// Whether a mapping without any key says nothing, and is a mistake.
    var refusesNothing = false
    /// Keys of the writer's own choice, beside the ones above.
    var others: Shape?

    func key(_ name: String) -> KeySchema? { keys.first { $0.name == name } }
}

struct KeySchema: Sendable {
    var name: String
    var shape: Shape
    var isRequired: Bool
    /// What it says, in a sentence, for the reference.
    var summary: String

    static func required(_ name: String, _ shape: Shape, _ summary: String) -> KeySchema {
        KeySchema(name: name, shape: shape, isRequired: true, summary: summary)
    }

    static func optional(_ name: String, _ shape: Shape, _ summary: String) -> KeySchema {
        KeySchema(name: name, shape: shape, isRequired: false, summary: summary)
    }
}

extension Shape {
    enum NodeKind { case scalar, sequence, mapping }

    /// Which kinds of node can have this shape.
    func fits(_ kind: NodeKind) -> Bool {
        switch self {
        case .list: kind == .sequence
        case .map, .object: kind == .mapping
        case .command: kind != .mapping
        case .either(let shapes): shapes.contains { $0.fits(kind) }
        default: kind == .scalar
        }
    }

    /// In words, for diagnostics.
    var description: String {
        switch self {
        case .text, .template: "a text"
        case .name: "a name"
        case .expression: "an expression"
        case .integer: "a whole number"
        case .decimal: "a number"
        case .boolean: "true or false"
        case .duration: "a duration"
        case .size: "a size"
        case .clockPair: "two clocks, FROM..TO"
        case .choice(let choices) where choices.count == 1: choices[0]
        case .choice(let choices): "one of \(choices.joined(separator: ", "))"
        case .command: "a list of program and arguments, or a block of text for bash"
        case .list(let element, _): "a list (each element \(element.description))"
        case .map(let value): "a mapping of names (each value \(value.description))"
        case .object(let object): "\(object.name) (a mapping)"
        case .either(let shapes): shapes.map(\.description).joined(separator: ", or ")
        }
    }
}

extension SourceNode {
    /// nil for what could not be read.
    var kind: Shape.NodeKind? {
        switch content {
        case .scalar: .scalar
        case .sequence: .sequence
        case .mapping: .mapping
        case .unreadable: nil
        }
    }
}
