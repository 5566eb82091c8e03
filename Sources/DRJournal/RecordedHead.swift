package import DRMachine
import DRSystem
import FoundationEssentials
import SystemPackage

extension RunDirectory {
    private struct Recorded: Decodable { var journal: JournalHead }
    private static let recordByteLimit = 256 << 20

    /// The journal's head that `record.json` was derived at: an anchor that lies outside the journal, which has to
    /// hold it.
    /// - Returns: nil where there is no record yet.
    /// - Throws: `notAuthentic` for a file that names no head; `inputOutput`.
    package func recordedHead() throws(JournalError) -> JournalHead? {
        let bytes = try journaling("could not read the record") { () throws(SystemError) -> [UInt8]? in
            try FileStatus.ifPresent(at: record) == nil
                ? nil : DurableFile.read(at: record, limit: Self.recordByteLimit)
        }
        guard let bytes else { return nil }
        guard let recorded = try? JSONDecoder().decode(Recorded.self, from: Data(bytes)) else {
            throw JournalError(
                .notAuthentic, "\(displayEscaped(record.string)) is not a record that drctl wrote",
                hint: "move it away and keep it; `drctl report` derives another from plan and journal")
        }
        return recorded.journal
    }
}
