/// Puts `***` in the place of secrets in a stream of bytes, however the stream is cut into pieces.
///
/// What might be the beginning of a secret is held back until it is known to be one or not; so the result depends
/// on the stream alone, never on the sizes of the writes.
package struct SecretMask: Sendable {
    package static let replacement: [UInt8] = Array("***".utf8)

    private let patterns: [[UInt8]]
    /// By first byte: indices into `patterns`, longest pattern first.
    private let byFirst: [[Int]]
    private var held: [UInt8] = []

    /// A mask for one stream; every stream has its own, because a secret may lie across two writes.
    package init(_ secrets: SecretPatterns) {
        patterns = secrets.patterns
        var table = [[Int]](repeating: [], count: patterns.isEmpty ? 0 : 256)
        for (index, pattern) in patterns.enumerated() { table[Int(pattern[0])].append(index) }
        byFirst = table
    }

    /// Takes the next bytes of the stream.
    /// - Returns: what is certain by now.
    package mutating func take(_ bytes: [UInt8]) -> [UInt8] {
        if patterns.isEmpty { return bytes }
        let input = held.isEmpty ? bytes : held + bytes
        var output: [UInt8] = []
        output.reserveCapacity(input.count)
        var position = 0
        while position < input.count {
            switch judge(input, at: position) {
            case .plain:
                output.append(input[position])
                position += 1
            case .secret(let length):
                output += Self.replacement
                position += length
            case .undecided:
                held = Array(input[position...])
                return output
            }
        }
        held = []
        return output
    }

    /// The end of the stream. A beginning of a secret that it stops in is masked too where it is as long as a
    /// secret has to be.
    /// - Returns: what was held back.
    package mutating func finish() -> [UInt8] {
        let input = held
        held = []
        var output: [UInt8] = []
        var position = 0
        while position < input.count {
            let matches = byFirst[Int(input[position])].map { patterns[$0] }
            if let whole = matches.first(where: { Self.commonLength($0, input, position) == $0.count }) {
                output += Self.replacement
                position += whole.count
            } else if input.count - position >= SecretPatterns.shortestBytes,
                matches.contains(where: { Self.commonLength($0, input, position) == input.count - position })
            {
                output += Self.replacement
                position = input.count
            } else {
                output.append(input[position])
                position += 1
            }
        }
        return output
    }

    private enum Judgement {
        case plain
        case secret(length: Int)
        /// More bytes are needed: what is there is the beginning of a secret.
        case undecided
    }

    private func judge(_ input: [UInt8], at position: Int) -> Judgement {
        for index in byFirst[Int(input[position])] {
            let pattern = patterns[index]
            let common = Self.commonLength(pattern, input, position)
            if common == pattern.count { return .secret(length: common) }
            if common == input.count - position { return .undecided }
        }
        return .plain
    }

    /// How many bytes of `pattern` stand at `position`.
    private static func commonLength(_ pattern: [UInt8], _ input: [UInt8], _ position: Int) -> Int {
        let limit = min(pattern.count, input.count - position)
        var length = 0
        while length < limit, pattern[length] == input[position + length] { length += 1 }
        return length
    }
}
