// Every template of a step, changed by one function: how planning puts values in place of names.

typealias TemplateChange = (Template) throws(ExpressionError) -> Template

extension Dictionary where Key == String, Value == Template {
    func changed(_ change: TemplateChange) throws(ExpressionError) -> [String: Template] {
        var result: [String: Template] = [:]
        for (key, template) in self { result[key] = try change(template) }
        return result
    }
}

extension Array where Element == Template {
    func changed(_ change: TemplateChange) throws(ExpressionError) -> [Template] {
        var result: [Template] = []
        for template in self { result.append(try change(template)) }
        return result
    }
}

extension Optional where Wrapped == Template {
    func changed(_ change: TemplateChange) throws(ExpressionError) -> Template? {
        guard let self else { return nil }
        return try change(self)
    }
}

extension StepAction {
    func changed(_ change: TemplateChange) throws(ExpressionError) -> StepAction {
        switch self {
        case .run(let command): return .run(try command.changed(change))
        case .http(let request): return .http(try request.changed(change))
        case .wait(var wait):
            wait.check = try wait.check.changed(change)
            return .wait(wait)
        case .manual(let card): return .manual(try card.changed(change))
        case .approve(var card):
            card.message = try change(card.message)
            return .approve(card)
        case .backup(var backup):
            backup.dataset = try change(backup.dataset)
            backup.paths = try backup.paths.changed(change)
            return .backup(backup)
        case .verify(var verify):
            verify.dataset = try change(verify.dataset)
            verify.snapshot = try change(verify.snapshot)
            return .verify(verify)
        case .restore(var restore):
            restore.dataset = try change(restore.dataset)
            restore.snapshot = try change(restore.snapshot)
            restore.to = try change(restore.to)
            return .restore(restore)
        case .notify(var notify):
            notify.text = try change(notify.text)
            return .notify(notify)
        case .delay, .stop: return self
        case .runbook(var part):
            part.inputs = try part.inputs.changed(change)
            return .runbook(part)
        case .resync(var resync):
            resync.from = try change(resync.from)
            resync.to = try change(resync.to)
            return .resync(resync)
        }
    }
}

extension Command {
    func changed(_ change: TemplateChange) throws(ExpressionError) -> Command {
        switch self {
        case .argv(let words): .argv(try words.changed(change))
        case .script: self
        }
    }
}

extension HTTPRequest {
    func changed(_ change: TemplateChange) throws(ExpressionError) -> HTTPRequest {
        HTTPRequest(
            method: method, url: try change(url), headers: try headers.changed(change), secretHeaders: secretHeaders,
            body: try body.changed(change),
            expect: expect, redirects: redirects,
            tls: try tls.map { files throws(ExpressionError) in
                TLSFiles(
                    authorities: try files.authorities.changed(change),
                    certificate: try files.certificate.changed(change), key: try files.key.changed(change))
            })
    }
}

extension Check {
    func changed(_ change: TemplateChange) throws(ExpressionError) -> Check {
        switch self {
        case .run(let command): .run(try command.changed(change))
        case .http(let request): .http(try request.changed(change))
        case .tcp(let address): .tcp(try change(address))
        }
    }
}

extension ManualCard {
    func changed(_ change: TemplateChange) throws(ExpressionError) -> ManualCard {
        var card = self
        card.instructions = try change(instructions)
        return card
    }
}

extension FailurePolicy {
    func changed(_ change: TemplateChange) throws(ExpressionError) -> FailurePolicy {
        if case .manual(let card) = self { .manual(try card.changed(change)) } else { self }
    }
}

extension EnvironmentValue {
    func changed(_ change: TemplateChange) throws(ExpressionError) -> EnvironmentValue {
        if case .text(let text) = self { .text(try change(text)) } else { self }
    }
}

extension PlannedMark {
    func changed(_ change: TemplateChange) throws(ExpressionError) -> PlannedMark {
        PlannedMark(clock: clock, service: service, at: try at.changed(change), synthetic: synthetic)
    }
}

extension BackgroundPolicy {
    func changed(_ change: TemplateChange) throws(ExpressionError) -> BackgroundPolicy {
        var policy = self
        policy.ready = try ready.changed(change)
        return policy
    }
}

extension PlannedRepository {
    func changed(_ change: TemplateChange) throws(ExpressionError) -> PlannedRepository {
        PlannedRepository(
            address: try change(address), identity: try identity.changed(change),
            pinnedID: try pinnedID.changed(change))
    }
}
