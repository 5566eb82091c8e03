import DRJournal
import DRMachine
import DRRunbook
import SystemPackage

/// The journal heads that supervisors were told of: each lies outside the journal, which has to hold it.
enum SpoolAnchors {
    /// Only the outside supervisor's: what a drill's steps do inside must not decide what is believed.
    static func read(_ run: RunDirectory) -> [JournalHead] {
        let spool = run.place(.outside).appending(SupervisorConfiguration.spoolName)
        // A spool that cannot be read anchors nothing; its supervisor says so itself when it is started.
        guard let state = try? Spool.read(at: spool), let head = state.journalHead else { return [] }
        return [head]
    }
}
