/// The number of the format that everything here is written in and read as; RepositoryFormat specifies it. It is frozen: what
/// these bytes mean never changes, and another meaning gets another number.
package enum RepositoryFormat {
    package static let number = 1

    /// What a statement of a kind says that it is: `drctl/log/1`.
    static func schema(_ kind: String) -> String { "drctl/\(kind)/\(number)" }

    /// The first bytes of a file of a kind: seven letters and the number.
    static func magic(_ letters: StaticString) -> [UInt8] { Array("\(letters)".utf8) + [UInt8(number)] }
}
