import DRSystem
import SystemPackage

/// That somebody means it: the runbook's name, typed at a terminal or given on the command line.
struct Confirmation {
    var name: String
    /// What the command line gave; nil: nothing.
    var given: String?

    /// - Parameters:
    ///   - purpose: what happens then: `start`.
    ///   - nothingWasDone: for the refusal: `nothing was started`.
    ///   - shown: what is shown before it is asked, at a terminal.
    /// - Throws: `run.notConfirmed` where another name was given, or none.
    func ask(
        to purpose: String, nothingWasDone: String, shown: () throws -> String? = { nil }
    ) async throws {
        var typed = given
        if typed == nil && Output.isInputTerminal {
            if let text = try shown() { Output.note(text) }
            typed = await BlockingThread.run {
                Output.write("This is REAL. Type the runbook's name to \(purpose): ", to: .standardError)
                return readLine(strippingNewline: true)
            }
        }
        guard typed == name else {
            throw Failure(
                exit: .refused, code: "run.notConfirmed", message: "the run was not confirmed; \(nothingWasDone)",
                hint: "type the runbook's name, or give --confirm \(name)")
        }
    }
}
