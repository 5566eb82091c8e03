import DRMachine
import DRSystem
import SystemPackage

/// The lock that makes a runner the only one: it lies on the journal's file itself, so that nobody can get past it by
/// removing another file. `JournalWriter` holds it.
package enum RunnerLock {
    /// Who runs this run now, for people; taking no lock, and disturbing no runner that starts.
    /// - Parameter contents: of the journal, where they are known already; else it is read.
    /// - Returns: nil when no runner is alive; without a name (`a runner that is just starting`) before its first event.
    /// - Throws: `notFound`, `inputOutput`; `notAuthentic` and the like where the journal cannot be read.
    package static func holder(
        of run: RunDirectory, contents: JournalContents? = nil
    ) throws(JournalError) -> String? {
        let isHeld: Bool
        do throws(SystemError) {
            isHeld = try Descriptor(openingForReading: run.journal, following: false).isLockedByAnother()
        } catch {
            if error.errno == .noSuchFileOrDirectory { _ = try JournalReader.bytes(at: run.journal) }
            throw JournalError(error, while: "could not ask who runs the run")
        }
        guard isHeld else { return nil }
        let runner =
            if let contents { contents.lastRunner } else { try JournalReader.read(at: run.journal).lastRunner }
        return runner.map { "pid \($0.pid) on \(displayEscaped($0.host))" } ?? "a runner that is just starting"
    }
}
