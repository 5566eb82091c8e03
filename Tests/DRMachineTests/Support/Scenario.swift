import DRCrypto
import DRMachine
import DRRunbook

/// A text of plan lines, `---`, and inputs (`> …`), each followed by what has to come out of it:
/// events, and a line `=> …` of what is outstanding then.
///
/// Inputs: `create`, `runner`, `adopt`, `connect PLACE [GENERATION] [ATTEMPT:REPORT…]`, `lost PLACE GENERATION`,
/// `finished PLACE GENERATION`,
/// `lacking PLACE`, `isolated GENERATION VERDICT`, `open` (all of these, silently), `starting|started|gone ATTEMPT`,
/// `ended ATTEMPT RESULT [NAME=VALUE…]`, `wait SECONDS` (a tick), `pass SECONDS` (no input), `reboot`,
/// `approve|reject|acknowledge STEP uid=N …`, `resolve STEP RESOLUTION uid=N …`, `cancel`, `undo`, `commit`, `interrupt`, `pause`, `proceed`,
/// `mark CLOCK SERVICE SECONDS`, `note TEXT`, `settle STEP`, `close`, `show`.
struct Scenario {
    private var plan = ScenarioPlan()
    /// What `adopt` has the run go on by: lines of a plan after `other`.
    private var other = ScenarioPlan()
    private(set) var state: RunState?
    private(set) var journal: [JournaledEvent] = []
    private let start = Moment(wall: 1_800_000_000_000_000_000, boot: 1_000_000_000_000, bootID: "boot-1")
    private var now: Moment
    private var epoch = 0
    private var requests = 0
    private var boots = 1
    private var staleCards: [StepID: Digest] = [:]

    init() { now = start }

