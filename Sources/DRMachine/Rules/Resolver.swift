package import DRRunbook

/// Turns a planned step into what a supervisor carries out: every template evaluated, nothing left open.
struct Resolver {
    let plan: Plan
    let created: RunCreated
    let context: EvaluationContext
    let files: Set<String>

    init(plan: Plan, created: RunCreated, values: [String: Value], files: Set<String>) {
        self.plan = plan
        self.created = created
        context = EvaluationContext(values: values)
        self.files = files
    }

    func spec(_ attempt: AttemptID, of step: PlannedStep, isMain: Bool) throws(ExpressionError) -> AttemptSpec {
        let background = isMain ? step.background : nil
        let work: Work
        var timeout = step.timeout
        switch attempt.part {
        case .action:
            work = try action(of: step)
            if background != nil { timeout = nil }
        case .ready:
            guard let background else { throw missing("background", of: step) }
            work = .action(
                .wait(try check(background.ready), holds: .zero, interval: background.readyInterval))
        case .probe: work = try probe(of: step)
        }
        var outputs = step.outputs
        if case .action(let request) = work { outputs.merge(request.outputTypes) { declared, _ in declared } }
        var spec = AttemptSpec(
            attempt: attempt, place: step.place, work: work, env: try environment(of: step),
            workingDirectory: created.workDirectory, timeout: timeout,
            outputs: attempt.part == .ready || background != nil ? [:] : outputs,
            isBackground: background != nil && attempt.part == .action)
        if attempt.part == .action {
            spec.limits = step.limits
            if isMain, let group = step.concurrency, let shared = plan.sharedGroups?[group] {
                spec.turn = GroupTurn(group: shared, limit: plan.concurrency[group] ?? 1)
            }
        }
        return spec
    }

    private func missing(_ what: String, of step: PlannedStep) -> ExpressionError {
        ExpressionError(source: step.id.rawValue, message: "has no \(what)")
    }

    private func environment(of step: PlannedStep) throws(ExpressionError) -> [String: ResolvedVariable] {
        var env: [String: ResolvedVariable] = [
            "DRCTL_RUN": .text(created.run), "DRCTL_STEP": .text(step.id.rawValue),
            "DRCTL_FILES": .text(created.filesDirectory),
        ]
        if case .notify(let notify) = step.action {
            env["DRCTL_MESSAGE"] = .text(try notify.text.resolve(in: context))
        }
        for (name, value) in step.env {
            switch value {
            case .text(let template): env[name] = .text(try template.resolve(in: context))
            case .secret(let name2): env[name] = .secret(name2)
            }
        }
        return env
    }

    private func action(of step: PlannedStep) throws(ExpressionError) -> Work {
        switch step.action {
        case .run(let command): return try work(command)
        case .http(let request): return .action(.http(try http(request)))
        case .wait(let wait):
            return .action(.wait(try check(wait.check), holds: wait.holds, interval: wait.interval))
        case .backup(let backup):
            var paths: [String] = []
            for path in backup.paths { paths.append(try path.resolve(in: context)) }
            return .action(
                .backup(
                    repository: try repository(backup.repository), dataset: try backup.dataset.resolve(in: context),
                    paths: paths, tag: tag(of: step)))
        case .verify(let verify):
            return .action(
                .verify(
                    repository: try repository(verify.repository), dataset: try verify.dataset.resolve(in: context),
                    snapshot: try verify.snapshot.resolve(in: context), level: verify.level))
        case .restore(let restore):
            return .action(
                .restore(
                    repository: try repository(restore.repository), dataset: try restore.dataset.resolve(in: context),
                    snapshot: try restore.snapshot.resolve(in: context), to: try restore.to.resolve(in: context)))
        case .resync(let resync):
            return .action(
                .resync(
                    from: try resync.from.resolve(in: context), to: try resync.to.resolve(in: context),
                    service: resync.service))
        case .notify(let notify): return try tell(notify, of: step)
        case .manual, .approve, .delay, .stop, .runbook: throw missing("attempts", of: step)
        }
    }

