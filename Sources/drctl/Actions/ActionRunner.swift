import DRCrypto
import DREngine
import DRMachine
import DRRepository
import DRRunbook
import DRSystem
import FoundationEssentials
import SystemPackage

/// Carries out what `drctl action` was asked: the one place where runbooks and repositories meet.
///
/// Exits 0 when it is done, and what was declared lies in `$DRCTL_OUTPUT`; otherwise with the code that the command
/// of the same name would have, and the reason on standard error.
struct ActionRunner {
    var input: ActionInput

    func run() async -> Int32 {
        do {
            switch input.request {
            case .http(let request): return await StepActions.http(request, secrets: input.secrets)
            case .check(let check): return await StepActions.check(check, secrets: input.secrets)
            case .wait(let check, let holds, let interval):
                return await StepActions.wait(check, holds: holds, interval: interval, secrets: input.secrets)
            case .backup(let place, let dataset, let paths, let tag):
                return try await backup(place, dataset, paths, tag)
            case .verify(let place, let dataset, let snapshot, let level):
                return try await verify(place, dataset, snapshot, level)
            case .restore(let place, let dataset, let snapshot, let target):
                return try await restore(place, dataset, snapshot, target)
            case .resync(let from, let to, _): return try await resync(from, to)
            case .findSnapshot(let place, let dataset, let tag): return try await find(place, dataset, tag)
            }
        } catch {
            let failure = Failure(error)
            Output.note(failure.line)
            return failure.exit.rawValue
        }
    }

    private func backup(
        _ place: ResolvedRepository, _ dataset: String, _ paths: [String], _ tag: String
    ) async throws -> Int32 {
        let (repository, identity) = try open(place)
        let job = BackupJob(
            repository: repository, identity: identity, dataset: dataset, input: .paths(paths.map { FilePath($0) }),
            tag: tag,
            cache: nil)
        let stopping = SignalWatch()
        let result = try await BlockingThread.run {
            try job.run(isCancelled: { stopping.isRequested }, progress: { _, _ in })
        }
        for problem in result.problems { Output.note("unreadable: \(problem)") }
        Output.note(Backup.text(result))
        try write([
            "snapshot": .string(result.snapshot ?? ""), "filesRead": .integer(Int64(result.filesRead)),
            "bytesRead": .integer(result.bytesRead), "bytesStored": .integer(result.bytesStored),
            "complete": .boolean(result.complete),
        ])
        return conclude(
            result.complete ? [] : [.partial],
            because: "\(result.problemCount) entries could not be read, the first: \(result.problems.first ?? "?")")
    }

    /// A step's reason is the last line of its standard error.
    private func conclude(_ conditions: [ExitStatus], because reason: String) -> Int32 {
        let exit = ExitStatus.first(of: conditions, in: ExitStatus.verificationOrder)
        if exit != .done { Output.note(displayEscaped(reason)) }
        return exit.rawValue
    }

    private func restore(
        _ place: ResolvedRepository, _ dataset: String, _ snapshot: String, _ target: String
    ) async throws -> Int32 {
        let (repository, identity) = try open(place)
        let job = RestoreJob(
            repository: repository, identity: identity, dataset: dataset, snapshot: snapshot, target: FilePath(target),
            overwrite: .always)
        let stopping = SignalWatch()
        let result = try await BlockingThread.run {
            try job.run(isCancelled: { stopping.isRequested }, progress: { _, _ in })
        }
        for failure in result.failures { Output.note("not as it was: \(failure)") }
        Output.note(RestoreCommand.text(result))
        try write([
            "snapshot": .string(result.snapshot), "path": .string(result.path), "files": .integer(Int64(result.files)),
            "bytes": .integer(result.bytes), "mismatches": .integer(Int64(result.mismatches)),
            "filesCompared": .integer(Int64(result.filesCompared)),
        ])
        return conclude(
            RestoreCommand.conditions(result),
            because: result.failures.first.map {
                "\(result.failureCount + result.mismatches) entries are not as they were, the first: \($0)"
            } ?? "the snapshot is partial: it lacks what could not be read when it was made")
    }

