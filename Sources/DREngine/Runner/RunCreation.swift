import DRCrypto
package import DRJournal
package import DRMachine
import DRParallel
package import DRRunbook
import DRSystem
package import SystemPackage

/// Makes a run's directory: the frozen plan first, the files that it names, the folders, and event 1.
package struct RunCreation: Sendable {
    /// A larger `plan.json` is not read.
    package static let planByteLimit = 256 << 20

    /// What is not in the plan.
    package struct Options: Sendable {
        package var unattended: Bool
        package var planned: Bool?
        package var incident: String?
        package var initiatorUID: UInt32
        package var initiator: String
        /// 32 hexadecimal digits.
        package var seed: String

        package init(
            unattended: Bool, planned: Bool? = nil, incident: String? = nil, initiatorUID: UInt32, initiator: String,
            seed: String
        ) {
            self.unattended = unattended
            self.planned = planned
            self.incident = incident
            self.initiatorUID = initiatorUID
            self.initiator = initiator
            self.seed = seed
        }
    }

    private let plan: Plan
    private let planBytes: [UInt8]
    /// A planned file's bytes, by its path.
    private let file: @Sendable (String) -> [UInt8]?
    private let options: Options
    private let now: Moment

    /// A run of this plan, not made yet.
    /// - Parameter file: a planned file's bytes by its path; nil where it is not there.
    /// - Throws: when the plan cannot be written as JSON.
    package init(
        _ plan: Plan, options: Options, now: Moment, file: @escaping @Sendable (String) -> [UInt8]?
    ) throws(RunbookError) {
        self.plan = plan
        planBytes = try PlanCodec.encode(plan)
        self.options = options
        self.now = now
        self.file = file
    }

    /// Durable on return: a run is there whole, or not at all.
    /// - Throws: `alreadyExists`; `misuse` where a named file is no longer what was planned.
    package func make(_ id: String, in state: FilePath) throws(JournalError) -> RunDirectory {
        try RunDirectory.create(id, in: state) { (unfinished, final) throws(JournalError) in
            do throws(SystemError) {
                try DurableFile.create(
                    at: unfinished.plan, with: planBytes, mode: RunDirectory.Audience.ofThisHost.fileMode)
            } catch {
                throw JournalError(error, while: "could not write the plan")
            }
            for planned in plan.files { try Self.copy(planned, to: unfinished.files, from: file) }
            let created = RunCreated(
                semantics: RunMachine.semantics, run: id, plan: PlanCodec.digest(planBytes), mode: plan.mode,
                runbook: plan.runbook.name, seed: options.seed, initiatorUID: options.initiatorUID,
                initiator: options.initiator, unattended: options.unattended, planned: options.planned,
                incident: options.incident, workDirectory: final.work.string, filesDirectory: final.files.string)
            var batch = JournalBatch(after: 0)
            var state = RunState(plan: plan)
            let events: [JournaledEvent]
            do throws(MachineError) {
                events = try RunMachine.advance(&state, .createRun(created), now: now)
            } catch {
                throw JournalError(.misuse, error.message)
            }
            _ = try batch.add(events)
            try JournalWriter.create(
                at: unfinished.journal, mode: RunDirectory.Audience.ofThisHost.fileMode, first: batch)
        }
    }

    /// Copies what a plan names, read-only.
    static func copy(
        _ planned: PlannedFile, to folder: FilePath, from file: (String) -> [UInt8]?
    ) throws(JournalError) {
        guard let bytes = file(planned.path), Digest.of(bytes) == planned.sha256 else {
            throw JournalError(
                .misuse, "\(displayEscaped(planned.path)) changed while the run was made", hint: "start it again")
        }
        let path = folder.appending(planned.path)
        do throws(SystemError) {
            try DurableFile.makeDirectory(at: path.removingLastComponent(), mode: 0o700)
            try DurableFile.create(at: path, with: bytes, mode: planned.isExecutable ? 0o500 : 0o400)
        } catch {
            throw JournalError(error, while: "could not copy \(displayEscaped(planned.path))")
        }
    }

    /// Compares the copied files, which steps run, with the digests in the plan in force.
    /// - Throws: `notAuthentic` for the first one that is another, or gone.
    static func checkFiles(of state: RunState, in run: RunDirectory) throws(JournalError) {
        // The run's directory may lie elsewhere by now.
        let name = state.created.flatMap { FilePath($0.filesDirectory).lastComponent?.string } ?? "files"
        let folder = name == "files" ? run.files : run.files.appending(name)
        for planned in state.plan.files {
            let path = folder.appending(planned.path)
            let digest: Digest?
            do throws(SystemError) {
                digest =
                    try FileStatus.ifPresent(at: path) == nil
                    ? nil : Digest.of(DurableFile.read(at: path, limit: planByteLimit))
            } catch {
                throw JournalError(error, while: "could not read a file of the plan")
            }
            guard digest == planned.sha256 else {
                throw JournalError(
                    .notAuthentic,
                    "\(displayEscaped(path.string)) \(digest == nil ? "is gone" : "is not the file that was planned")",
                    hint: "put the copy back that the plan names (SHA-256 \(planned.sha256)), then run `drctl resume`")
            }
        }
    }

    /// The plan of a run, checked against event 1.
    /// - Throws: `notAuthentic` where `plan.json` is not the one that the journal names.
    package static func plan(_ bytes: [UInt8], of contents: JournalContents) throws -> Plan {
        try checkPlan(bytes, of: contents)
        return try PlanCodec.decode(bytes)
    }

    /// A run's plan, checked against event 1, and its journal: read side by side, for both may be large.
    /// - Throws: what `JournalReader.read` and `plan` throw.
    package static func read(_ directory: RunDirectory, anchors: [JournalHead]) throws -> (Plan, JournalContents) {
        let (read, journal) = Parallel.both(
            {
                Result {
                    let bytes = try DurableFile.read(at: directory.plan, limit: planByteLimit)
                    return (bytes: bytes, plan: Result { try PlanCodec.decode(bytes) })
                }
            },
            { Result { try JournalReader.read(at: directory.journal, anchors: anchors) } })
        let contents = try journal.get()
        // What is not the plan that was committed need not be a plan at all.
        try checkPlan(try read.get().bytes, of: contents)
        return (try read.get().plan.get(), contents)
    }

    /// - Throws: `notAuthentic` where these bytes are not the plan that event 1 names.
    static func checkPlan(_ bytes: [UInt8], of contents: JournalContents) throws {
        guard let created = contents.created, created.plan == PlanCodec.digest(bytes) else {
            throw JournalError(
                .notAuthentic, "plan.json is not the plan that the journal's first event names",
                hint: "keep the run's directory as it is, and compare it with a copy made earlier", events: 1...1)
        }
    }
}
