import FoundationEssentials

/// What differs between two plans, as people compare them: steps by their ids, everything else by its name.
package struct PlanDiff: Sendable, Equatable {
    /// One difference.
    package struct Change: Codable, Sendable, Equatable {
        /// `step fence: timeout`, `input region`, `width`.
        package var what: String
        /// As the plan's JSON has it, times in seconds; nil: it was not there.
        package var before: String?
        /// nil: it is not there any more.
        package var after: String?
    }

    package var changes: [Change] = []

    /// Compares an earlier plan with a later one.
    /// - Throws: `RunbookError` (`encoding`) for a plan that JSON cannot hold.
    package init(from earlier: Plan, to later: Plan) throws(RunbookError) {
        let before = try Self.tree(of: earlier)
        let after = try Self.tree(of: later)
        for name in Set(before.keys).union(after.keys).sorted() where name != "runbook" {
            let (one, other) = (before[name], after[name])
            if one == other { continue }
            switch (one, other) {
            case (.array(let ones)?, .array(let others)?) where ones.isNamed && others.isNamed:
                compareNamed(name, ones, others)
            case (.object(let ones)?, .object(let others)?): compare(Self.singular(name), ones, others)
            default: changes.append(Change(what: name, before: one?.text, after: other?.text))
            }
        }
    }

    private mutating func compareNamed(_ section: String, _ ones: [JSONTree], _ others: [JSONTree]) {
        let before = Dictionary(ones.compactMap { one in one.name.map { ($0, one) } }) { first, _ in first }
        let after = Dictionary(others.compactMap { one in one.name.map { ($0, one) } }) { first, _ in first }
        let names = ones.compactMap(\.name) + others.compactMap(\.name).filter { before[$0] == nil }
        for name in names {
            let what = "\(Self.singular(section)) \(name)"
            guard case .object(let one)? = before[name], case .object(let other)? = after[name] else {
                // That a step is new, or gone, says enough: all of it would be a page.
                changes.append(
                    Change(
                        what: what, before: before[name].map { _ in "there" }, after: after[name].map { _ in "there" }))
                continue
            }
            for key in Set(one.keys).union(other.keys).sorted() where key != "digest" && one[key] != other[key] {
                changes.append(
                    Change(what: "\(what): \(key)", before: one[key]?.text(of: key), after: other[key]?.text(of: key)))
            }
        }
    }

    private mutating func compare(_ section: String, _ ones: [String: JSONTree], _ others: [String: JSONTree]) {
        for key in Set(ones.keys).union(others.keys).sorted() where ones[key] != others[key] {
            changes.append(Change(what: "\(section) \(key)", before: ones[key]?.text, after: others[key]?.text))
        }
    }

    private static func singular(_ section: String) -> String {
        switch section {
        case "people": "person"
        case "repositories": "repository"
        case "cleanup", "concurrency", "isolation": section
        default: section.hasSuffix("s") ? String(section.dropLast()) : section
        }
    }

    private static func tree(of plan: Plan) throws(RunbookError) -> [String: JSONTree] {
        let bytes = try PlanCodec.encode(plan)
        do {
            return try JSONDecoder().decode([String: JSONTree].self, from: Data(bytes))
        } catch {
            throw RunbookError(.encoding, "the plan cannot be compared", hint: nil, cause: error)
        }
    }
}

/// JSON without a meaning.
private indirect enum JSONTree: Codable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case string(String)
    case array([JSONTree])
    case object([String: JSONTree])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .boolean(flag)
        } else if let number = try? container.decode(Int64.self) {
            self = .integer(number)
        } else if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let elements = try? container.decode([JSONTree].self) {
            self = .array(elements)
        } else {
            self = .object(try container.decode([String: JSONTree].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let flag): try container.encode(flag)
        case .integer(let number): try container.encode(number)
        case .string(let text): try container.encode(text)
        case .array(let elements): try container.encode(elements)
        case .object(let members): try container.encode(members)
        }
    }

    /// What a step, a file, a person or a service is called.
    var name: String? {
        guard case .object(let members) = self else { return nil }
        for key in ["id", "path", "name"] {
            if case .string(let name)? = members[key] { return name }
        }
        return nil
    }

    /// As people read it: times in seconds.
    func text(of key: String) -> String {
        if case .integer(let nanoseconds) = self, ["timeout", "within"].contains(key) {
            return TimeSpan(nanoseconds: nanoseconds).words
        }
        return text
    }

    var text: String {
        if case .string(let text) = self { return text }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

extension [JSONTree] {
    fileprivate var isNamed: Bool { allSatisfy { $0.name != nil } }
}
