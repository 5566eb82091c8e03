import DRCrypto
import DREngine
import DRRepository
import DRRunbook
import DRSystem
import FoundationEssentials
import Glibc
import Subprocess
import SystemPackage

/// Restores snapshots to see whether they restore: each to a fresh folder, compared with its manifest, asked by probes
/// that see the system, the restored tree and no network, and removed again.
struct RehearsalJob {
    struct Result: Sendable {
        var rehearsals: [VerificationStatement.Rehearsal] = []
        /// What did not hold; empty where everything was as it should be.
        var conditions: [ExitStatus] = []
        var problems: [String] = []
        var record: LogEntry.SeenHead?
        var endedNanoseconds: Int64 = 0

        var verdict: Verdict {
            let probes = rehearsals.flatMap(\.probes).filter { $0.verdict != "holds" }.map(\.command)
            let reason =
                problems.first ?? probes.first.map { "probe \($0.debugDescription)" } ?? "something was not restored"
            return switch ExitStatus.first(of: conditions, in: ExitStatus.verificationOrder) {
            case .done: .holds
            case .notEstablished, .wrongKey: .notEstablished(reason)
            default: .doesNotHold(reason)
            }
        }
    }

    /// Where the restored tree lies for the probes.
    private static let place = "/restored"

    let repository: Repository
    let identity: Identity
    let recorder: Identity?
    let options: RehearsalOptions
    let scope: VerificationScope
    let time: SystemTimeSource

    func run(_ stopping: SignalWatch, _ meter: ProgressMeter) async throws -> Result {
        defer { meter.end() }
        if !options.probe.isEmpty { try await requireSandbox() }
        let started = time.wallNanoseconds()
        var result = Result()
        for id in scope.snapshots.sorted() where !stopping.isRequested {
            let scratch = try makeScratch()
            do { try await rehearse(id, in: scratch, stopping, meter, &result) } catch {
                try? await remove(scratch)
                throw error
            }
            do { try await remove(scratch) } catch {
                result.problems.append("\(scratch) could not be removed: \(Failure(error).message)")
                result.conditions.append(.notEstablished)
            }
        }
        if result.conditions.isEmpty, !stopping.isRequested, let recorder, repository.isVerifier(recorder) {
            result.record = try repository.recordRehearsal(
                of: result.rehearsals.map(\.snapshot), startedNanoseconds: started, by: recorder, time: time)
        }
        result.endedNanoseconds = time.wallNanoseconds()
        return result
    }

    private func rehearse(
        _ id: Digest, in scratch: FilePath, _ stopping: SignalWatch, _ meter: ProgressMeter, _ result: inout Result
    ) async throws {
        let tree = scratch.appending("tree")
        // Root can give everything back, and so compares everything.
        let isRoot = geteuid() == 0
        let job = RestoreJob(
            repository: repository, identity: identity, snapshot: id.hex, target: tree, restoresOwners: isRoot,
            restoresSpecialFiles: isRoot)
        let (restored, check, times) = try await BlockingThread.run { [time] in
            let prepared = try job.prepare()
            let expected = Int64(prepared.found.manifest.counts.sourceBytes)
            let begin = time.bootNanoseconds()
            let restored = try Restore(from: prepared.source).run(
                prepared.request, isCancelled: { stopping.isRequested }
            ) { meter.show(files: $0.files, bytes: $0.bytes, ofBytes: expected) }
            let middle = time.bootNanoseconds()
            let check = try RestoreCheck(against: prepared.source).run(
                prepared.request, isCancelled: { stopping.isRequested })
            return (restored, check, [begin, middle, time.bootNanoseconds()])
        }
        result.conditions += restored.conditions.map { ExitStatus($0) }
        if restored.counts.failureCount > 0 { result.conditions.append(.partial) }
        switch check.isEqual {
        case true?: break
        case false?: result.conditions.append(.damaged)
        case nil: result.conditions.append(.notEstablished)
        }
        result.problems += (restored.failures + check.mismatches + check.unknown).prefix(50).map(\.message)
        var rehearsal = VerificationStatement.Rehearsal(
            snapshot: id, filesCompared: check.filesCompared, bytesRestored: restored.counts.bytes,
            differences: check.mismatchCount + check.unknownCount,
            restoreSeconds: Double(times[1] - times[0]) / 1e9, compareSeconds: Double(times[2] - times[1]) / 1e9,
            probes: [])
        for command in options.probe {
            let verdict = stopping.isRequested ? "notEstablished" : await probe(command, tree, id)
            rehearsal.probes.append(VerificationStatement.Rehearsal.Probe(command: command, verdict: verdict))
            switch verdict {
            case "holds": break
            case "doesNotHold": result.conditions.append(.policyMissed)
            default: result.conditions.append(.notEstablished)
            }
        }
        result.rehearsals.append(rehearsal)
    }

