import DRMachine
import DRRunbook
import DRSystem
import Synchronization
import Testing

@testable import DREngine

/// The actions as supervisors run them: as processes, against a server of the test's own.
@Suite struct StepActionTests {
    /// A Python HTTP server on a free port: /ok 200, /hop 302, /no 503, anything else 404.
    private static let server = """
        import http.server, sys
        class H(http.server.BaseHTTPRequestHandler):
            def answer(self):
                code = {'/ok': 200, '/hop': 302, '/no': 503}.get(self.path, 404)
                self.send_response(code)
                if code == 302: self.send_header('Location', '/ok')
                self.end_headers()
                self.wfile.write(b'all is well' if code == 200 else b'')
            do_GET = do_POST = answer
            def log_message(self, *a): open('requests', 'a').write(self.command + ' ' + self.path + '\\n')
        s = http.server.HTTPServer(('127.0.0.1', 0), H)
        open('port.new', 'w').write(str(s.server_port)); import os; os.rename('port.new', 'port')
        s.serve_forever()
        """

    private func serving(_ scene: RunScene, _ line: Line) async throws -> String {
        try await line.start(scene.spec(step: "server", .argv(["python3", "-c", Self.server]), timeout: nil))
        while true {
            if let port = try? scene.text("work/port") { return "http://127.0.0.1:\(port)" }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private func get(_ url: String, status: [Int] = [200], contains: String? = nil) -> ResolvedRequest {
        ResolvedRequest(
            method: "GET", url: url, headers: [:], body: nil,
            expect: HTTPExpectation(status: status, bodyContains: contains))
    }

    @Test func aCheckHasThreeAnswers() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let base = try await serving(scene, line)
        let closed = try LoopbackListener().port
        let cases: [(ResolvedCheck, Int32)] = [
            (.http(get(base + "/ok")), 0), (.http(get(base + "/ok", contains: "is well")), 0),
            (.http(get(base + "/ok", contains: "is ill")), 1), (.http(get(base + "/no")), 1),
            // A redirect is an answer, and is not followed.
            (.http(get(base + "/hop")), 1), (.http(get(base + "/hop", status: [302])), 0),
            (.http(get("http://127.0.0.1:\(closed)/")), 1), (.http(get("http://no-such-host.invalid/")), 2),
            (.http(get("nonsense")), 2), (.tcp(String(base.dropFirst(7))), 0), (.tcp("127.0.0.1:\(closed)"), 1),
            (.tcp("no-such-host.invalid:80"), 2), (.tcp("nonsense"), 2), (.argv(["true"]), 0), (.argv(["false"]), 1),
            (.argv(["sh", "-c", "exit 7"]), 2), (.argv(["no-such-tool"]), 2), (.script("exit 1"), 1),
            (.script("cat; test -n \"$DRCTL_RUN\""), 0), (.script("kill -9 $$"), 2),
        ]
        for (number, (check, exit)) in cases.enumerated() {
            let end = try await line.run(scene.spec(number: number + 1, .action(.check(check))))
            #expect(end.result == .exited(exit), "\(check): \(end.standardError?.tail ?? "")")
        }
        let answer = try await line.connection.ask(.http(get(base + "/no")), timeout: .seconds(30))
        #expect(answer.verdict == .doesNotHold && answer.detail.contains("answers 503, not 200"))
        #expect(!(try scene.spool().contains("~ask")))
    }

    @Test func anHTTPStepSendsOnceAndTellsItsStatus() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let base = try await serving(scene, line)
        var request = get(base + "/ok")
        request.method = "POST"
        let end = try await line.run(scene.spec(.action(.http(request)), outputs: ["status": .integer]))
        #expect(end.result == .exited(0) && end.outputs == ["status": .integer(200)])
        #expect(end.standardOutput?.tail == "all is well")
        #expect(try scene.text("work/requests") == "POST /ok\n")
    }

    @Test func waitingEndsWhenItHeldOrWhenItsTimeIsOver() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let check = ResolvedCheck.argv(["test", "-e", "there"])
        let spec = scene.spec(.action(.wait(check, holds: .milliseconds(100), interval: .milliseconds(20))))
        try await line.start(spec)
        _ = try await line.started(spec.attempt)
        _ = try await line.run(scene.spec(step: "make", .argv(["touch", "there"])))
        #expect(try await line.ended(spec.attempt).result == .exited(0))
        let never = ResolvedCheck.argv(["false"])
        let end = try await line.run(
            scene.spec(
                number: 2, .action(.wait(never, holds: .zero, interval: .milliseconds(20))), timeout: .milliseconds(400)
            ))
        #expect(end.result == .timedOut)
    }

    @Test func aBreakBeginsTheHoldAnew() async {
        let clock = StepClock()
        let answers: [CheckVerdict] = [.doesNotHold, .holds, .holds, .notEstablished, .holds, .holds, .holds, .holds]
        let asked = Mutex(0)
        let verdict = await StepActions.wait(
            holds: .seconds(3), interval: TimeSpan(nanoseconds: 1), time: clock, say: { _ in }
        ) {
            let index = asked.withLock { count in
                defer { count += 1 }
                return count
            }
            clock.advance()
            return CheckAnswer(index < answers.count ? answers[index] : .doesNotHold, detail: "")
        }
        // Held at 5, 6, 7 and 8 s: three seconds from the first to the last of them.
        #expect(verdict == .holds && asked.withLock { $0 } == 8)
    }
}

/// One second a step.
private final class StepClock: TimeSource {
    private let seconds = Mutex<Int64>(0)
    func advance() { seconds.withLock { $0 += 1 } }
    func wallNanoseconds() -> Int64 { bootNanoseconds() }
    func bootNanoseconds() -> Int64 { seconds.withLock { $0 } * 1_000_000_000 }
    var bootID: String { "test" }
}
