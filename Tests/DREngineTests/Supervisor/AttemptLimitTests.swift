import DREngine
import DRMachine
import DRRunbook
import Testing

/// What an attempt's processes may hold together.
@Suite struct AttemptLimitTests {
    private func end(of script: String, _ limits: ProcessLimits) async throws -> AttemptEnd {
        let scene = try RunScene()
        let line = try await scene.connect()
        var spec = scene.spec(.script(script))
        spec.limits = limits
        return try await line.run(spec)
    }

    @Test func moreProcessesThanAllowedEndAllOfThem() async throws {
        let end = try await end(of: "for n in 1 2 3 4 5 6; do sleep 60 & done; wait", ProcessLimits(processes: 3))
        // It may be looked at while they are being started.
        guard case .overLimit(let what) = end.result else { throw EngineError(.system, "\(end.result)") }
        #expect(what.hasPrefix("it had ") && what.hasSuffix(" processes, and may have 3"))
        #expect(end.survivors.isEmpty)
    }

    @Test func aProcessThatLeftItsSessionCounts() async throws {
        let end = try await end(of: "setsid sleep 60 & setsid sleep 60 & wait", ProcessLimits(processes: 1))
        guard case .overLimit = end.result else { throw EngineError(.system, "\(end.result)") }
        #expect(end.survivors.isEmpty)
    }

    @Test func moreMemoryThanAllowedEndsIt() async throws {
        let end = try await end(
            of: "text=$(head -c 100000000 /dev/zero | tr '\\0' a); sleep 60", ProcessLimits(memoryBytes: 32 << 20))
        guard case .overLimit(let what) = end.result else { throw EngineError(.system, "\(end.result)") }
        #expect(what.hasSuffix("of memory, and may hold 32 MiB"))
    }

    @Test func whatKeepsToItsLimitsIsLeftAlone() async throws {
        let end = try await end(
            of: "sleep 0.3 & sleep 0.3 & wait", ProcessLimits(memoryBytes: 1 << 30, processes: 10))
        #expect(end.result == .exited(0))
    }
}
