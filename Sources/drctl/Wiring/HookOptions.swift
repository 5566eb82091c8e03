import ArgumentParser
import DRSystem
import FoundationEssentials
import Subprocess
import SystemPackage

/// Commands around a backup: to take a file system's snapshot before it, and to remove it after.
struct HookOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Run this by /bin/sh before; where it fails, nothing is backed up.", valueName: "command"))
    var before: String?
    @Option(
        help: ArgumentHelp(
            "Run this by /bin/sh after, however it ended; DRCTL_EXIT and DRCTL_SNAPSHOT say how.",
            valueName: "command"))
    var after: String?

    /// - Throws: where the command fails.
    func runBefore(dataset: String) async throws {
        guard let before else { return }
        do { try await run(before, ["DRCTL_DATASET": dataset], "before") } catch {
            // What it set up halfway is the other command's to clear.
            try? await runAfter(dataset: dataset, exit: .notEstablished, snapshot: nil)
            throw error
        }
    }

    /// - Throws: where the command fails.
    func runAfter(dataset: String, exit: ExitStatus, snapshot: String?) async throws {
        guard let after else { return }
        try await run(
            after,
            ["DRCTL_DATASET": dataset, "DRCTL_EXIT": String(exit.rawValue), "DRCTL_SNAPSHOT": snapshot ?? ""], "after")
    }

    private func run(_ line: String, _ values: [String: String], _ which: String) async throws {
        var environment: [Environment.Key: String?] = [:]
        for (name, value) in values { environment[Environment.Key(stringLiteral: name)] = value }
        let ended: TerminationStatus
        do {
            // Its output is for people: the result alone goes to standard output.
            ended = try await Subprocess.run(
                .path("/bin/sh"), arguments: ["-c", line], environment: .inherit.updating(environment), input: .none,
                output: .fileDescriptor(.standardError, closeAfterSpawningProcess: false),
                error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
            ).terminationStatus
        } catch { throw Self.failed(which, "could not be run: \(error)") }
        switch ended {
        case .exited(0): return
        case .exited(let code): throw Self.failed(which, "ended with exit \(code)")
        case .signaled(let number): throw Self.failed(which, "was ended by signal \(number)")
        }
    }

    private static func failed(_ which: String, _ how: String) -> Failure {
        Failure(
            exit: .notEstablished, code: "backup.\(which)Failed", message: "the command given by --\(which) \(how)",
            hint: which == "before"
                ? "nothing was backed up: run the command alone and see what it says"
                : "the backup itself has ended: see what the command left behind, and clear it")
    }
}
