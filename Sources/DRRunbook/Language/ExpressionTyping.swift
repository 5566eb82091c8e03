/// What is known of a value before it exists.
struct StaticType: Hashable {
    var type: OutputType
    /// An output of a step that may not have run.
    var mayBeAbsent = false
}

/// Finds, without values, what would go wrong when an expression is evaluated.
struct ExpressionTyping {
    /// The type of a name, or why there is none: the text of a diagnostic, and its fix.
    let typeOfName: (String) -> Result<StaticType, Unknown>

    struct Unknown: Error {
        var message: String
        var fix: String?
        var code = Diagnostic.Code.expression
    }

    /// The expression's type.
    /// - Throws: `Unknown` with the first thing that does not fit.
    func type(of syntax: ExpressionSyntax) throws(Unknown) -> StaticType {
        switch syntax {
        case .literal(.string): return StaticType(type: .string)
        case .literal(.integer): return StaticType(type: .integer)
        case .literal(.boolean): return StaticType(type: .boolean)
        case .literal(.null): return StaticType(type: .string, mayBeAbsent: true)
        case .name(let name): return try typeOfName(name).get()
        case .not(let operand):
            try require(operand, is: .boolean)
            return StaticType(type: .boolean)
        case .binary(.and, let left, let right), .binary(.or, let left, let right):
            try require(left, is: .boolean)
            try require(right, is: .boolean)
            return StaticType(type: .boolean)
        case .binary(.otherwise, let left, let right):
            let one = try type(of: left)
            let other = try type(of: right)
            guard one.type == other.type else {
                throw Unknown(message: "`\(syntax.text)` is \(one.type.name) or else \(other.type.name)")
            }
            return other
        case .binary(let symbol, let left, let right):
            let one = try present(left)
            let other = try present(right)
            guard one == other else {
                throw Unknown(message: "`\(syntax.text)` compares \(one.name) with \(other.name)")
            }
            guard one != .boolean || symbol == .equal || symbol == .notEqual else {
                throw Unknown(message: "`\(syntax.text)` orders true and false")
            }
            return StaticType(type: .boolean)
        case .call(let function, let arguments):
            for argument in arguments { try require(argument, is: .string) }
            return StaticType(type: function.result)
        }
    }

    private func present(_ operand: ExpressionSyntax) throws(Unknown) -> OutputType {
        let found = try type(of: operand)
        if found.mayBeAbsent { throw Self.absent(operand.text) }
        return found.type
    }

    private func require(_ operand: ExpressionSyntax, is expected: OutputType) throws(Unknown) {
        let found = try present(operand)
        guard found == expected else {
            throw Unknown(message: "`\(operand.text)` is \(found.name) where \(expected.name) should be")
        }
    }

    static func absent(_ text: String) -> Unknown {
        Unknown(
            message: "`\(text)` may have no value, because its step may not have run", fix: "write `\(text) ?? VALUE`")
    }
}

extension OutputType {
    var name: String {
        switch self {
        case .string: "a text"
        case .integer: "a number"
        case .boolean: "true or false"
        }
    }
}
