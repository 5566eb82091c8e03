/// What stands at a place of a JSON text.
package enum JSONLookup: Equatable {
    /// A text; or a number, `true`, `false` or `null` as it is written.
    case scalar(String)
    case container
    case missing

    /// - Parameter path: names of members and numbers of elements from 0.
    /// - Throws: `DecodingError` for what is not JSON.
    package static func find(_ path: [String], in bytes: [UInt8]) throws -> JSONLookup {
        let document = try JSONDocument(bytes)
        var index = 0
        for name in path {
            let next: Int? =
                switch document.tokens[index].kind {
                case .object: document.member(name, of: index)
                case .array: Int(name).flatMap { document.element($0, of: index) }
                default: nil
                }
            guard let next else { return .missing }
            index = next
        }
        let token = document.tokens[index]
        switch token.kind {
        case .object, .array: return .container
        case .text, .escapedText: return .scalar(document.text(token))
        case .null, .yes, .no, .integer, .fraction:
            return .scalar(String(decoding: bytes[token.start..<token.end], as: UTF8.self))
        }
    }
}

extension JSONDocument {
    /// The index of an array's element; nil: there are not so many.
    func element(_ number: Int, of array: Int) -> Int? {
        guard number >= 0, number < tokens[array].count else { return nil }
        var index = array + 1
        for _ in 0..<number { index = tokens[index].next }
        return index
    }
}
