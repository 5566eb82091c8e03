extension StepDefinition {
    /// - Returns: nil where not even the id could be read.
    static func decode(_ node: SourceNode, isCleanup: Bool = false) -> StepDefinition? {
        guard let plain = decodeVariant(node, isCleanup: isCleanup) else { return nil }
        var step = plain
        if let inDrill = node["inDrill"] {
            if let reason = inDrill["skip"]?.scalar?.text {
                step.inDrill = .skip(reason: reason)
            } else if let other = decodeVariant(node.overlaid(by: inDrill), isCleanup: false) {
                step.inDrill = .instead(other)
            }
        }
        return step
    }

    private static func decodeVariant(_ node: SourceNode, isCleanup: Bool) -> StepDefinition? {
        guard let id = node["id"]?.scalar?.text, SourceName.isValid(id) else { return nil }
        var step = definition(node, id: StepID(id), place: node["id"]?.place ?? node.place, isCleanup: isCleanup)
        var reader = NodeReader()
        step.foreach = reader.placed(node["foreach"]) { $0.foreach($1) }
        step.expressions += reader.expressions
        if let written = node["rollback"] {
            var undoing = definition(
                written, id: StepID("\(id).rollback"), place: written.place, isCleanup: false)
            undoing.title = undoing.title ?? "undone: \(step.title ?? id)"
            undoing.undoes = step.id
            undoing.foreach = step.foreach
            step.rollback = [undoing]
        }
        return step
    }

    private static func definition(
        _ node: SourceNode, id: StepID, place: SourcePlace, isCleanup: Bool
    ) -> StepDefinition {
        var reader = NodeReader()
        let action = reader.action(of: node, title: node["title"]?.scalar?.text ?? id.rawValue)
        let location = node["place"]
        var step = StepDefinition(
            id: id, place: place, title: reader.text(node["title"]), action: action,
            needs: (node["needs"]?.elements ?? []).compactMap { reader.need($0) },
            condition: reader.condition(node["when"]), effect: reader.placed(node["effect"]) { $0.choice($1) },
            location: location.flatMap { written in
                let place: Place? = written.entries == nil ? reader.choice(written) : .outside
                return place.map { Placed($0, at: written.place) }
            },
            locationReason: reader.text(location?["outside"]),
            timeout: reader.placedDuration(node["timeout"]) ?? reader.placedDuration(node["wait"]?["within"]),
            within: reader.placedDuration(node["within"]), limits: reader.placed(node["limits"]) { $0.limits($1) },
            retry: reader.placed(node["retry"]) { $0.retry($1) },
            onFailure: reader.onFailure(node["onFailure"]), probe: reader.placed(node["probe"]) { $0.check($1) },
            env: [:], outputs: reader.outputTypes(node["outputs"]),
            marks: reader.elements(node["marks"]).compactMap { mark in reader.placed(mark) { $0.mark($1) } },
            measures: reader.placed(node["measures"]) { $0.measure($1) },
            background: reader.placed(node["background"]) { $0.background($1) }, expressions: [], words: [],
            repository: action.flatMap { reader.placedText(node[$0.value.kind.rawValue]?["repository"]) },
            isCleanup: isCleanup)
        step.channel = reader.placedText(node["notify"]?["channel"])
        step.concurrency = reader.placedText(node["concurrency"])
        step.uses = (node["uses"]?.elements ?? []).compactMap { reader.placedText($0) }
        step.call = reader.call(node["runbook"])
        for entry in node["env"]?.entries ?? [] {
            step.env[entry.key.value] = reader.placed(entry.value) { $0.variable($1) }
        }
        step.expressions = reader.expressions
        step.words = reader.words
        step.secrets = reader.secrets
        step.escalationChannels = reader.channels
        return step
    }
}

extension SourceNode {
    /// The mapping with another one's entries in place of its own; another kind of action replaces the old one, and
    /// what undid that one undoes nothing here.
    fileprivate func overlaid(by other: SourceNode) -> SourceNode {
        let added = other.entries ?? []
        let names = Set(added.map(\.key.value))
        let replacesAction = !names.isDisjoint(with: StepSchema.kinds)
        let kept = (entries ?? []).filter { entry in
            !names.contains(entry.key.value) && entry.key.value != "inDrill"
                && !(replacesAction && (StepSchema.kinds + ["rollback"]).contains(entry.key.value))
        }
        return SourceNode(content: .mapping(kept + added), place: place)
    }
}

