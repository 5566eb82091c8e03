import ArgumentParser
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import SystemPackage

struct Resolve: Command {
    static let configuration = CommandConfiguration(
        abstract: "Answer a step that is held, in doubt, or done by hand; end a wait.",
        usage: "drctl resolve [RUN] [STEP] --as retry|done|failed|skip --reason TEXT [options]",
        discussion: """
            retry   another attempt
            done    it is done; where the step has a probe, the probe is asked first
            failed  it failed
            skip    go on without it

            Example:  drctl resolve orders-20261122 fence --as done \\
                           --reason "switch port pulled, ticket 4711"
            """)

    @OptionGroup var selection: RunSelection
    @Argument(help: "The step; left out, the only one that waits for a person.")
    var step: String?
    @Option(help: "retry, done, failed or skip.")
    var `as`: Request.Resolution
    @Option(help: "Why; goes into the report.")
    var reason: String
    @Option(
        name: .customLong("input"),
        help: ArgumentHelp(
            "What the card asks to enter, or an output that the step declares.", valueName: "name=value"))
    var inputs: [String] = []
    @Option(help: ArgumentHelp("A ticket, a path, a link: what shows that it was done.", valueName: "text"))
    var evidence: [String] = []
    @Option(
        name: .customLong("evidence-file"),
        help: ArgumentHelp(
            "A file that shows it: kept with the run, its digest in the journal.", valueName: "file"))
    var evidenceFiles: [String] = []
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let view = try selection.select("resolve") {
            !$0.stuckSteps.isEmpty || (step != nil && !($0.waitingSteps + $0.doubtedSteps).isEmpty)
        }
        // Nobody means a wait that needs no answer without naming it.
        let open = view.stuckSteps + (step == nil ? [] : view.waitingSteps + view.doubtedSteps)
        let stuck = open.filter { step == nil || $0.rawValue == step }
        guard let id = stuck.first, stuck.count == 1 else {
            throw Failure(
                exit: .usage, code: "step.notStuck",
                message: stuck.isEmpty
                    ? "\(step.map { "step \($0) of run \(view.directory.id) does not wait" } ?? "no step of run \(view.directory.id) waits") for an answer"
                    : "\(stuck.count) steps wait for an answer",
                hint: stuck.isEmpty
                    ? "see `drctl status \(view.directory.id)`"
                    : "name one: " + stuck.map(\.rawValue).joined(separator: ", "))
        }
        let files = try evidenceFiles.map { try Self.read($0) }
        return try await Asking(view).leave(
            .resolve(
                step: id, as: `as`, reason: reason, inputs: try typedInputs(Self.types(of: id, in: view)),
                evidence: evidence), files: files,
            done: "resolved: \(id) as \(`as`.rawValue)")
    }

    private static func read(_ file: String) throws -> (name: String, bytes: [UInt8]) {
        let path = try Paths.absolute(file)
        return (
            path.lastComponent?.string ?? "", try DurableFile.read(at: path, limit: EvidenceFile.byteLimit)
        )
    }

    func validate() throws {
        if evidenceFiles.count > EvidenceFile.maximumCount {
            throw ValidationError("at most \(EvidenceFile.maximumCount) files: put more of them into an archive")
        }
    }

    /// What a card asks to enter; of a step without one, the outputs that it declares.
    private static func types(of id: StepID, in view: RunView) -> [String: OutputType] {
        if let card = view.state.steps[id]?.card { return card.inputs }
        return view.plan.allSteps.first { $0.id == id }?.outputs ?? [:]
    }

    private func typedInputs(_ types: [String: OutputType]) throws -> [String: Value] {
        var values: [String: Value] = [:]
        for pair in inputs {
            guard let equals = pair.firstIndex(of: "=") else {
                throw Failure(
                    exit: .usage, code: "usage", message: "--input \(pair) has no value",
                    hint: "write --input name=value")
            }
            let name = String(pair[..<equals])
            let text = String(pair[pair.index(after: equals)...])
            switch types[name] {
            case .integer:
                guard let number = Int64(text) else {
                    throw Failure(exit: .usage, code: "usage", message: "\(name) has to be an integer, not \(text)")
                }
                values[name] = .integer(number)
            case .boolean:
                guard let flag = Bool(text) else {
                    throw Failure(exit: .usage, code: "usage", message: "\(name) has to be true or false, not \(text)")
                }
                values[name] = .boolean(flag)
            case .string, nil: values[name] = .string(text)
            }
        }
        return values
    }
}

extension Request.Resolution: ExpressibleByArgument {}