    private func find(_ place: ResolvedRepository, _ dataset: String, _ tag: String) async throws -> Int32 {
        let (repository, identity) = try open(place)
        let catalog = repository.snapshots(try repository.unlock(identity), ledger: try Ledger(reading: repository))
        let found = catalog.snapshots.last {
            $0.manifest.dataset == dataset && $0.manifest.tag == tag && !$0.manifest.isPartial
        }
        if let found {
            try write([
                "snapshot": .string(found.id.hex), "filesRead": .integer(Int64(found.manifest.counts.filesRead)),
                "bytesRead": .integer(Int64(found.manifest.counts.bytesRead)),
                "bytesStored": .integer(Int64(found.manifest.counts.bytesStored)), "complete": .boolean(true),
            ])
            return 0
        }
        // A snapshot that cannot be opened may be the one: then nothing is established.
        guard let fault = catalog.faults.first else { return 1 }
        throw fault
    }

    /// The identity came with the request; a path is only a name for it here.
    private func open(_ place: ResolvedRepository) throws -> (Repository, Identity) {
        guard let encoded = input.secrets["identity"], let bytes = Data(base64Encoded: encoded) else {
            throw Failure(
                exit: .wrongKey, code: "repository.missingKey", message: "no identity came with the request",
                hint: "name an identity for the repository in site.yaml or the environment")
        }
        let identity = try Identity.parse(SecretBytes(copying: Array(bytes)))
        let pin = place.pinnedID.flatMap { Digest(hex: $0) } ?? identity.pinnedRepository
        let repository = try Repository(opening: LocalStorage(root: FilePath(place.address)), pinned: pin)
        return (try repository.choosing(domain: nil, for: identity), identity)
    }

    func write(_ outputs: [String: Value]) throws {
        guard let path = RepositoryOptions.environment("DRCTL_OUTPUT") else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try DurableFile.replace(at: FilePath(path), with: Array(try encoder.encode(outputs)))
    }
}

extension ActionRunner {
    private func verify(
        _ place: ResolvedRepository, _ dataset: String, _ snapshot: String, _ level: VerifyAction.Level
    ) async throws -> Int32 {
        guard let depth = VerificationLevel(rawValue: level.rawValue) else {
            throw Failure(
                exit: .usage, code: "verify.level",
                message: "this drctl does not verify at level \(level.rawValue) yet",
                hint: "use stored or content")
        }
        let (repository, identity) = try open(place)
        let keys = try repository.unlock(identity)
        let found = try repository.snapshots(keys, ledger: try Ledger(reading: repository)).find(
            snapshot, dataset: dataset)
        let stopping = SignalWatch()
        let report = await BlockingThread.run {
            VerifyReport(
                repository.verify(
                    VerificationRequest(
                        level: depth, scope: VerificationScope(snapshots: [found.id]), keys: keys,
                        isCancelled: { stopping.isRequested })))
        }
        Output.note(report.text)
        try write([
            "snapshot": .string(found.id.hex), "level": .string(report.level), "verdict": .string(report.verdict),
            "packsRead": .integer(Int64(report.packsRead)), "bytesRead": .integer(Int64(report.bytesRead)),
        ])
        return conclude(report.conditions, because: "\(report.level): \(report.verdictText)")
    }

    private func resync(_ from: String, _ to: String) async throws -> Int32 {
        let stopping = SignalWatch()
        let result = ResyncCommand.Result(
            try await BlockingThread.run {
                try Resync().run(
                    ResyncRequest(source: FilePath(from), target: FilePath(to)), isCancelled: { stopping.isRequested })
            })
        for problem in result.problems { Output.note(problem) }
        Output.note(result.text)
        try write([
            "filesCopied": .integer(Int64(result.filesCopied)), "bytesCopied": .integer(result.bytesCopied),
            "filesDeleted": .integer(Int64(result.filesDeleted)),
            "filesCompared": .integer(Int64(result.filesCompared)),
            "sourceDigest": result.sourceDigest.map { .string($0) } ?? .null,
            "targetDigest": result.targetDigest.map { .string($0) } ?? .null,
            "treesEqual": result.treesEqual.map { .boolean($0) } ?? .null,
        ])
        return conclude(result.conditions, because: result.problems.first ?? result.text)
    }
}
