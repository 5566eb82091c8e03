import DRCrypto
import DRMachine
import DRRunbook

/// Why a scenario's text could not be read.
struct ScenarioError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// The plan of a scenario, from lines such as
///
///     plan drill width=2 unattended
///     person ada 1000 commander,operator
///     service orders rto=600
///     step build run needs=a,b(skipped) effect=idempotent retry=3 initial=1 within=60 onFailure=abort
///     step go approve roles=commander quorum=2 notInitiator within=30
///     step serve run background until=break onLoss=restart
///     group restores 2
///     rollback build run effect=idempotent
///     cleanup sweep run effect=idempotent
struct ScenarioPlan {
    var plan = Plan(
        runbook: RunbookIdentity(name: "test", title: "Test", owner: "nobody", digest: testDigest("01")),
        purpose: .rehearsal, mode: .drill, environment: "test")
    var unattended = false

    init() {}

    init(_ lines: [String]) throws {
        for line in lines { try take(line.split(separator: " ").map(String.init)) }
    }

    /// How a run of the plan begins.
    var created: RunCreated {
        RunCreated(
            semantics: RunMachine.semantics, run: "r1", plan: testDigest("aa"), mode: plan.mode, runbook: "test",
            seed: "000102030405060708090a0b0c0d0e0f", initiatorUID: 1000, initiator: "ada", unattended: unattended,
            workDirectory: "/w", filesDirectory: "/f")
    }

    mutating func take(_ words: [String]) throws {
        let options = Options(Array(words.dropFirst(2)))
        switch words[0] {
        case "plan":
            plan.mode = words[1] == "real" ? .real : .drill
            plan.width = try options.integer("width") ?? 8
            unattended = options.has("unattended")
            plan.rollback = try options["rollback"].map(parse) ?? .ask
            if plan.mode == .drill {
                plan.isolation = PlannedIsolation(
                    mustNotReach: [], whenNotDemonstrated: options.has("goOn") ? .continue : .refuse,
                    doneWithout: options["without"])
            }
        case "person":
            plan.people.append(
                PlannedPerson(
                    name: words[1], user: words[1], uid: UInt32(words[2]),
                    roles: words.count > 3 ? words[3].split(separator: ",").map(String.init) : []))
        case "service":
            plan.services.append(
                PlannedService(
                    name: words[1], tier: 1, owner: "nobody",
                    recoveryTimeObjective: try options.integer("rto").map { .seconds(Int64($0)) },
                    recoveryPointObjective: try options.integer("rpo").map { .seconds(Int64($0)) },
                    from: .disrupted, to: .proven))
        case "file":
            plan.files.append(
                PlannedFile(path: words[1], sha256: testDigest("02"), sizeBytes: 1, isExecutable: true))
        case "repository": plan.repositories[words[1]] = PlannedRepository(address: Template("/w/\(words[1])"))
        case "step": plan.steps.append(try step(words, Options(Array(words.dropFirst(3)))))
        case "dependency":
            plan.concurrency["uses \(words[1])"] = 1
            plan.dependencies[words[1]] = PlannedDependency(
                values: ["at": options["at"] ?? "here"], alternate: options["alternate"].map { ["at": $0] })
        case "group": plan.concurrency[words[1]] = Int(words[2])
        case "rollback":
            var step = try step(
                ["rollback", "\(words[1]).rollback"] + words.dropFirst(2), Options(Array(words.dropFirst(3))))
            step.undoes = StepID(words[1])
            plan.rollbacks.append(step)
        case "cleanup": plan.cleanup.append(try step(words, Options(Array(words.dropFirst(3)))))
        default: throw ScenarioError("a plan has no \(words[0])")
        }
    }