    /// A channel is a program, or an address that takes JSON.
    private func tell(_ notify: NotifyAction, of step: PlannedStep) throws(ExpressionError) -> Work {
        let text = try notify.text.resolve(in: context)
        if let words = notify.channel?.run { return .argv(words) }
        guard let url = notify.channel?.post else { throw missing("a channel", of: step) }
        let body = ["run": created.run, "step": step.id.rawValue, "text": text]
        let members = body.sorted { $0.key < $1.key }.map { "\(Self.quoted($0.key)):\(Self.quoted($0.value))" }
        return .action(
            .http(
                ResolvedRequest(
                    method: "POST", url: url, headers: ["Content-Type": "application/json"],
                    body: "{\(members.joined(separator: ","))}", expect: HTTPExpectation(status: [200, 201, 202, 204])))
        )
    }

    /// A JSON string.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// One tag a step, kept by its retries: a probe finds what an earlier attempt stored.
    private func tag(of step: PlannedStep) -> String { "\(created.run)/\(step.id)" }

    private func probe(of step: PlannedStep) throws(ExpressionError) -> Work {
        if let probe = step.probe {
            return switch try check(probe) {
            case .argv(let words): .argv(words)
            case .script(let text): .script(text)
            case .http(let request): .action(.check(.http(request)))
            case .tcp(let address): .action(.check(.tcp(address)))
            }
        }
        guard case .backup(let backup) = step.action else { throw missing("probe", of: step) }
        return .action(
            .findSnapshot(
                repository: try repository(backup.repository), dataset: try backup.dataset.resolve(in: context),
                tag: tag(of: step)))
    }

    private func check(_ check: Check) throws(ExpressionError) -> ResolvedCheck {
        switch check {
        case .run(let command):
            switch try work(command) {
            case .argv(let words): return .argv(words)
            case .script(let text): return .script(text)
            case .action: throw ExpressionError(source: "check", message: "is no command")
            }
        case .http(let request): return .http(try http(request))
        case .tcp(let address): return .tcp(try address.resolve(in: context))
        }
    }

    /// A word that is a planned file's path stands for its copy in `files/`.
    private func work(_ command: Command) throws(ExpressionError) -> Work {
        switch command {
        case .script(let text): return .script(text)
        case .argv(let templates):
            var words: [String] = []
            for template in templates { words.append(try path(template)) }
            return .argv(words)
        }
    }

    private func path(_ template: Template) throws(ExpressionError) -> String {
        let word = try template.resolve(in: context)
        let isLiteral = template.parts.allSatisfy { if case .literal = $0 { true } else { false } }
        return isLiteral && files.contains(word) ? "\(created.filesDirectory)/\(word)" : word
    }

    private func http(_ request: HTTPRequest) throws(ExpressionError) -> ResolvedRequest {
        var headers: [String: String] = [:]
        for (name, value) in request.headers { headers[name] = try value.resolve(in: context) }
        return ResolvedRequest(
            method: request.method, url: try request.url.resolve(in: context), headers: headers,
            secretHeaders: request.secretHeaders,
            body: try request.body?.resolve(in: context), expect: request.expect, redirects: request.redirects,
            tls: try request.tls.map { files throws(ExpressionError) in
                TLSFiles(
                    authorities: try files.authorities.map(path), certificate: try files.certificate.map(path),
                    key: try files.key.map(path))
            }, allow: plan.httpAllow)
    }

    private func repository(_ name: String) throws(ExpressionError) -> ResolvedRepository {
        guard let planned = plan.repositories[name] else {
            throw ExpressionError(source: name, message: "is no repository of the plan")
        }
        return ResolvedRepository(
            address: try planned.address.resolve(in: context), identityPath: try planned.identity?.resolve(in: context),
            pinnedID: try planned.pinnedID?.resolve(in: context))
    }
}

extension ActionRequest {
    /// What an action writes to `$DRCTL_OUTPUT` when it succeeds.
    package var outputTypes: [String: OutputType] {
        switch self {
        case .http, .check, .wait: [:]
        case .backup, .findSnapshot:
            [
                "snapshot": .string, "filesRead": .integer, "bytesRead": .integer, "bytesStored": .integer,
                "complete": .boolean,
            ]
        case .verify:
            ["snapshot": .string, "level": .string, "packsRead": .integer, "bytesRead": .integer, "verdict": .string]
        case .restore:
            ["snapshot": .string, "path": .string, "files": .integer, "bytes": .integer, "mismatches": .integer]
        case .resync:
            [
                "filesCopied": .integer, "bytesCopied": .integer, "filesDeleted": .integer, "filesCompared": .integer,
                "sourceDigest": .string, "targetDigest": .string, "treesEqual": .boolean,
            ]
        }
    }
}
