/// A file's name, as people know it, and its bytes, read as YAML. The room never reads a file by itself.
package struct SourceText: Sendable {
    package let file: String
    package let bytes: [UInt8]
    /// As far as it could be read.
    let document: SourceNode?
    /// What was wrong with it as YAML.
    let diagnostics: [Diagnostic]

    /// Reads the document, and keeps what it finds wrong for whoever asks what the file means.
    package init(file: String, bytes: [UInt8]) {
        self.file = file
        self.bytes = bytes
        (document, diagnostics) = YAMLReader.read(bytes, file: file)
    }

    /// A text as if it had been read from this file.
    package init(file: String, text: String) { self.init(file: file, bytes: Array(text.utf8)) }

    /// No file of the language may be longer.
    package static let maximumBytes = 8 << 20
}

/// A place in a source: line and column count from 1, columns in Unicode scalars.
package struct SourcePlace: Hashable, Sendable, Comparable {
    package var file: String
    package var line: Int
    package var column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    package static func < (one: SourcePlace, other: SourcePlace) -> Bool {
        (one.file, one.line, one.column) < (other.file, other.line, other.column)
    }
}

extension SourcePlace: CustomStringConvertible {
    package var description: String { "\(file):\(line):\(column)" }
}

/// A value and where it was written.
package struct Placed<Wrapped> {
    package var value: Wrapped
    package var place: SourcePlace

    package init(_ value: Wrapped, at place: SourcePlace) {
        self.value = value
        self.place = place
    }
}

extension Placed: Sendable where Wrapped: Sendable {}
extension Placed: Equatable where Wrapped: Equatable {}