    /// The text with what really came out in place of what was expected.
    static func replay(_ text: String) throws -> String {
        var scenario = Scenario()
        var lines: [String] = []
        var isPlan = true
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            let words = line.split(separator: " ").map(String.init)
            if line == "---" {
                isPlan = false
                lines.append(line)
            } else if words.isEmpty || line.hasPrefix("#") {
                lines.append(line)
            } else if isPlan {
                if words[0] == "other" {
                    try scenario.other.take(Array(words.dropFirst()))
                } else {
                    try scenario.plan.take(words)
                }
                lines.append(line)
            } else if line.hasPrefix("> ") {
                lines.append(line)
                lines += try scenario.perform(Array(words.dropFirst()))
            }
        }
        return lines.joined(separator: "\n")
    }

    private mutating func perform(_ words: [String]) throws -> [String] {
        if words[0] == "open" {
            var lines: [String] = []
            for input in ["create", "runner", "connect outside"] { lines += try perform(input.words) }
            if plan.plan.mode == .drill {
                for input in ["connect inside", "isolated 1 demonstrated"] { lines += try perform(input.words) }
            }
            let setUp = ["  run", "  superv", "  isolat", "  clockMarked started", "  =>"]
            return lines.filter { line in !setUp.contains { line.hasPrefix($0) } } + outstanding
        }
        if words[0] == "pass" {
            try pass(words)
            return []
        }
        if words[0] == "show" { return show() }
        let before = journal.count
        if words[0] == "wait" { try pass(words) }
        if words[0] == "reboot" {
            boots += 1
            now = Moment(wall: now.wall + 60_000_000_000, boot: 5_000_000_000, bootID: "boot-\(boots)")
            return []
        }
        do {
            try feed(try input(words))
        } catch let error as MachineError where error.code == .adoptionRefused {
            return ["  refused: \(error.message)"]
        }
        return journal[before...].map { "  " + Brief.text($0.event, from: start) } + outstanding
    }

    private mutating func pass(_ words: [String]) throws {
        guard let seconds = Double(words[1]) else { throw ScenarioError("\(words[1]) is no number of seconds") }
        now = now.advanced(by: .milliseconds(Int64(seconds * 1000)))
    }

    private mutating func feed(_ input: Input) throws {
        var current = state ?? RunState(plan: plan.plan)
        let before = current
        let decided = try RunMachine.decide(before, input, now: now)
        let events = try RunMachine.advance(&current, input, now: now)
        // The same events, applied one by one to the state before, give the same state.
        var replayed = before
        for event in events { try RunMachine.apply(&replayed, event) }
        guard replayed == current, decided == events.map(\.event) else {
            throw ScenarioError("deciding and applying differ after \(input)")
        }
        state = current
        journal += events
        for event in events {
            if case .cardShown(let card) = event.event { staleCards[card.step] = staleCards[card.step] ?? card.digest }
        }
    }

    private var outstanding: [String] {
        guard let state else { return [] }
        let actions = RunMachine.outstanding(state).map { Brief.text($0, from: start) }
        return actions.isEmpty ? [] : ["  => " + actions.joined(separator: ", ")]
    }

    private func show() -> [String] {
        guard let state else { return [] }
        let steps = (plan.plan.steps + plan.plan.cleanup).map { step in
            "  \(step.id) \(state.steps[step.id]?.phase.words ?? "?")"
        }
        return ["  \(state.status.words)"] + steps
    }

    private mutating func input(_ words: [String]) throws -> Input {
        switch words[0] {
        case "create":
            return .createRun(plan.created)
        case "runner":
            epoch += 1
            return .runnerStarted(
                RunnerIdentity(epoch: epoch, host: "h", pid: 7, bootID: now.bootID, version: "test"))
        case "adopt":
            let bytes = try PlanCodec.encode(other.plan)
            return .adoptPlan(
                PlanAdoption(
                    digest: PlanCodec.digest(bytes), text: String(decoding: bytes, as: UTF8.self),
                    filesDirectory: "/f-2", uid: 1000, reason: "it was wrong"))
        case "connect":
            let generation = words.count > 2 ? Int(words[2]) : nil
            return .supervisorConnected(
                SupervisorIdentity(
                    place: try parse(words[1]), pid: 9, startTicks: 1, bootID: now.bootID, generation: generation ?? 1),
                attempts: try words.dropFirst(generation == nil ? 2 : 3).map(report))
        case "finished": return .supervisorGone(try parse(words[1]), generation: Int(words[2]) ?? 0)
        case "lost": return .supervisorLost(try parse(words[1]), generation: Int(words[2]) ?? 0)
        case "lacking": return .placeUnavailable(try parse(words[1]), reason: "no namespaces here")
        case "isolated":
            return .isolationChecked(
                IsolationReport(generation: Int(words[1]) ?? 0, verdict: try parse(words[2]), probes: []))
        case "starting", "started", "gone": return .attemptReported(try report("\(words[1]):\(words[0])"))
        case "ended":
            return .attemptReported(
                AttemptReport(
                    attempt: try attempt(words[1]),
                    phase: .ended(nil, try end(words[2], Options(Array(words.dropFirst(3)))))))
        case "wait": return .tick
        case "interrupt": return .cancel(reason: "Ctrl-C")
        default: return .request(try request(words))
        }
    }

    private func attempt(_ text: String) throws -> AttemptID {
        guard let attempt = AttemptID(text) else { throw ScenarioError("\(text) is no attempt") }
        return attempt
    }

    private func report(_ text: String) throws -> AttemptReport {
        let parts = text.split(separator: ":").map(String.init)
        let start = AttemptStart(at: now, pid: 10, startTicks: 2, executable: "/bin/x")
        let phase: AttemptReport.Phase =
            switch parts[1] {
            case "starting": .starting(at: now)
            case "started": .started(start)
            case "gone": .lost(start, at: now)
            case "unstarted": .lost(nil, at: now)
            default: .ended(start, try end(parts[1], Options([])))
            }
        return AttemptReport(attempt: try attempt(parts[0]), phase: phase)
    }

    private func end(_ result: String, _ options: Options) throws -> AttemptEnd {
        var outputs: [String: Value] = [:]
        for (name, text) in options.values {
            outputs[name] = Int64(text).map(Value.integer) ?? Bool(text).map(Value.boolean) ?? .string(text)
        }
        let kind: AttemptEnd.Result =
            switch result {
            case "timedOut": .timedOut
            case "stopped": .stopped
            case "couldNotStart": .couldNotStart("no such file")
            case "badOutput": .badOutput("not JSON")
            case "killed": .signalled(9)
            default: .exited(Int32(result) ?? 255)
            }
        return AttemptEnd(at: now, result: kind, outputs: outputs, survivors: [])
    }

    private mutating func request(_ words: [String]) throws -> AcceptedRequest {
        let options = Options(Array(words.dropFirst()))
        requests += 1
        let id = options["id"] ?? "q\(requests)"
        let uid = UInt32(try options.integer("uid") ?? 1000)
        var request = Request(id: id, run: options["run"] ?? "r1", uid: uid, ask: try ask(words, options))
        // What was signed is an approval, whatever it is left with.
        if let signer = options["signer"], let card = state?.steps[StepID(words[1])]?.card, let created = state?.created
        {
            var statement = ApprovalStatement(
                id: id, run: created.run, plan: created.plan, card: card, comment: options["comment"])
            if options.has("otherPlan") { statement.plan = testDigest("ff") }
            if options.has("otherWords") { statement.comment = "something else" }
            request.signed = SignedStatement(statement: try statement.encoded(), signature: "armoured")
            return AcceptedRequest(
                request: request, ownerUID: uid, bytes: "{}", signer: signer == "nobody" ? nil : signer)
        }
        return AcceptedRequest(
            request: request, ownerUID: UInt32(try options.integer("owner") ?? Int(uid)), bytes: "{}")
    }

    private func ask(_ words: [String], _ options: Options) throws -> Request.Ask {
        let step = StepID(words.count > 1 ? words[1] : "")
        let reason = options["reason"] ?? "because"
        let card = (options.has("stale") ? staleCards[step] : state?.steps[step]?.card?.digest) ?? testDigest("ff")
        switch words[0] {
        case "approve":
            return .approve(
                step: step, card: card, comment: options["comment"], breakGlass: options.has("breakGlass"))
        case "reject": return .reject(step: step, card: card, reason: reason)
        case "acknowledge": return .acknowledge(step: step, card: card)
        case "resolve":
            var inputs: [String: Value] = [:]
            for name in (options["inputs"] ?? "").split(separator: ",") {
                let parts = name.split(separator: ":").map(String.init)
                inputs[parts[0]] = Int64(parts[1]).map(Value.integer) ?? .string(parts[1])
            }
            return .resolve(
                step: step, as: try parse(words[2]), reason: reason, inputs: inputs,
                evidence: options["evidence"].map { [$0] } ?? [])
        case "cancel": return .cancel(reason: reason)
        case "undo": return .undo(reason: reason)
        case "commit": return .commit(reason: reason)
        case "pause": return .pause(reason: reason)
        case "proceed":
            let confirmed = options["confirmed"]?.split(separator: ",").map { StepID(String($0)) }
            return .proceed(reason: reason, confirmed: confirmed)
        case "mark":
            return .mark(
                clock: try parse(words[1]), service: words[2],
                at: start.wall + (Int64(words[3]) ?? 0) * 1_000_000_000, basis: "pager")
        case "note": return .note(text: words.dropFirst().joined(separator: " "))
        case "settle": return .settleCleanup(step: step, reason: reason)
        case "close": return .close(reason: reason)
        default: throw ScenarioError("\(words[0]) is no input")
        }
    }
}

extension String {
    fileprivate var words: [String] { split(separator: " ").map(String.init) }
}
