/// What `drctl lint --strict` advises, each with a number for good. The page Advice of this room's catalogue has a
/// section for every one.
package enum Advice: String, Codable, Sendable, CaseIterable {
    case noTimeout = "A01"
    case unsafeWithoutProbe = "A02"
    case cardWithoutTime = "A03"
    case promotionWithoutFence = "A04"
    case nothingToRollBack = "A05"
    case selfApproval = "A06"
    case nothingMustNotBeReached = "A07"
    case noDrill = "A08"
    case noObjective = "A09"
    case noTitle = "A10"
    case failureGoesOn = "A11"
    case backupNotVerified = "A12"
    case plainHTTP = "A13"
    case mostlySkippedInDrills = "A14"
    case nothingProven = "A15"
}

/// Advice about a runbook that is sound.
package enum Adviser {
    /// - Returns: what is advised, without what the runbook accepts, sorted by place.
    package static func advice(for runbook: Runbook, catalogue: Catalogue?) -> [Diagnostic] {
        let pass = AdvicePass(runbook: runbook, catalogue: catalogue)
        return (pass.perStep + pass.aboutPeople + pass.aboutFailover + pass.aboutDrills + pass.aboutServices)
            .filter { diagnostic in diagnostic.advice.map { runbook.accepts[$0.rawValue] == nil } ?? true }.inOrder
    }
}

private struct AdvicePass {
    let runbook: Runbook
    let catalogue: Catalogue?
    let graph: StepGraph

    init(runbook: Runbook, catalogue: Catalogue?) {
        self.runbook = runbook
        self.catalogue = catalogue
        graph = StepGraph(runbook.steps)
    }

    private func advise(_ advice: Advice, at place: SourcePlace, _ message: String, fix: String) -> Diagnostic {
        var diagnostic = Diagnostic(.advice, at: place, "\(advice.rawValue): \(message)", fix: fix, severity: .advice)
        diagnostic.advice = advice
        return diagnostic
    }

    /// The runbook's own steps: what its parts are advised is said of their own files.
    private var own: [StepDefinition] { runbook.steps.filter { $0.part == nil && $0.kind != .runbook } }

    private var writing: [StepDefinition] { own.filter { $0.effectInForce != .read && !$0.isEffectFree } }

    // MARK: Steps

    var perStep: [Diagnostic] {
        own.flatMap { step -> [Diagnostic] in
            var found: [Diagnostic] = []
            if step.kind == .run || step.kind == .http, step.timeout == nil {
                let time = step.defaultTimeout?.words ?? ""
                found.append(
                    advise(
                        .noTimeout, at: step.place, "`\(step.id)` has no `timeout`; it is ended after \(time)",
                        fix: "write how long it may take, so that a hang is seen in time"))
            }
            if step.kind == .run || step.kind == .http, step.effectInForce == .unsafe {
                found.append(
                    advise(
                        .unsafeWithoutProbe, at: step.place,
                        "`\(step.id)` is unsafe: after a crash in the middle of it the run waits for a person",
                        fix: "write `effect: checkable` with a `probe`, or `effect: idempotent` if it is"))
            }
            if step.title == nil {
                found.append(
                    advise(
                        .noTitle, at: step.place, "`\(step.id)` has no title",
                        fix: "say what is true when it is done; that is what people read at night"))
            }
            if step.onFailure == .continue, step.effectInForce != .read, !step.isEffectFree {
                found.append(
                    advise(
                        .failureGoesOn, at: step.place,
                        "`\(step.id)` changes things, and the run goes on when it fails",
                        fix: "write `onFailure: hold`, or say in a step that accepts `failed` what happens then"))
            }
            if case .http(let request)? = step.action?.value, Self.isPlain(request.url) {
                found.append(
                    advise(
                        .plainHTTP, at: step.place, "`\(step.id)` speaks HTTP without TLS",
                        fix: "write https://, or an address of this host"))
            }
            return found
        }
    }

    private static func isPlain(_ url: Template) -> Bool {
        guard case .literal(let start)? = url.parts.first, start.hasPrefix("http://") else { return false }
        let host = start.dropFirst(7)
        return !["127.", "localhost", "[::1]"].contains { host.hasPrefix($0) }
    }

    // MARK: People

