import ArgumentParser
import DRCrypto
import DRRepository
import DRRunbook
import DRSystem
import SystemPackage

struct Verify: Command {
    static let configuration = CommandConfiguration(
        abstract: "Prove that what is stored is what was written.",
        usage: "drctl verify [--level LEVEL] [--repo DIR] [--identity FILE] [options]",
        discussion: """
            structure  every pack is there and every snapshot leads to all its objects; needs the list key
            stored     presence, length and SHA-256 of every pack; needs no key, names files with a reader's identity
            content    also decrypts and decompresses every object, and follows every snapshot's links
            rehearse   restores a snapshot to a scratch folder, compares all of it, and runs --probe there without network

            Where a verifier's identity is given, what was read is recorded in its log, and counts as coverage.

            Exits 21 on damage, 22 where something is not authentic, 30 where it could not be established, 4 where \
            the newest backup is older than --max-age, a byte was not read within --policy, or a probe does not hold.

            Example:  drctl verify --repo /srv/backup --identity verifier.key --budget 2h --policy reread=30d
                      drctl verify --repo /srv/backup --level content --identity mine.txt --record-as verifier.key \\
                          --max-age 25h --metrics /var/lib/node_exporter/drctl.prom
                      drctl verify --repo /srv/backup --level rehearse --dataset orders --identity mine.txt \\
                          --probe 'sqlite3 orders.db "pragma integrity_check" | grep -qx ok'
            """)

    enum Level: String, ExpressibleByArgument, CaseIterable {
        case structure, stored, content, rehearse

        /// What the repository itself is asked: before a snapshot is restored, whether all of it is there.
        var depth: VerificationLevel { VerificationLevel(rawValue: rawValue) ?? .structure }
    }