    // MARK: Probes

    /// Exit 0 holds, 1 does not; anything else, and a probe that takes too long, is not established.
    private func probe(_ command: String, _ tree: FilePath, _ id: Digest) async -> String {
        let arguments =
            ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"] + SandboxRoot.arguments()
            + ["--bind", tree.string, Self.place, "--remount-ro", "/", "--chdir", Self.place]
            + ["/bin/sh", "-c", command]
        var settings = PlatformOptions()
        // The sandbox's first process dies with it, and everything inside with that.
        settings.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(1))]
        let environment: Environment = .custom([
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp", "LC_ALL": "C.UTF-8",
            "DRCTL_SNAPSHOT": id.hex, "DRCTL_RESTORED": Self.place,
        ])
        let limit = Duration.nanoseconds(options.probeWithin.nanoseconds)
        return await withTaskGroup(of: String.self) { [settings] group in
            group.addTask {
                // Its output is for people: the result alone goes to standard output.
                let ended = try? await Subprocess.run(
                    .name(SandboxRoot.bubblewrap), arguments: Arguments(arguments), environment: environment,
                    platformOptions: settings, input: .none,
                    output: .fileDescriptor(.standardError, closeAfterSpawningProcess: false),
                    error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
                ).terminationStatus
                return switch ended {
                case .exited(0)?: "holds"
                case .exited(1)?: "doesNotHold"
                default: "notEstablished"
                }
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return "notEstablished"
            }
            let first = await group.next() ?? "notEstablished"
            group.cancelAll()
            return first
        }
    }

    /// - Throws: where this machine cannot make the sandbox: a probe that failed for that would say nothing.
    private func requireSandbox() async throws {
        let empty = try makeScratch()
        try DurableFile.makeDirectory(at: empty.appending("tree"), mode: 0o700)
        let verdict = await probe("exit 0", empty.appending("tree"), repository.id)
        try await remove(empty)
        guard verdict == "holds" else {
            throw Failure(
                exit: .notEstablished, code: "verify.noSandbox", message: "probes need a sandbox, and none can be made",
                hint: "install bubblewrap, and allow user namespaces; or rehearse without --probe")
        }
    }

    // MARK: Scratch

    private func makeScratch() throws -> FilePath {
        let folder = try Paths.absolute(options.scratch ?? RepositoryOptions.environment("TMPDIR") ?? "/var/tmp")
        let name = "drctl-rehearsal-" + Digest.of(try SecureRandom.bytes(8)).hex.prefix(16)
        let path = folder.appending(name)
        try DurableFile.makeDirectory(at: path, mode: 0o700)
        return path
    }

    /// Also what was made immutable, and folders that this user may not write in.
    private func remove(_ path: FilePath) async throws {
        if geteuid() == 0 { _ = try? await Self.tool("chattr", ["-R", "-f", "-i", "-a", path.string]) }
        _ = try await Self.tool("chmod", ["-R", "u+rwX", path.string])
        guard try await Self.tool("rm", ["-rf", "--one-file-system", path.string]) else {
            throw Failure(
                exit: .notEstablished, code: "verify.scratch", message: "the scratch folder could not be removed",
                hint: "remove \(path)")
        }
    }

    private static func tool(_ name: String, _ arguments: [String]) async throws -> Bool {
        let ended = try await Subprocess.run(
            .name(name), arguments: Arguments(arguments), input: .none, output: .discarded, error: .discarded)
        return ended.terminationStatus == .exited(0)
    }
}
