import DRJournal
import DRMachine
import DRRunbook
import SystemPackage

/// The journal's heads that were kept outside of it, which has to hold them: the one that a supervisor was told of, and
/// the one that the record was derived at.
enum JournalAnchors {
    /// - Throws: where there is a record, and it names no head.
    static func read(_ run: RunDirectory) throws(JournalError) -> [JournalHead] {
        try [run.recordedHead(), spooled(run)].compactMap { $0 }
    }

    /// Only the outside supervisor's: what a drill's steps do inside must not decide what is believed.
    private static func spooled(_ run: RunDirectory) -> JournalHead? {
        let spool = run.place(.outside).appending(SupervisorConfiguration.spoolName)
        // A spool that cannot be read anchors nothing; its supervisor says so itself when it is started.
        return (try? Spool.read(at: spool))?.journalHead
    }
}
