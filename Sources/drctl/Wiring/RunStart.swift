import DRCrypto
import DREngine
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import FoundationEssentials
import SystemPackage

/// A run that begins: its directory is made, then it is driven like any other.
struct RunStart {
    var plan: Plan
    var runbook: RunbookOptions
    var id: String?
    var state: FilePath
    var unattended: Bool
    var planned: Bool?
    var incident: String?

    func drive() async throws -> Outcome {
        let directory = try await make()
        return try await RunSession(directory: directory, plan: plan, unattended: unattended).drive()
    }

    private func make() async throws -> RunDirectory {
        let now = try SystemTimeSource().moment()
        let uid = Host.effectiveUID
        let folder = try Paths.absolute(runbook.runbook).removingLastComponent()
        let creation = try RunCreation(
            plan,
            options: RunCreation.Options(
                unattended: unattended, planned: planned, incident: incident, initiatorUID: uid,
                initiator: Host.userName(of: uid) ?? "uid \(uid)", seed: try Asking.newID()),
            now: now, file: { try? DurableFile.read(at: folder.appending($0), limit: 64 << 20) })
        let name = try id ?? Self.newID(plan.runbook.name, now)
        let state = state
        return try await BlockingThread.run { () throws(JournalError) in try creation.make(name, in: state) }
    }

    /// `first-drill-20261122-150405-1f2e`: readable, sorted by time, and never the same twice.
    private static func newID(_ runbook: String, _ now: Moment) throws -> String {
        let digits = TimeText.full(wallNanoseconds: now.wall).filter(\.isNumber)
        return "\(runbook)-\(digits.prefix(8))-\(digits.dropFirst(8).prefix(6))-\(try Asking.newID().prefix(4))"
    }
}