extension NodeReader {
    fileprivate mutating func placed<Read>(
        _ node: SourceNode?, _ read: (inout NodeReader, SourceNode) -> Read?
    ) -> Placed<Read>? {
        guard let node, let value = read(&self, node) else { return nil }
        return Placed(value, at: node.place)
    }

    fileprivate func need(_ node: SourceNode) -> Placed<Need>? {
        if let name = node.scalar?.text {
            return SourceName.isValid(name) ? Placed(Need(step: StepID(name)), at: node.place) : nil
        }
        guard let step = text(node["step"]) else { return nil }
        let accept: [Need.Outcome] = (node["accept"]?.elements ?? []).compactMap { choice($0) }
        let inOrder = Need.Outcome.allCases.filter(accept.contains)
        return Placed(Need(step: StepID(step), accept: inOrder.isEmpty ? [.succeeded] : inOrder), at: node.place)
    }

    fileprivate mutating func call(_ node: SourceNode?) -> RunbookCall? {
        guard let node, let file = text(node["file"] ?? node) else { return nil }
        var inputs: [String: Placed<Template>] = [:]
        for entry in node["inputs"]?.entries ?? [] {
            inputs[entry.key.value] = template(entry.value).map { Placed($0, at: entry.value.place) }
        }
        return RunbookCall(file: file, inputs: inputs)
    }

    fileprivate mutating func foreach(_ node: SourceNode) -> Foreach? {
        let around = use
        defer { use = around }
        let limit = integer(node["maxParallel"]).map { Int($0) }
        if let written = node["services"] {
            use = .services
            guard let condition = condition(written) else { return nil }
            return Foreach(
                source: .services(condition, inOrderOfDependencies: text(node["order"]) == "dependencies"),
                maximumParallel: limit)
        }
        use = .isolation
        guard let elements = node.elements ?? node["list"]?.elements else { return nil }
        let list = elements.compactMap { element in template(element).map { Placed($0, at: element.place) } }
        return Foreach(source: .list(list), maximumParallel: limit)
    }

    fileprivate func limits(_ node: SourceNode) -> ProcessLimits? {
        ProcessLimits(
            memoryBytes: text(node["memory"]).flatMap { ProcessLimits.bytes(parsing: $0) },
            processes: integer(node["processes"]).map { Int($0) })
    }

    fileprivate func retry(_ node: SourceNode) -> RetryPolicy? {
        guard let attempts = integer(node["attempts"]) else { return nil }
        var policy = RetryPolicy.never
        let backoff = node["backoff"]
        policy.attempts = Int(clamping: attempts)
        policy.initial = duration(backoff?["initial"]) ?? policy.initial
        policy.maximum = duration(backoff?["max"]) ?? policy.maximum
        policy.jitter = choice(backoff?["jitter"]) ?? policy.jitter
        if let factor = text(backoff?["factor"]).flatMap({ SourceName.thousandths(of: $0) }) {
            policy.factorThousandths = Int(factor)
        }
        policy.exitCodes = node["exitCodes"]?.elements?.compactMap { integer($0).map { Int32(clamping: $0) } }
        return policy
    }

    fileprivate mutating func onFailure(_ node: SourceNode?) -> FailurePolicy? {
        switch text(node) {
        case "hold": return .hold(unattended: .minutes(10))
        case "abort": return .abort
        case "continue": return .continue
        default: break
        }
        if let hold = node?["hold"] { return .hold(unattended: duration(hold["unattended"]) ?? .minutes(10)) }
        return card(node?["manual"]).map { .manual($0) }
    }

    fileprivate mutating func variable(_ node: SourceNode) -> EnvironmentValue? {
        if let secret = secret(node) { return .secret(secret) }
        return template(node).map { .text($0) }
    }

    fileprivate mutating func mark(_ node: SourceNode) -> PlannedMark? {
        guard let clock: ClockName = choice(node["clock"]), let service = text(node["service"]) else { return nil }
        let around = use
        use = .mark
        defer { use = around }
        return PlannedMark(
            clock: clock, service: service, at: template(node["at"]), synthetic: flag(node["synthetic"]) ?? false)
    }

