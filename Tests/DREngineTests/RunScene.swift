import DREngine
import DRMachine
import DRRunbook
import DRSystem
import FoundationEssentials
import Glibc
import SystemPackage
import Testing

/// A run's directory of its own, with supervisors that are real processes; everything is gone at the end.
final class RunScene: Sendable {
    let directory: FilePath
    let executable: FilePath
    private let base: FilePath

    init(base: FilePath = "/tmp") throws {
        self.base = base.appending("drctl-engine-\(UInt64.random(in: 0...UInt64.max))")
        directory = self.base.appending("runs").appending("r-\(UInt32.random(in: 0...UInt32.max))")
        for folder in ["outside", "inside", "work", "files"] {
            try DurableFile.makeDirectory(at: directory.appending(folder))
        }
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        executable = FilePath(own).removingLastComponent().appending("EngineTool")
        try #require(
            FileManager.default.isExecutableFile(atPath: executable.string),
            "the test tool was not built beside the tests")
    }

    deinit {
        for folder in ["outside", "inside"] { Self.killSupervisor(in: directory.appending(folder)) }
        try? FileManager.default.removeItem(atPath: base.string)
    }

    var run: String { directory.lastComponent?.string ?? "" }
    var work: FilePath { directory.appending("work") }

    func supervisors(isolation: Bool = false, faults: String? = nil) -> LocalSupervisors {
        LocalSupervisors(
            runDirectory: directory, executable: executable,
            isolation: isolation ? Isolation(runDirectory: directory, executable: executable) : nil, faults: faults)
    }

    func connect(
        _ place: Place = .outside, epoch: Int = 1, journalHead: JournalHead? = nil, faults: String? = nil
    ) async throws -> Line {
        // As a runner does: one that was just killed may still take a connection, and drop it.
        for _ in 1...3 {
            do throws(EngineError) {
                return try await greet(place, epoch: epoch, journalHead: journalHead, faults: faults)
            } catch {
                guard error.code == .connectionLost, faults == nil else { throw error }
            }
        }
        return try await greet(place, epoch: epoch, journalHead: journalHead, faults: faults)
    }

    private func greet(
        _ place: Place, epoch: Int, journalHead: JournalHead?, faults: String?
    ) async throws(EngineError) -> Line {
        let connection = try await supervisors(isolation: place == .inside, faults: faults).connect(place)
        let greeting = try await connection.hello(run: run, epoch: epoch, journalHead: journalHead)
        return Line(connection: connection, greeting: greeting)
    }

    func spec(
        step: StepID = "step", number: Int = 1, _ work: Work, place: Place = .outside,
        timeout: TimeSpan? = .seconds(60),
        env: [String: ResolvedVariable] = [:], outputs: [String: OutputType] = [:]
    ) -> AttemptSpec {
        AttemptSpec(
            attempt: AttemptID(step: step, number: number), place: place, work: work, env: env,
            workingDirectory: self.work.string, timeout: timeout, outputs: outputs, isBackground: timeout == nil)
    }

    func text(_ path: String) throws -> String {
        String(decoding: try DurableFile.read(at: directory.appending(path), limit: 64 << 20), as: UTF8.self)
    }

    func spool(_ place: Place = .outside) throws -> String { try text("\(place.rawValue)/spool.jsonl") }

    /// kill -9 of the supervisor that wrote the spool last (outside only: inside, its pid is another one here).
    func killSupervisor() { Self.killSupervisor(in: directory.appending("outside")) }

    /// kill -9 of the drill's first process.
    func killInside() { Self.killSupervisor(in: directory.appending("inside")) }

    static func killSupervisor(in folder: FilePath) {
        guard let bytes = try? DurableFile.read(at: folder.appending("spool.jsonl"), limit: 64 << 20) else { return }
        var identity: SupervisorIdentity?
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            if case .supervisorStarted(_, let found)? = try? JSONDecoder().decode(SpoolRecord.self, from: Data(line)) {
                identity = found
            }
        }
        guard let identity else { return }
        if identity.place == .inside {
            let info = folder.removingLastComponent().appending("outside").appending("namespaces.json")
            guard let bytes = try? DurableFile.read(at: info, limit: 4096),
                let pid = try? JSONDecoder().decode([String: Int].self, from: Data(bytes))["child-pid"]
            else { return }
            let first = ProcessIdentity(pid: Int32(pid), startTicks: identity.startTicks, bootID: identity.bootID)
            _ = try? first.signal(SIGKILL)
            _ = try? first.waitUntilGone(atMost: .seconds(10))
            return
        }
        let process = ProcessIdentity(pid: identity.pid, startTicks: identity.startTicks, bootID: identity.bootID)
        _ = try? process.signal(SIGKILL)
        _ = try? process.waitUntilGone(atMost: .seconds(10))
    }
}

/// A connection after its hello, with what it says read in order.
final class Line: Sendable {
    let connection: any SupervisorConnection
    let greeting: SupervisorGreeting

    init(connection: any SupervisorConnection, greeting: SupervisorGreeting) {
        self.connection = connection
        self.greeting = greeting
    }

    deinit { connection.close() }

    func start(_ spec: AttemptSpec, secrets: [String: String] = [:]) async throws {
        let encoded = secrets.mapValues { Data($0.utf8).base64EncodedString() }
        try await connection.start(spec, secrets: encoded)
    }

    /// The next report about an attempt that this picks; others are passed over.
    func next<Found>(_ pick: (AttemptReport) -> Found?) async throws -> Found {
        for await news in connection.news {
            if case .report(let report) = news, let found = pick(report) { return found }
            if case .refused(let reason, _) = news { throw EngineError(.barred, reason) }
        }
        throw EngineError(.connectionLost, "the line ended before what was waited for")
    }

    func started(_ attempt: AttemptID) async throws -> AttemptStart {
        try await next { report in
            if case .started(let start) = report.phase, report.attempt == attempt { start } else { nil }
        }
    }

    func ended(_ attempt: AttemptID) async throws -> AttemptEnd {
        try await next { report in
            if case .ended(_, let end) = report.phase, report.attempt == attempt { end } else { nil }
        }
    }

    /// Waits until an attempt is known to be lost, be it already when hello was said.
    func lost(_ attempt: AttemptID) async throws -> AttemptStart? {
        let pick = { (report: AttemptReport) -> AttemptStart?? in
            if case .lost(let start, _) = report.phase, report.attempt == attempt { .some(start) } else { nil }
        }
        if let known = greeting.attempts.lazy.compactMap(pick).first { return known }
        return try await next(pick)
    }

    func run(_ spec: AttemptSpec, secrets: [String: String] = [:]) async throws -> AttemptEnd {
        try await start(spec, secrets: secrets)
        return try await ended(spec.attempt)
    }
}
