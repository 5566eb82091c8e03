import DRCrypto
package import DRJournal
package import DRMachine
package import DRRunbook
import DRSystem
import SystemPackage

/// Another plan for a run, made ready to be adopted.
package enum PlanReplacement {
    /// So that the event that holds it fits into a batch of the journal, escaped.
    package static let planByteLimit = 384 << 10

    /// Copies the files that the plan names into a folder of their own. Nothing
    /// refers to them before the plan is adopted.
    /// - Parameter file: a planned file's bytes by its path; nil where it is not there.
    /// - Throws: `misuse` for a plan that is too large, or a file that is no longer what was planned.
    package static func prepare(
        _ plan: Plan, for run: RunDirectory, uid: UInt32, reason: String, file: (String) -> [UInt8]?
    ) throws -> PlanAdoption {
        let bytes = try PlanCodec.encode(plan)
        guard bytes.count <= planByteLimit else {
            throw JournalError(
                .misuse,
                "the plan has \(bytes.count) bytes, and a run under way can go on by one of \(planByteLimit) at most",
                hint: "cancel this run and start another")
        }
        // Below the first plan's, which is the folder that a drill's inside sees; no runbook's path ends so.
        var number = 2
        while try FileStatus.ifPresent(at: run.files.appending(".plan-\(number)")) != nil { number += 1 }
        let folder = run.files.appending(".plan-\(number)")
        try DurableFile.makeDirectory(at: folder, mode: 0o700)
        for planned in plan.files { try RunCreation.copy(planned, to: folder, from: file) }
        return PlanAdoption(
            digest: PlanCodec.digest(bytes), text: String(decoding: bytes, as: UTF8.self),
            filesDirectory: folder.string, uid: uid, reason: reason)
    }
}