    fileprivate func measure(_ node: SourceNode) -> PlannedMeasure? {
        guard let loss: PlannedMeasure.Side = choice(node["loss"]), let service = text(node["service"]) else {
            return nil
        }
        return PlannedMeasure(loss: loss, service: service)
    }

    fileprivate mutating func background(_ node: SourceNode) -> BackgroundPolicy? {
        guard let ready = check(node["ready"]), let until = text(node["until"]) else { return nil }
        return BackgroundPolicy(
            ready: ready, readyInterval: duration(node["interval"]) ?? .milliseconds(250),
            until: until == "run" ? nil : StepID(until), onLoss: choice(node["onLoss"]) ?? .hold)
    }

    // MARK: Actions

    fileprivate mutating func action(of node: SourceNode, title: String) -> Placed<StepAction>? {
        guard let kind = StepKind.allCases.first(where: { node[$0.rawValue] != nil }), let body = node[kind.rawValue],
            let action = action(kind, body, title: title)
        else { return nil }
        return Placed(action, at: body.place)
    }

    private mutating func action(_ kind: StepKind, _ node: SourceNode, title: String) -> StepAction? {
        switch kind {
        case .run: return command(node).map { .run($0) }
        case .http: return request(node).map { .http($0) }
        case .wait:
            if let span = duration(node["for"]) { return .delay(span) }
            return check(node).map { check in
                .wait(
                    WaitAction(
                        check: check, holds: duration(node["holds"]) ?? .zero,
                        interval: duration(node["interval"]) ?? .milliseconds(250)))
            }
        case .manual: return card(node).map { .manual($0) }
        case .approve: return .approve(approval(node, title: title))
        case .backup:
            guard let repository = text(node["repository"]), let dataset = template(node["dataset"]),
                let paths = templates(node["paths"])
            else { return nil }
            return .backup(BackupAction(repository: repository, dataset: dataset, paths: paths))
        case .verify:
            guard let repository = text(node["repository"]), let dataset = template(node["dataset"]) else {
                return nil
            }
            return .verify(
                VerifyAction(
                    repository: repository, dataset: dataset,
                    snapshot: template(node["snapshot"]) ?? Template("latest"),
                    level: choice(node["level"]) ?? .stored))
        case .restore:
            guard let repository = text(node["repository"]), let dataset = template(node["dataset"]),
                let to = template(node["to"])
            else { return nil }
            return .restore(
                RestoreAction(
                    repository: repository, dataset: dataset,
                    snapshot: template(node["snapshot"]) ?? Template("latest"), to: to))
        case .notify: return template(node["text"] ?? node).map { .notify(NotifyAction(text: $0)) }
        case .stop: return text(node).map { .stop(StepID($0)) }
        case .runbook: return text(node["file"] ?? node).map { .runbook(SubRunbook(file: $0)) }
        case .resync:
            guard let from = template(node["from"]), let to = template(node["to"]),
                let service = text(node["service"])
            else { return nil }
            return .resync(ResyncAction(from: from, to: to, service: service))
        }
    }

    mutating func card(_ node: SourceNode?) -> ManualCard? {
        guard let node, let instructions = template(node["instructions"]), let owner = text(node["owner"]) else {
            return nil
        }
        var card = ManualCard(
            instructions: instructions, owner: owner, within: duration(node["within"]),
            inputs: outputTypes(node["inputs"]), evidenceRequired: text(node["evidence"]) == "required")
        card.escalate = escalation(node["escalate"])
        return card
    }

    private mutating func escalation(_ node: SourceNode?) -> Escalation? {
        guard let after = duration(node?["after"]), let channel = placedText(node?["channel"]) else { return nil }
        channels.append(channel)
        return Escalation(after: after, channel: channel.value)
    }

    private mutating func approval(_ node: SourceNode, title: String) -> ApprovalCard {
        var card = ApprovalCard(
            message: template(node["message"]) ?? Template(title),
            roles: node["roles"]?.elements?.compactMap { text($0) } ?? [],
            quorum: integer(node["quorum"]).map { Int($0) } ?? 1, notInitiator: flag(node["notInitiator"]) ?? false,
            within: duration(node["within"]))
        card.signed = flag(node["signed"])
        card.escalate = escalation(node["escalate"])
        return card
    }
}
