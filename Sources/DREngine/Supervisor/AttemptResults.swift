internal import DRMachine
internal import DRRunbook
internal import DRSystem
internal import FoundationEssentials
internal import Glibc
internal import SystemPackage

/// What a process wrote to `$DRCTL_OUTPUT`, held against what its step declared.
enum AttemptResults {
    static let limitBytes = 64 << 10

    /// - Parameters:
    ///   - secrets: what no output may hold: outputs are journaled, shown, and given to other steps.
    ///   - keepsUndeclared: for drctl's own actions, whose results have fixed names.
    /// - Returns: the declared outputs that were written; a name that was not written, or is null, is absent.
    /// - Throws: one sentence for people.
    static func read(
        _ path: FilePath, secrets: SecretPatterns, declared: [String: OutputType], keepsUndeclared: Bool
    ) throws(BadOutput) -> [String: Value] {
        let bytes: [UInt8]
        do throws(SystemError) {
            let file = try Descriptor(opening: path, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            guard try file.status().kind == .regular else {
                throw SystemError(call: "read", path: path, errno: .invalidArgument)
            }
            bytes = try file.readAll(limit: limitBytes)
        } catch {
            if error.errno == .noSuchFileOrDirectory { return [:] }
            let reason =
                switch error.errno {
                case .fileTooLarge: "it is larger than \(limitBytes) bytes"
                case .invalidArgument, .noSuchAddressOrDevice, .tooManySymbolicLinkLevels: "it is not a regular file"
                default: error.message
                }
            throw BadOutput("$\(AttemptVariable.output) (\(path)) cannot be used: \(reason)")
        }
        if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }) { return [:] }
        let written: [String: Written]
        do {
            written = try JSONDecoder().decode([String: Written].self, from: Data(bytes))
        } catch {
            throw BadOutput("$\(AttemptVariable.output) does not hold one JSON object: \(reason(error))")
        }
        var outputs: [String: Value] = [:]
        for (name, value) in written.sorted(by: { $0.key < $1.key }) {
            if let type = declared[name] {
                outputs[name] = try typed(value, as: type, name: name)
            } else if keepsUndeclared, case .value(let value) = value, value != .null {
                outputs[name] = value
            }
        }
        for (name, value) in outputs.sorted(by: { $0.key < $1.key }) {
            guard case .string(let text) = value, secrets.occur(in: Array(text.utf8)) else { continue }
            throw BadOutput("the output “\(name)” holds a secret: outputs are journaled, and secrets never are")
        }
        return outputs
    }

    struct BadOutput: Error {
        var message: String
        init(_ message: String) { self.message = message }
    }

    private static func typed(_ written: Written, as type: OutputType, name: String) throws(BadOutput) -> Value? {
        switch (written, type) {
        case (.value(.null), _): return nil
        case (.value(let value), _) where matches(value, type): return value
        default:
            throw BadOutput(
                "the output “\(name)” is declared as \(type.rawValue), but $\(AttemptVariable.output) holds "
                    + written.kind)
        }
    }

    private static func matches(_ value: Value, _ type: OutputType) -> Bool {
        switch (value, type) {
        case (.string, .string), (.integer, .integer), (.boolean, .boolean): true
        default: false
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard case DecodingError.dataCorrupted(let context)? = error as? DecodingError else {
            return "it holds something else than an object"
        }
        return context.underlyingError.map { "\($0)" } ?? context.debugDescription
    }

    /// Any JSON value, with only those told apart that an output can be.
    private enum Written: Decodable {
        case value(Value)
        case other(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .value(.null)
            } else if let flag = try? container.decode(Bool.self) {
                self = .value(.boolean(flag))
            } else if let number = try? container.decode(Int64.self) {
                self = .value(.integer(number))
            } else if let text = try? container.decode(String.self) {
                self = .value(.string(text))
            } else {
                self = .other((try? container.decode(Double.self)) == nil ? "a list or an object" : "a fraction")
            }
        }

        var kind: String {
            switch self {
            case .value(.null): "null"
            case .value(.boolean): "a boolean"
            case .value(.integer): "an integer"
            case .value(.string): "a string"
            case .other(let kind): kind
            }
        }
    }
}