    @Option(help: "structure, stored, content or rehearse.")
    var level: Level = .stored
    @OptionGroup var verification: VerificationOptions
    @OptionGroup var rehearsal: RehearsalOptions
    @OptionGroup var freshness: FreshnessOptions
    @OptionGroup var monitoring: MonitoringOptions
    @OptionGroup var progress: ProgressOptions
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if level != .rehearse, rehearsal.isGiven { throw ValidationError("--probe goes with --level rehearse.") }
        if level == .rehearse, verification.budget != nil {
            throw ValidationError("a rehearsal restores whole snapshots: --budget does not go with it.")
        }
    }

    func perform() async throws -> Outcome {
        try await monitoring.watching("verify", samples: { ($0.result as? VerifyReport)?.samples ?? [] }, verify)
    }

    private func verify() async throws -> Outcome {
        let time = try SystemTimeSource()
        let identity = try options.identityIfGiven()
        let needsIdentity = freshness.maxAge != nil || level == .content || level == .rehearse
        if needsIdentity, identity == nil { _ = try options.requiredIdentity() }
        let repository = try options.open(identity)
        let recorder = try verification.recorder(identity)
        if let evidence = verification.evidence {
            _ = try Paths.replaceable(evidence, for: "--evidence")
            try VerificationEvidence.check(recorder, canSignFor: repository)
        }
        if verification.recordAs != nil, let recorder, !repository.isVerifier(recorder) {
            throw Failure(
                exit: .wrongKey, code: "verify.noVerifier", message: "what --record-as verifies would not count",
                hint: "give the identity of a host that was enrolled with --role verifier")
        }
        let stopping = SignalWatch()
        let keys = try await BlockingThread.run { try identity.flatMap { try repository.unlockIfKeyed($0) } }
        if freshness.maxAge != nil, keys == nil {
            throw Failure(
                exit: .wrongKey, code: "repository.missingKey",
                message: "how old the newest snapshots are is known only with the list key",
                hint: "give the identity of a lister, a writer or a reader; --record-as takes the verifier's")
        }
        let scope = try scope(repository, keys, now: time.wallNanoseconds())
        let seen = options.anchorFile(of: repository)
        let reads = readsFile(of: repository, recorder)
        let request = VerificationRequest(
            level: level.depth, scope: scope, keys: keys,
            anchors: try [verification.anchorFile, seen].compactMap { try $0?.read() },
            series: VerificationSeries(
                time: time, budget: verification.budget?.limit,
                rereadNanoseconds: verification.policy?.reread.nanoseconds,
                // A rehearsal has an entry of its own.
                recorder: level == .rehearse ? nil : recorder.flatMap { repository.isVerifier($0) ? $0 : nil },
                unrecorded: reads?.read() ?? []),
            isCancelled: { stopping.isRequested })
        let found = await run(request, repository)
        try keep(found, in: [try verification.anchorFile, seen].compactMap { $0 }, reads)
        // A snapshot that is known to be hurt is no backup, however new it is.
        let counted = found.snapshots.filter { if case .doesNotHold = $0.verdict { false } else { true } }
        let rows = keys == nil ? [] : try freshness.rows(counted.map(\.snapshot), dataset: scope.dataset)
        var report = VerifyReport(found, freshness: rows, reread: verification.policy?.reread)
        var rehearsed: RehearsalJob.Result?
        if level == .rehearse, let identity, keys != nil, found.findings.isEmpty {
            report.level = level.rawValue
            let result = try await RehearsalJob(
                repository: repository, identity: identity, recorder: recorder, options: rehearsal, scope: scope,
                time: time
            ).run(stopping, ProgressMeter(what: "rehearse", progress))
            report.add(result)
            rehearsed = result
        }
        try writeEvidence(found, scope, rehearsed, repository, recorder)
        let stale = found.isJudged ? freshness.conditions(rows) : []
        let conditions = report.conditions + stale + (stopping.exit.map { [$0] } ?? [])
        let text = ([report.text] + (found.isJudged ? freshness.lines(rows) : [])).joined(separator: "\n")
        return .verification(conditions, text: text, result: report)
    }

    private func scope(_ repository: Repository, _ keys: RepositoryKeys?, now: Int64) throws -> VerificationScope {
        var scope = try verification.scope(
            {
                guard let keys else {
                    throw Failure(
                        exit: .wrongKey, code: "repository.missingKey",
                        message: "which snapshots there are is known only with the list key",
                        hint: "give the identity of a lister, a writer or a reader")
                }
                return repository.snapshots(keys, ledger: try Ledger(reading: repository))
            }, now: now)
        // Of a rehearsal, the newest is what would be restored.
        if level == .rehearse, scope.snapshots.isEmpty, let keys {
            let catalog = repository.snapshots(keys, ledger: try Ledger(reading: repository))
            let datasets = verification.all ? catalog.datasets.map { Optional($0) } : [scope.dataset]
            scope.snapshots = Set(try datasets.map { try catalog.latest($0).id })
        }
        return scope
    }

    private func run(_ request: VerificationRequest, _ repository: Repository) async -> Verification {
        let meter = ProgressMeter(what: "verify", progress)
        defer { meter.end() }
        var request = request
        request.progress = { read, total in meter.show(files: nil, bytes: Int64(read), ofBytes: Int64(total)) }
        return await BlockingThread.run { [request] in repository.verify(request) }
    }

    /// Where this host remembers what it read, where no verifier's log does.
    private func readsFile(of repository: Repository, _ recorder: Identity?) -> ReadRecordFile? {
        if let recorder, repository.isVerifier(recorder) { return nil }
        return (try? options.stateFolder(of: repository)).map { ReadRecordFile(at: $0.appending("reads.json")) }
    }

    private func keep(_ found: Verification, in seen: [AnchorFile], _ reads: ReadRecordFile?) throws {
        if let now = found.anchor, found.history.mayBeKept {
            for file in seen { options.keep(now, in: file) }
        }
        guard let reads, let read = found.read, !read.packs.isEmpty else { return }
        do { try reads.add(read) } catch { Output.note("drctl: \(Failure(error).message)") }
    }

    private func writeEvidence(
        _ found: Verification, _ scope: VerificationScope, _ rehearsed: RehearsalJob.Result?,
        _ repository: Repository, _ recorder: Identity?
    ) throws {
        guard let file = verification.evidence, let recorder else { return }
        guard
            let statement = VerificationStatement(
                found, of: repository, scope: scope,
                rehearsals: rehearsed.map { ($0.rehearsals, $0.verdict, $0.record, $0.endedNanoseconds) })
        else { return }
        let bytes = try VerificationEvidence.sealed(statement, of: repository, by: recorder)
        try DurableFile.replace(at: try Paths.absolute(file), with: bytes)
    }
}

extension Verdict {
    /// Whether what was found may become what the next look is compared with.
    fileprivate var mayBeKept: Bool {
        if case .doesNotHold = self { false } else { true }
    }
}
