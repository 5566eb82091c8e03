import DREngine
import DRMachine
import DRRunbook
import DRSystem
import FoundationEssentials
import Glibc
import SystemPackage
import Testing

/// Whether this machine can build the namespaces; the reason is printed where it cannot.
func canIsolate() async -> Bool {
    do {
        try await Isolation.checkAvailable()
        return true
    } catch {
        print("skipped: the isolation tests: \(error)")
        return false
    }
}

@Suite(.enabled("this machine builds the namespaces") { await canIsolate() }) struct IsolationTests {
    private func answers(_ script: String, _ scene: RunScene, _ place: Place, number: Int = 1) async throws
        -> AttemptEnd
    {
        let line = try await scene.connect(place)
        return try await line.run(scene.spec(number: number, .script(script), place: place))
    }

    @Test func stepsInsideAreThemselvesAloneAndWithoutRights() async throws {
        let scene = try RunScene()
        let end = try await answers(
            """
            echo "first $(tr '\\0' ' ' < /proc/1/cmdline)"
            grep -E 'Cap(Prm|Eff|Bnd|Amb)' /proc/self/status | awk '{print $2}' | sort -u
            ls /
            tail -n +3 /proc/net/dev | awk '{print $1}'
            hostname
            """, scene, .inside)
        let lines = (end.standardOutput?.tail ?? "").split(separator: "\n").map(String.init)
        #expect(end.result == .exited(0), "\(end)")
        #expect(lines.first?.contains("supervisor --place inside") == true)
        #expect(lines.contains("0000000000000000") && lines.contains("lo:") && lines.last == "drill")
        #expect(!lines.contains("root") && !lines.contains("home") && !lines.contains("sys"))
    }

    @Test func loopbackInsideIsUpAndNotTheOutsides() async throws {
        let scene = try RunScene()
        let listener = try LoopbackListener()
        let reach = "exec 3<>/dev/tcp/127.0.0.1/\(listener.port)"
        #expect(try await answers(reach, scene, .outside).result == .exited(0))
        #expect(try await answers(reach, scene, .inside, number: 2).result == .exited(1))
        let own =
            "python3 -c 'import socket; s=socket.create_server((\"127.0.0.1\", 0)); "
            + "socket.create_connection(s.getsockname()); print(\"reached\")'"
        #expect(try await answers(own, scene, .inside, number: 3).standardOutput?.tail == "reached\n")
    }

    @Test func aPathnameSocketInTmpIsMasked() async throws {
        let scene = try RunScene(base: "/var/tmp")
        let name = "drctl-socket-\(UInt64.random(in: 0...UInt64.max))"
        let listener = try LocalListener(in: "/tmp", name: name)
        defer { listener.shutdown() }
        let reach = "test -S /tmp/\(name)"
        #expect(try await answers(reach, scene, .outside).result == .exited(0))
        #expect(try await answers(reach, scene, .inside, number: 2).result == .exited(1))
    }

    @Test func theRunsDirectoryShowsOnlyItsInside() async throws {
        let scene = try RunScene()
        try DurableFile.replace(at: scene.directory.appending("journal.jsonl"), with: Array("journal".utf8))
        try DurableFile.replace(at: scene.directory.appending("files/tool"), with: Array("tool".utf8))
        let end = try await answers(
            """
            cd \(scene.directory)
            ls | tr '\\n' ' '
            cat files/tool
            echo w > work/written
            ! test -e journal.jsonl
            ! sh -c 'echo x > files/tool' 2>/dev/null
            ! sh -c 'rm files/tool' 2>/dev/null
            ! sh -c 'echo x > journal.jsonl' 2>/dev/null
            ! sh -c 'echo x > /etc/passwd' 2>/dev/null
            """, scene, .inside)
        #expect(end.result == .exited(0), "\(end)")
        #expect(end.standardOutput?.tail == "files inside work tool")
        #expect(try scene.text("work/written") == "w\n" && scene.text("files/tool") == "tool")
        #expect(try scene.text("journal.jsonl") == "journal")
    }

    @Test func theInsideEndsWholeWithItsSupervisorAndBeginsAnew() async throws {
        let scene = try RunScene()
        let outside = FilePath("/proc")
        let mark = "30\(UInt16.random(in: 1000...9999))"
        let spec = scene.spec(.script("(setsid sleep \(mark) &); exec sleep \(mark)"), place: .inside, timeout: nil)
        do {
            let line = try await scene.connect(.inside)
            try await line.start(spec)
            _ = try await line.started(spec.attempt)
            while try sleepers(mark, outside) < 2 { try await Task.sleep(for: .milliseconds(5)) }
        }
        scene.killInside()
        let line = try await scene.connect(.inside, epoch: 2)
        #expect(line.greeting.identity.generation == 2 && line.greeting.identity.pid == 1)
        #expect(try sleepers(mark, outside) == 0)
        #expect(try await line.lost(spec.attempt) != nil)
        #expect(try await line.run(scene.spec(step: "next", .argv(["true"]), place: .inside)).succeeded)
    }

    private func sleepers(_ mark: String, _ proc: FilePath) throws -> Int {
        try DurableFile.list(proc).filter { Int($0) != nil }.filter { pid in
            let bytes = (try? DurableFile.read(at: proc.appending(pid).appending("cmdline"), limit: 4096)) ?? []
            return String(decoding: bytes, as: UTF8.self) == "sleep\0\(mark)\0"
        }.count
    }

    @Test func orphansAreBuried() async throws {
        let scene = try RunScene()
        let line = try await scene.connect(.inside)
        _ = try await line.run(
            scene.spec(.script("for i in 1 2 3; do (setsid sleep 0.05 &); done; sleep 0.3"), place: .inside))
        let end = try await line.run(
            scene.spec(
                number: 2, .script("sleep 2.5; cat /proc/*/stat 2>/dev/null | awk '$3 == \"Z\"' | wc -l"),
                place: .inside))
        #expect(end.standardOutput?.tail == "0\n")
    }

    /// One that is not there, and those that would let the inside see its own run.
    @Test(arguments: ["/no/such/path", "/", "/tmp", "/tmp/x"])
    func aPathThatCannotBeBoundIsNamed(path: String) {
        let isolation = Isolation(
            runDirectory: "/tmp/x", executable: "/usr/bin/true", readOnlyBinds: [FilePath(path)])
        #expect {
            _ = try isolation.arguments()
        } throws: { error in
            let error = error as? EngineError
            return error?.code == .cannotIsolate && error?.message.hasPrefix(path) == true
        }
    }
}
