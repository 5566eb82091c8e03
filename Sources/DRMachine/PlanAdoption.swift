package import DRCrypto
package import DRRunbook

/// Another plan for a run under way, whole: a journal is read without asking what lies beside it.
package struct PlanAdoption: Codable, Sendable, Equatable {
    /// SHA-256 of the text's bytes.
    package let digest: Digest
    /// The plan, as `PlanCodec` writes it.
    package let text: String
    /// Absolute path of the folder where this plan's copied files lie.
    package let filesDirectory: String
    /// Who had it adopted, and why.
    package let uid: UInt32
    package let reason: String
    private let reading: Reading

    private enum CodingKeys: String, CodingKey { case digest, text, filesDirectory, uid, reason }

    /// What the text holds, read once, however often the event is applied. Behind a reference: events are small.
    private final class Reading: Sendable {
        let plan: Result<Plan, MachineError>
        init(_ plan: Result<Plan, MachineError>) { self.plan = plan }
    }

    /// Reads the text; what is wrong with it `plan()` says.
    package init(digest: Digest, text: String, filesDirectory: String, uid: UInt32, reason: String) {
        self.digest = digest
        self.text = text
        self.filesDirectory = filesDirectory
        self.uid = uid
        self.reason = reason
        reading = Reading(Result { () throws(MachineError) in try Self.read(text, digest) })
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            digest: try values.decode(Digest.self, forKey: .digest),
            text: try values.decode(String.self, forKey: .text),
            filesDirectory: try values.decode(String.self, forKey: .filesDirectory),
            uid: try values.decode(UInt32.self, forKey: .uid), reason: try values.decode(String.self, forKey: .reason))
    }

    package static func == (one: PlanAdoption, other: PlanAdoption) -> Bool {
        one.digest == other.digest && one.text == other.text && one.filesDirectory == other.filesDirectory
            && one.uid == other.uid && one.reason == other.reason
    }

    /// Where a plan's copies lie, from the run's directory: below the first plan's, which a drill's inside sees.
    package var filesPath: String {
        "files/" + (filesDirectory.split(separator: "/").last.map(String.init) ?? "")
    }

    /// - Throws: `planUnsound` for a text that is no plan of this digest.
    package func plan() throws(MachineError) -> Plan { try reading.plan.get() }

    private static func read(_ text: String, _ digest: Digest) throws(MachineError) -> Plan {
        let bytes = Array(text.utf8)
        guard PlanCodec.digest(bytes) == digest else {
            throw MachineError(.planUnsound, "the plan that was adopted is not the one of this digest")
        }
        do throws(RunbookError) {
            return try PlanCodec.decode(bytes)
        } catch {
            throw MachineError(.planUnsound, "the plan that was adopted cannot be read: \(error.message)")
        }
    }
}
