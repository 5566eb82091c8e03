/// A YAML document as the language sees it: scalars as written, mappings in order, each with its place.
struct SourceNode: Sendable, Equatable {
    enum Content: Sendable, Equatable {
        case scalar(Scalar)
        case mapping([Entry])
        case sequence([SourceNode])
        /// Something that was reported already, and about which there is nothing more to say.
        case unreadable
    }

    struct Scalar: Sendable, Equatable {
        enum Style: Sendable { case plain, quoted, block }

        /// The characters, whatever type YAML would guess: `010` stays `010`.
        var text: String
        var style: Style
        /// How far the lines of a `|` block are indented, where that is known: its characters then have places.
        var indentation: Int?
    }

    struct Entry: Sendable, Equatable {
        var key: Placed<String>
        var value: SourceNode
    }

    var content: Content
    var place: SourcePlace

    var scalar: Scalar? { if case .scalar(let scalar) = content { scalar } else { nil } }
    var entries: [Entry]? { if case .mapping(let entries) = content { entries } else { nil } }
    var elements: [SourceNode]? { if case .sequence(let elements) = content { elements } else { nil } }

    /// Nothing was written: `key:` or `key: ~`.
    var isNothing: Bool {
        guard let scalar, scalar.style == .plain else { return false }
        return scalar.text.isEmpty || scalar.text == "~" || scalar.text == "null"
    }

    subscript(_ key: String) -> SourceNode? { entries?.first { $0.key.value == key }?.value }

    /// In words, for diagnostics.
    var kindName: String {
        switch content {
        case .scalar(let scalar): isNothing ? "nothing" : scalar.style == .block ? "a block of text" : "a text"
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .unreadable: "something unreadable"
        }
    }
}
