import DREngine
import DRMachine
import DRRunbook
import DRSystem
import Testing

@Suite(.enabled("this machine builds the namespaces") { await canIsolate() }) struct IsolationCheckTests {
    private func isolation(_ mustNotReach: [String]) -> PlannedIsolation {
        PlannedIsolation(mustNotReach: mustNotReach, whenNotDemonstrated: .refuse, readOnlyBinds: [])
    }

    @Test func whatAnswersOutsideAndFailsInsideIsDemonstrated() async throws {
        let scene = try RunScene()
        let server = try LoopbackListener()
        let inside = try await scene.connect(.inside)
        let check = IsolationCheck(runDirectory: scene.directory)
        let report = try await check.check(
            isolation(["127.0.0.1:\(server.port)"]), inside: inside.connection, generation: 1)
        #expect(report.verdict == .demonstrated, "\(report)")
        #expect(report.probes.filter(\.isControl).count >= 2)
        #expect(report.probes.allSatisfy { $0.answeredOutside && !$0.answeredInside })
        #expect(report.probes.last?.name == "127.0.0.1:\(server.port)" && report.probes.last?.isControl == false)
    }

    @Test func whatDoesNotAnswerOutsideIsNotDemonstrated() async throws {
        let scene = try RunScene()
        let inside = try await scene.connect(.inside)
        let check = IsolationCheck(runDirectory: scene.directory)
        let report = try await check.check(
            isolation(["127.0.0.1:1", "no-such-host.invalid:5432"]), inside: inside.connection, generation: 1)
        #expect(report.verdict == .enforcedNotDemonstrated, "\(report)")
        #expect(report.probes.suffix(2).allSatisfy { !$0.answeredOutside && !$0.answeredInside })
    }

    /// The check sees a hole: here the inside is not isolated at all.
    @Test func whatAnswersInsideIsBroken() async throws {
        let scene = try RunScene()
        let outside = try await scene.connect(.outside)
        let report = try await IsolationCheck(runDirectory: scene.directory)
            .check(isolation([]), inside: outside.connection, generation: 7)
        #expect(report.verdict == .broken && report.generation == 7)
    }
}
