import DRJSON
import FoundationEssentials

/// What is wrong with the coding of a type that is written by hand, member by member; nothing, where every property is
/// a member of its own name, and comes back, by the house's coders and by Foundation's.
/// - Parameter full: a value of which no property is nil.
/// - Throws: what the coders throw.
package func faultsOfCoding<Value: Codable & Equatable>(_ full: Value) throws -> [String] {
    var faults: [String] = []
    let bytes = try CanonicalJSON.encode(full)
    let written = try Set(CanonicalJSON.decode(Names.self, from: bytes).names)
    for (label, value) in Mirror(reflecting: full).children {
        // A wrapped property is stored under its name with an underscore.
        let name = String(label?.drop { $0 == "_" } ?? "")
        if !written.contains(name) { faults.append("\(name) is not written") }
        if "\(value)".hasSuffix("nil") { faults.append("\(name) is nil in the sample") }
    }
    if try CanonicalJSON.decode(Value.self, from: bytes) != full { faults.append("another value is read") }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let others = try encoder.encode(full)
    if Array(others) != bytes { faults.append("Foundation's coder writes \(String(decoding: others, as: UTF8.self))") }
    if try JSONDecoder().decode(Value.self, from: others) != full { faults.append("Foundation's coder reads another") }
    return faults
}

/// The names of an object's members.
private struct Names: Decodable {
    struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    let names: [String]

    init(from decoder: any Decoder) throws {
        names = try decoder.container(keyedBy: Key.self).allKeys.map(\.stringValue)
    }
}
