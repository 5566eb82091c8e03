import FoundationEssentials

extension Record {
    /// The exact bytes of `record.json`: keys sorted, two spaces of indentation, one line feed at the end.
    /// The same record gives the same bytes.
    /// - Throws: `EvidenceError` with `unreadable` when a text in it cannot be written as JSON.
    package func fileBytes() throws(EvidenceError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
        } catch {
            throw EvidenceError(
                .unreadable, "the record cannot be written as JSON",
                hint: "this is a fault of drctl; the journal is whole", cause: error)
        }
    }

    /// Reads `record.json`.
    /// - Throws: `EvidenceError` with `unreadable` when it is of another schema (a newer drctl's, say), and with
    ///   `notAuthentic` when the bytes are no record.
    package init(fileBytes: [UInt8]) throws(EvidenceError) {
        struct Header: Decodable { var schema: String }
        let data = Data(fileBytes)
        do {
            let schema = try JSONDecoder().decode(Header.self, from: data).schema
            guard schema == Self.schema else {
                throw EvidenceError(
                    .unreadable, "record.json has the schema \(schema), and this drctl knows \(Self.schema)",
                    hint: "verify it with the drctl that wrote it, or a newer one")
            }
            self = try JSONDecoder().decode(Record.self, from: data)
        } catch let error as EvidenceError {
            throw error
        } catch {
            throw EvidenceError(
                .notAuthentic, "record.json is not a record: \(error)",
                hint: "move it away and keep it; `drctl report` derives another from plan and journal", cause: error)
        }
    }
}