    var aboutPeople: [Diagnostic] {
        own.flatMap { step -> [Diagnostic] in
            switch step.action?.value {
            case .manual(let card) where card.within == nil:
                [
                    advise(
                        .cardWithoutTime, at: step.place, "the card of `\(step.id)` is due at no time",
                        fix: "write `within`")
                ]
            case .approve(let card):
                (card.within == nil
                    ? [
                        advise(
                            .cardWithoutTime, at: step.place, "the approval of `\(step.id)` never expires",
                            fix: "write `within`")
                    ] : [])
                    + (card.quorum == 1 && !card.notInitiator
                        ? [
                            advise(
                                .selfApproval, at: step.place, "whoever starts the run may approve `\(step.id)` alone",
                                fix: "write `notInitiator: true`, or a `quorum` of 2")
                        ] : [])
            default: []
            }
        }
    }

    // MARK: Failover

    private static let promoting = ["promote", "failover", "takeover", "switch"]
    private static let fencing = ["fence", "stonith", "isolate", "demote", "shutdown", "stop"]

    private static func speaks(of words: [String], _ step: StepDefinition) -> Bool {
        let text = "\(step.id) \(step.title ?? "")".lowercased()
        return words.contains { text.contains($0) }
    }

    var aboutFailover: [Diagnostic] {
        var found: [Diagnostic] = []
        for step in writing where Self.speaks(of: Self.promoting, step) && !Self.speaks(of: Self.fencing, step) {
            let needed = graph.transitiveNeeds(of: step.id).compactMap { graph.index(of: $0) }.map { runbook.steps[$0] }
            if needed.contains(where: { Self.speaks(of: Self.fencing, $0) }) { continue }
            found.append(
                advise(
                    .promotionWithoutFence, at: step.place,
                    "`\(step.id)` promotes something, and no step before it fences the old primary",
                    fix: "let it need a step that makes sure that the old primary cannot write"))
        }
        if !writing.isEmpty, runbook.rollback != .never, !runbook.steps.contains(where: { !$0.rollback.isEmpty }) {
            found.append(
                advise(
                    .nothingToRollBack, at: runbook.place, "no step says how it is undone",
                    fix: "write `rollback` where a step can be undone, or `rollback: never`"))
        }
        let backups = own.filter { $0.kind == .backup }
        for backup in backups {
            let isVerified = runbook.steps.contains { step in
                [.verify, .restore].contains(step.kind) && graph.transitiveNeeds(of: step.id).contains(backup.id)
            }
            if isVerified { continue }
            found.append(
                advise(
                    .backupNotVerified, at: backup.place, "nothing reads back what `\(backup.id)` stores",
                    fix: "add a `verify` step that needs it"))
        }
        return found
    }

    // MARK: Drills

    var aboutDrills: [Diagnostic] {
        var found: [Diagnostic] = []
        let drills = runbook.environments.filter { $0.value.mode == .drill }
        if drills.isEmpty {
            found.append(
                advise(
                    .noDrill, at: runbook.place, "no environment is for drills: this runbook is never rehearsed",
                    fix: "add an environment with `for: drill`"))
        }
        for (name, environment) in drills.sorted(by: { $0.key < $1.key })
        where environment.isolation.mustNotReach.isEmpty {
            found.append(
                advise(
                    .nothingMustNotBeReached, at: environment.place,
                    "the drill environment `\(name)` names nothing that it must not reach",
                    fix: "list production's addresses in `isolation.mustNotReach`"))
        }
        let skipped = runbook.steps.count { if case .skip = $0.inDrill { true } else { false } }
        if skipped * 2 > runbook.steps.count {
            found.append(
                advise(
                    .mostlySkippedInDrills, at: runbook.place,
                    "drills leave out \(skipped) of \(runbook.steps.count) steps",
                    fix: "give drills something to do instead: `inDrill: { run: … }`"))
        }
        return found
    }

    // MARK: Services

    var aboutServices: [Diagnostic] {
        var found: [Diagnostic] = []
        for service in runbook.services {
            guard let planned = catalogue?.services[service.value]?.planned else { continue }
            if planned.recoveryTimeObjective == nil || planned.recoveryPointObjective == nil {
                found.append(
                    advise(
                        .noObjective, at: service.place, "`\(service.value)` has no RTO or no RPO in the catalogue",
                        fix: "write both, so that a drill can be compared with them"))
            }
        }
        let proves = runbook.steps.contains { step in
            step.kind == .wait || step.marks.contains { $0.value.clock == .proven || $0.value.clock == .accepted }
        }
        if !runbook.services.isEmpty, !proves {
            found.append(
                advise(
                    .nothingProven, at: runbook.place, "no step proves that what was recovered works",
                    fix: "add a `wait` that asks the service, and mark `proven` there"))
        }
        return found
    }
}

extension StepDefinition {
    fileprivate var isEffectFree: Bool { action?.value.isEffectFree == true && channel == nil }
}
