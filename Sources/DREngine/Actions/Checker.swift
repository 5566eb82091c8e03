internal import DRMachine
internal import DRRunbook
internal import DRSystem
internal import FoundationEssentials
internal import Glibc
internal import Subprocess
internal import SystemPackage

/// Asks a check once, from where this process runs.
///
/// *Does not hold* is an answer: a refused connection, another status, exit 1. *Not established* is none: a name that
/// does not resolve, an answer that does not come, a program that cannot be run.
struct Checker: Sendable {
    /// Name to base64, for header fields.
    var secrets: [String: String]

    func ask(_ check: ResolvedCheck) async -> CheckAnswer {
        switch check {
        case .http(let request): await HTTPExchange.perform(request, secrets: secrets).answer
        case .tcp(let address): await TCPProbe.ask(address)
        case .argv(let words): await run(words)
        case .script(let text): await run(script: text)
        }
    }

    private func run(script text: String) async -> CheckAnswer {
        // A file, so that the script's commands have a standard input of their own.
        let base = ProcessInfo.processInfo.environment[AttemptVariable.output] ?? "/tmp/drctl-check-\(getpid())"
        let path = FilePath(base + ".sh")
        do {
            if try FileStatus.ifPresent(at: path) != nil { try DurableFile.remove(path) }
            try Descriptor(opening: path, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
                .writeAll(Array(text.utf8))
        } catch {
            return CheckAnswer(.notEstablished, detail: "the check's script could not be written: \(error)")
        }
        return await run(["bash", "-euo", "pipefail", path.string])
    }

    private func run(_ words: [String]) async -> CheckAnswer {
        guard let first = words.first, !first.isEmpty else {
            return CheckAnswer(.notEstablished, detail: "the check names no command")
        }
        let executable: Executable =
            if first == "drctl" {
                .path(FilePath(ProcessInfo.processInfo.environment[AttemptVariable.executable] ?? "/proc/self/exe"))
            } else if first.contains("/") { .path(FilePath(first)) } else { .name(first) }
        do {
            let result = try await Subprocess.run(
                executable,
                arguments: Arguments(executablePathOverride: first, remainingValues: Array(words.dropFirst())),
                environment: .inherit, input: .none,
                output: .fileDescriptor(.standardOutput, closeAfterSpawningProcess: false),
                error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false))
            switch result.terminationStatus {
            case .exited(0): return CheckAnswer(.holds, detail: "\(first) says that it holds")
            case .exited(1): return CheckAnswer(.doesNotHold, detail: "\(first) says that it does not hold (exit 1)")
            case .exited(let code):
                return CheckAnswer(.notEstablished, detail: "\(first) could not establish it (exit \(code))")
            case .signaled(let number):
                return CheckAnswer(.notEstablished, detail: "\(first) was ended by signal \(number)")
            }
        } catch {
            return CheckAnswer(.notEstablished, detail: "\(first) cannot be run: \(error)")
        }
    }
}