    private func step(_ words: [String], _ options: Options) throws -> PlannedStep {
        let id = StepID(words[1])
        let within = try options.integer("within").map { TimeSpan.seconds(Int64($0)) }
        var step = PlannedStep(
            id: id, title: words[1], action: try action(words[2], id, options, within: within),
            digest: Digest.of(words.joined(separator: " ")))
        step.effect = try options["effect"].map(parse) ?? .unsafe
        step.place = try options["place"].map(parse) ?? (plan.mode == .drill ? .inside : .outside)
        step.needs = try (options["needs"] ?? "").split(separator: ",").map(need)
        if ["manual", "approve"].contains(words[2]) == false { step.within = within }
        step.timeout = try options.integer("timeout").map { .seconds(Int64($0)) }
        step.condition = try options["when"].map { try Expression(source: $0) }
        step.retry = RetryPolicy(
            attempts: try options.integer("retry") ?? 1, initial: .seconds(Int64(try options.integer("initial") ?? 1)),
            factorThousandths: 2000, maximum: .seconds(60), jitter: options.has("jitter") ? .full : .none,
            exitCodes: options["codes"].map { $0.split(separator: ",").compactMap { Int32($0) } })
        step.onFailure =
            switch options["onFailure"] {
            case "abort": .abort
            case "continue": .continue
            case "manual":
                .manual(ManualCard(instructions: Template("Do \(id) by hand"), owner: "ops", within: .seconds(600)))
            default: .hold(unattended: .seconds(Int64(try options.integer("hold") ?? 600)))
            }
        if options.has("probe") { step.probe = .run(.argv([Template("probe")])) }
        if options.has("background") {
            step.background = BackgroundPolicy(
                ready: .tcp(Template("127.0.0.1:80")), until: options["until"].map(StepID.init(_:)),
                onLoss: options["onLoss"] == "restart" ? .restart : .hold)
        }
        for mark in (options["marks"] ?? "").split(separator: ",") {
            let parts = mark.split(separator: ":")
            step.marks.append(PlannedMark(clock: try parse(String(parts[0])), service: String(parts[1])))
        }
        if let loss = options["loss"] {
            let parts = loss.split(separator: ":")
            step.measures = PlannedMeasure(loss: try parse(String(parts[0])), service: String(parts[1]))
        }
        for output in (options["outputs"] ?? "").split(separator: ",") { step.outputs[String(output)] = .integer }
        step.concurrency = options["group"]
        if let dependency = options["gate"] {
            step.gate = PlannedGate(dependency: dependency, freshFor: .seconds(10), retryAfter: .seconds(30))
            step.concurrency = "uses \(dependency)"
        }
        if let tells = options["tells"]?.split(separator: ":"), tells.count == 2 {
            step.escalation = PlannedEscalation(
                of: StepID(String(tells[0])), after: .seconds(Int64(tells[1]) ?? 0))
        }
        step.skipInDrill = options["skipInDrill"]
        return step
    }

    private func action(
        _ kind: String, _ id: StepID, _ options: Options, within: TimeSpan?
    ) throws -> StepAction {
        switch kind {
        case "run":
            let words = (options["argv"] ?? "do,\(id)").split(separator: ",")
            return .run(.argv(try words.map { try template(String($0)) }))
        case "wait": return .wait(WaitAction(check: .tcp(Template("127.0.0.1:80")), holds: .seconds(5)))
        case "delay": return .delay(.seconds(Int64(try options.integer("for") ?? 10)))
        case "notify":
            let channel = PlannedChannel(name: "ops", run: ["tell"])
            return .notify(
                NotifyAction(
                    text: try template(options["text"] ?? "so far"), channel: options.has("channel") ? channel : nil))
        case "stop": return .stop(StepID(options["service"] ?? ""))
        case "backup":
            return .backup(BackupAction(repository: "main", dataset: Template("d"), paths: [Template("/p")]))
        case "resync": return .resync(ResyncAction(from: Template("/a"), to: Template("/b"), service: "orders"))
        case "manual":
            var inputs: [String: OutputType] = [:]
            for name in (options["inputs"] ?? "").split(separator: ",") { inputs[String(name)] = .string }
            return .manual(
                ManualCard(
                    instructions: try template(options["text"] ?? "Do \(id)"), owner: "ops", within: within,
                    inputs: inputs, evidenceRequired: options.has("evidence")))
        case "approve":
            var card = ApprovalCard(
                message: try template(options["text"] ?? "Go on with \(id)?"),
                roles: (options["roles"] ?? "").split(separator: ",").map(String.init),
                quorum: try options.integer("quorum") ?? 1, notInitiator: options.has("notInitiator"),
                within: within)
            if options.has("signed") { card.signed = true }
            return .approve(card)
        default: throw ScenarioError("a step cannot be \(kind)")
        }
    }

    private func need(_ text: Substring) throws -> Need {
        guard let open = text.firstIndex(of: "(") else { return Need(step: StepID(String(text))) }
        let accepted = text[text.index(after: open)...].dropLast().split(separator: "+")
        return Need(step: StepID(String(text[..<open])), accept: try accepted.map { try parse(String($0)) })
    }

    /// `{name}` is an expression.
    private func template(_ text: String) throws -> Template {
        guard text.hasPrefix("{") else { return Template(text) }
        return Template(parts: [.expression(try Expression(source: String(text.dropFirst().dropLast())))])
    }
}

/// `name=value` and bare words.
struct Options {
    var values: [String: String] = [:]

    init(_ words: [String]) {
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1)
            values[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
    }

    subscript(name: String) -> String? { values[name] }
    func has(_ name: String) -> Bool { values[name] != nil }

    func integer(_ name: String) throws -> Int? {
        guard let text = values[name] else { return nil }
        guard let number = Int(text) else { throw ScenarioError("\(name)=\(text) is no number") }
        return number
    }
}

func parse<Kind: RawRepresentable>(_ text: String) throws -> Kind where Kind.RawValue == String {
    guard let value = Kind(rawValue: text) else { throw ScenarioError("\(text) is no \(Kind.self)") }
    return value
}
