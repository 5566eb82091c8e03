import DRCrypto
import DRMachine
import DRRunbook
import DRSystem
import DRTestSupport
import FoundationEssentials
import SystemPackage
import Testing

@testable import DREngine

@Suite struct SecretSourceTests {
    private func read(_ reference: SecretReference, limit: TimeSpan = .seconds(30)) async throws -> String? {
        var plan = Plan(
            runbook: RunbookIdentity(name: "r", title: "r", owner: "o", digest: Digest.of("r")), purpose: .recovery,
            mode: .real, environment: "e")
        plan.secrets = ["db": reference]
        let spec = AttemptSpec(
            attempt: AttemptID(step: "a", number: 1), place: .outside, work: .argv(["true"]),
            env: ["DB": .secret("db")], workingDirectory: "/", timeout: nil, outputs: [:], isBackground: false)
        let values = try await SecretSource(plan: plan, time: VirtualClock(), commandLimit: limit).values(for: spec)
        return values["db"].flatMap { Data(base64Encoded: $0) }.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func aCommandPrintsASecret() async throws {
        #expect(try await read(.command(["printf", "%s", "pass word"])) == "pass word")
        // One line break at the end is the program's, more are the secret's.
        #expect(try await read(.command(["printf", "pass\\n"])) == "pass")
        #expect(try await read(.command(["printf", "pass\\n\\n"])) == "pass\n")
        #expect(try await read(.command(["/bin/sh", "-c", "echo told >&2; echo pass"])) == "pass")
    }

    /// A child of the command that holds its output keeps nobody waiting, and nothing of it is left.
    @Test(arguments: [("307", "sleep 307"), ("308", "sleep 308 & echo pass; sleep 308")])
    func aCommandThatHangs(mark: String, script: String) async throws {
        let error = await #expect(throws: EngineError.self) {
            try await read(.command(["sh", "-c", script]), limit: .milliseconds(300))
        }
        #expect(error?.message.contains("took more than") == true)
        let left = try ProcessTable(bootID: "").entries.filter { entry in
            let line = (try? DurableFile.read(at: FilePath("/proc/\(entry.identity.pid)/cmdline"), limit: 4096)) ?? []
            return entry.name == "sleep" && !entry.isZombie && String(decoding: line, as: UTF8.self).contains(mark)
        }
        #expect(left == [])
    }

    @Test(arguments: [
        (["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"], "exited with 3"), (["true"], "printed nothing"),
        (["no-such-program-here"], "cannot be run"),
        (["head", "-c", "70000", "/dev/zero"], "printed more"),
        ([], "names no program"),
    ]) func commandsThatGiveNone(words: [String], reason: String) async throws {
        let error = await #expect(throws: EngineError.self) { try await read(.command(words)) }
        #expect(error?.code == .secretUnusable && error?.message.contains(reason) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("hunter2") == false)
    }
}
