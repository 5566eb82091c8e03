import DREngine
import DRMachine
import DRRunbook
import DRSystem
import FoundationEssentials
import SystemPackage
import Testing

/// What an attempt's process is given, and what is taken from it.
@Suite struct AttemptTests {
    @Test func theEnvironmentIsReplacedNotInherited() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let spec = scene.spec(
            .argv(["env"]),
            env: ["COLOUR": .text("red = blue"), "DRCTL_ATTEMPT": .text("forged"), "KEY": .secret("key")])
        let end = try await line.run(spec, secrets: ["key": "long enough to mask"])
        let variables = Set((end.standardOutput?.tail ?? "").split(separator: "\n").map(String.init))
        let expected: Set<String> = [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=\(scene.work)", "LANG=C.UTF-8",
            "DRCTL_ATTEMPT=\(scene.run)/step#1", "DRCTL_RUN=\(scene.run)", "DRCTL=\(scene.executable)",
            "DRCTL_OUTPUT=\(scene.directory)/outside/results/step#1.json", "COLOUR=red = blue", "KEY=***",
        ]
        #expect(variables == expected)
    }

    @Test func itsDirectoryInputAndDescriptorsAreItsOwn() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let end = try await line.run(
            scene.spec(.script("pwd; cat; ls /proc/self/fd | tr '\\n' ' '; ps -o sid= -p $$ | tr -d ' '; echo $$")))
        let lines = (end.standardOutput?.tail ?? "").split(separator: "\n").map(String.init)
        #expect(lines.first == scene.work.string)
        // 3 is ls's own, reading the folder.
        #expect(lines.dropFirst().first?.hasPrefix("0 1 2 3 ") == true, "\(lines)")
        #expect(lines.dropFirst().first?.split(separator: " ").count == 5)
        #expect(lines.dropFirst().first?.split(separator: " ").last.map(String.init) == lines.last)
    }

    @Test func aScriptStopsAtItsFirstFailure() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let cases: [(String, AttemptEnd.Result)] = [
            ("false; touch reached", .exited(1)), ("echo $UNSET; touch reached", .exited(1)),
            ("false | cat; touch reached", .exited(1)), ("kill -9 $$", .signalled(9)), ("exit 0", .exited(0)),
        ]
        for (number, (text, result)) in cases.enumerated() {
            #expect(try await line.run(scene.spec(number: number + 1, .script(text))).result == result)
        }
        #expect((try? FileStatus(of: scene.work.appending("reached"))) == nil)
    }

    @Test(arguments: [
        (["no-such-tool"], "cannot run “no-such-tool”"), (["/no/such/tool"], "/no/such/tool: it does not exist"),
        (["/etc/passwd"], "/etc/passwd: it is not an executable file"), ([], "there is no command"),
    ]) func whatCannotStartSaysWhatWhyAndWhatNext(argv: [String], message: String) async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let end = try await line.run(scene.spec(.argv(argv)))
        guard case .couldNotStart(let reason) = end.result else { throw EngineError(.system, "\(end.result)") }
        #expect(reason.contains(message) && reason.contains("; "))
    }

    @Test func theFileForOutputsIsThereWhereAnyAreDeclared() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let look = Work.script("test -f $DRCTL_OUTPUT")
        let declared = try await line.run(scene.spec(number: 1, look, outputs: ["path": .string]))
        #expect(declared.result == .exited(0))
        let undeclared = try await line.run(scene.spec(number: 2, look))
        #expect(undeclared.result == .exited(1))
        let making = try await line.run(scene.spec(number: 3, .script("echo '{}' > $DRCTL_OUTPUT")))
        #expect(making.result == .exited(0))
    }

    @Test func outputsAreReadAfterSuccessOnly() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let outputs: [String: OutputType] = ["path": .string]
        let write = #"echo '{"path": "/x", "other": 1}' > "$DRCTL_OUTPUT""#
        let good = try await line.run(scene.spec(number: 1, .script(write), outputs: outputs))
        #expect(good.result == .exited(0) && good.outputs == ["path": .string("/x")])
        let failed = try await line.run(scene.spec(number: 2, .script(write + "; exit 4"), outputs: outputs))
        #expect(failed.result == .exited(4) && failed.outputs == [:])
        let bad = try await line.run(scene.spec(number: 3, .script("echo '[' > $DRCTL_OUTPUT"), outputs: outputs))
        guard case .badOutput(let reason) = bad.result else { throw EngineError(.system, "\(bad.result)") }
        #expect(reason.contains("does not hold one JSON object"))
    }

    @Test func secretsAreMaskedAndNeverSpooled() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let secret = "correct horse battery"
        let spec = scene.spec(
            .script(#"printf '%s' "${KEY:0:9}"; sleep 0.1; echo "${KEY:9}"; printf %s "$KEY" | base64 >&2"#),
            env: ["KEY": .secret("key")])
        let end = try await line.run(spec, secrets: ["key": secret])
        #expect(end.standardOutput?.tail == "***\n")
        #expect(end.standardError?.tail.hasPrefix("***") == true)
        for file in try FileManager.default.subpathsOfDirectory(atPath: scene.directory.string) {
            let bytes = (try? DurableFile.read(at: scene.directory.appending(file), limit: 64 << 20)) ?? []
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(!text.contains("correct horse") && !text.contains("Y29ycmVjdCBob3JzZSBiYXR0ZXJ5"), "\(file)")
        }
    }

    @Test func shortOrMissingSecretsAreRefused() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let spec = scene.spec(.argv(["true"]), env: ["KEY": .secret("pin")])
        let short = try await line.run(spec, secrets: ["pin": "1234"])
        guard case .couldNotStart(let reason) = short.result else { throw EngineError(.system, "\(short.result)") }
        #expect(reason.contains("“pin”") && !reason.contains("1234"))
        let missing = try await line.run(scene.spec(number: 2, .argv(["true"]), env: ["KEY": .secret("pin")]))
        guard case .couldNotStart(let reason) = missing.result else { throw EngineError(.system, "\(missing.result)") }
        #expect(reason.contains("was not given"))
    }

    @Test func muchOutputIsCutAndDoesNotStandInTheWay() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let end = try await line.run(scene.spec(.script("head -c 20000000 /dev/zero | tr '\\0' x; echo; echo last")))
        #expect(end.result == .exited(0))
        let record = try #require(end.standardOutput)
        #expect(record.truncated && record.tail == "last\n")
        #expect(record.sizeBytes > 8 << 20 && record.sizeBytes < (8 << 20) + 200)
        #expect(try FileStatus(of: scene.directory.appending(record.path)).sizeBytes == record.sizeBytes)
    }
}
