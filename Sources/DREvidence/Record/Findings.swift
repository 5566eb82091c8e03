import DRMachine
import DRMeasure
import DRRunbook

/// Looks for everything that a reader has to know beside the verdict; one small look a concern.
struct FindingsPass {
    var plan: Plan
    var events: [JournaledEvent]
    var record: Record

    /// Headlines first, then deviations, then notes; each in the journal's order.
    func findings() -> [Finding] {
        let all =
            shape + objectives + isolation + approvals + doubts + cleanup + services + resyncs + backups + runners
            + steps
            + people + clocks + outputs + notes
        return Finding.Weight.allCases.flatMap { weight in
            all.filter { $0.weight == weight }.enumerated()
                .sorted { ($0.element.event ?? .max, $0.offset) < ($1.element.event ?? .max, $1.offset) }
                .map(\.element)
        }
    }

    private func each(_ look: (JournaledEvent) -> Finding?) -> [Finding] { events.compactMap(look) }

    private var objectives: [Finding] {
        record.services.flatMap { service in
            service.objectives.compactMap { objective in
                let name = Wording.objective(objective.kind)
                switch objective.verdict {
                case .met: return nil
                case .missed:
                    let achieved =
                        objective.achievedNanoseconds.map { "achieved " + Wording.duration($0) } ?? "it took longer"
                    return Finding(
                        weight: .headline, kind: "objectiveMissed",
                        text: "\(service.name): \(name) \(Wording.duration(objective.objectiveNanoseconds)) "
                            + "missed: \(achieved)")
                case .notEstablished:
                    return Finding(
                        weight: .deviation, kind: "objectiveNotEstablished",
                        text: "\(service.name): whether the \(name) was met is not established: "
                            + (objective.reason ?? "no reason is recorded"))
                }
            }
        }
    }

    private var isolation: [Finding] {
        guard plan.mode == .drill else { return [] }
        var found: [Finding] = each { entry in
            guard case .isolationChecked(let report) = entry.event else { return nil }
            switch report.verdict {
            case .demonstrated: return nil
            case .enforcedNotDemonstrated:
                let silent = report.probes.filter { !$0.answeredOutside }.map(\.name).joined(separator: ", ")
                return Finding(
                    weight: .deviation, kind: "isolationNotDemonstrated",
                    text: "isolation was enforced, not demonstrated, for: \(silent); nothing answered there from "
                        + "outside, so silence inside shows nothing", event: entry.number)
            case .broken:
                let open = report.probes.filter(\.answeredInside).map(\.name).joined(separator: ", ")
                return Finding(
                    weight: .headline, kind: "isolationBroken", text: "answered from inside the drill: \(open)",
                    event: entry.number)
            }
        }
        if plan.shape?.isTabletop == true { return found }
        if let reason = plan.isolation?.doneWithout {
            return [
                Finding(
                    weight: .headline, kind: "notIsolated",
                    text:
                        "THIS DRILL WAS NOT ISOLATED: all of it ran outside, where it could reach everything that this "
                        + "machine reaches. Its runbook allows that; the machine could not isolate it: \(reason)")
            ]
        }
        let acted = record.steps.contains { !$0.attempts.isEmpty }
        if acted && record.isolation.isEmpty {
            found.append(
                Finding(
                    weight: .headline, kind: "isolationNotChecked",
                    text: "steps ran and the journal holds no check of the drill's isolation"))
        }
        return found
    }

    /// What the drill was not.
    private var shape: [Finding] {
        var found: [Finding] = []
        if plan.shape?.isTabletop == true {
            found.append(
                Finding(
                    weight: .headline, kind: "tabletop",
                    text: "THIS WAS A TABLETOP DRILL: people talked it through, and nothing was done. It shows nothing "
                        + "of times, data or machines"))
        }
        if let only = plan.shape?.only {
            found.append(
                Finding(
                    weight: .headline, kind: "partial",
                    text: "THIS WAS A DRILL OF A PART: only \(only.joined(separator: ", ")), with what its steps need. "
                        + "It says nothing of the runbook's other services"))
        }
        return found
    }

    private var approvals: [Finding] {
        each { entry in
            guard case .approvalCounted(let step, let approval) = entry.event else { return nil }
            let who = approval.person ?? "uid \(approval.uid)"
            if approval.breakGlass {
                return Finding(
                    weight: .headline, kind: "breakGlass",
                    text: "\(who) broke the glass: one approval stood for all: \(approval.comment ?? "no reason")",
                    step: step, event: entry.number)
            }
            guard approval.person == nil else { return nil }
            return Finding(
                weight: .deviation, kind: "personNotEstablished",
                text: "approved by uid \(approval.uid); which person that was is not established", step: step,
                event: entry.number)
        }
    }

    private var doubts: [Finding] {
        each { entry in
            switch entry.event {
            case .planAdopted(let adoption):
                let who = plan.person(uid: adoption.uid) ?? "uid \(adoption.uid)"
                return Finding(
                    weight: .headline, kind: "planAdopted",
                    text: "from here on the run went by another plan, \(adoption.digest): \(who): \(adoption.reason)",
                    event: entry.number)
            case .attemptInDoubt(let attempt, let reason, _):
                let isOpen = record.steps.contains { $0.id == attempt.step && $0.outcome == .inDoubt }
                return Finding(
                    weight: isOpen ? .headline : .deviation, kind: "inDoubt",
                    text: "\(attempt) was in doubt\(isOpen ? " and still is" : ""): \(reason)", step: attempt.step,
                    event: entry.number)
            case .attemptLost(let attempt, let reason):
                return Finding(
                    weight: .deviation, kind: "attemptLost", text: "\(attempt) was lost: \(reason)",
                    step: attempt.step, event: entry.number)
            default: return nil
            }
        }
    }

    private var cleanup: [Finding] {
        let settled: [StepID] = events.compactMap { entry in
            if case .cleanupSettled(let step, _, _) = entry.event { step } else { nil }
        }
        return each { entry in
            switch entry.event {
            case .cleanupOwed(let step, let reason):
                let isOpen = !settled.contains(step)
                return Finding(
                    weight: isOpen ? .headline : .deviation, kind: "cleanupOwed",
                    text: "cleanup \(isOpen ? "is" : "was") owed: \(reason)", step: step, event: entry.number)
            case .cleanupSettled(let step, let uid, let reason):
                return Finding(
                    weight: .deviation, kind: "cleanupSettled",
                    text: "\(plan.person(uid: uid) ?? "uid \(uid)") settled the owed cleanup: \(reason)", step: step,
                    event: entry.number)
            default: return nil
            }
        }
    }

    private var services: [Finding] {
        each { entry in
            guard case .serviceLost(let step, let attempt) = entry.event else { return nil }
            return Finding(
                weight: .deviation, kind: "serviceLost",
                text: "the background process \(attempt) ended when nobody expected it to", step: step,
                event: entry.number)
        }
    }

    private var resyncs: [Finding] {
        each { entry in
            guard case .resyncRecorded(let resync) = entry.event else { return nil }
            guard resync.treesEqual != true else { return nil }
            let differ = resync.treesEqual == false
            return Finding(
                weight: differ ? .headline : .deviation, kind: differ ? "resyncDiffers" : "resyncNotEstablished",
                text: differ
                    ? "after resynchronisation the trees of \(resync.service) differ"
                    : "whether the trees of \(resync.service) are equal after resynchronisation is not established",
                step: resync.step, event: entry.number)
        }
    }

    private var backups: [Finding] {
        record.backups.compactMap { backup in
            func value(_ name: String) -> Value? { backup.outputs.first { $0.name == name }?.value }
            if case .integer(let count)? = value("mismatches"), count > 0 {
                return Finding(
                    weight: .headline, kind: "restoreDiffers",
                    text: "\(count) restored files do not match the snapshot", step: backup.step)
            }
            if value("complete") == .boolean(false) {
                return Finding(
                    weight: .deviation, kind: "backupIncomplete",
                    text: "some source files could not be read and are not in the snapshot", step: backup.step)
            }
            return nil
        }
    }

    private var runners: [Finding] {
        var found: [Finding] = []
        var previous: RunnerIdentity?
        var isClosing = false
        for entry in events {
            switch entry.event {
            case .runnerStarted(let runner):
                if let before = previous {
                    found.append(
                        Finding(
                            weight: .deviation, kind: "takenUpAgain",
                            text: "the run was taken up again by process \(runner.pid) on \(runner.host)"
                                + (before.bootID == runner.bootID ? "" : " after the host had restarted"),
                            event: entry.number))
                }
                previous = runner
            case .closingBegan: isClosing = true
            case .supervisorLost(let place, let generation) where !isClosing:
                found.append(
                    Finding(
                        weight: .deviation, kind: "supervisorLost",
                        text: "the supervisor \(place.rawValue) (number \(generation)) was lost", event: entry.number))
            default: break
            }
        }
        return found
    }

    private var steps: [Finding] {
        each { entry in
            switch entry.event {
            case .stepFailed(let step, let reason, let policy):
                return Finding(
                    weight: .deviation, kind: "stepFailed", text: "failed (then: \(policy.rawValue)): \(reason)",
                    step: step, event: entry.number)
            case .stepHeld(let step, let reason, _):
                return Finding(
                    weight: .deviation, kind: "stepHeld", text: "held for a person: \(reason)", step: step,
                    event: entry.number)
            case .retryScheduled(let step, _, let reason):
                return Finding(
                    weight: .deviation, kind: "retried", text: "tried again: \(reason)", step: step,
                    event: entry.number)
            case .cardExpired(let step, _):
                return Finding(
                    weight: .deviation, kind: "cardExpired", text: "nobody answered the card in time", step: step,
                    event: entry.number)
            case .runPaused(let reason):
                return Finding(
                    weight: .deviation, kind: "paused", text: "the run was paused: \(reason)", event: entry.number)
            case .stepSkipped(let step, let reason):
                return Finding(
                    weight: .note, kind: "skipped", text: "skipped: \(reason)", step: step, event: entry.number)
            default: return nil
            }
        }
            + record.steps.filter(\.differsInDrill).map { step in
                Finding(
                    weight: .note, kind: "differsInDrill", text: "the drill runs something else than a real run would",
                    step: step.id)
            }
    }

    private var people: [Finding] {
        record.decisions.compactMap { decision in
            let who = decision.person ?? decision.uid.map { "uid \($0)" } ?? "somebody"
            if let reason = decision.refused {
                return Finding(
                    weight: .note, kind: "requestRefused", text: "a request by \(who) was refused: \(reason)",
                    event: decision.event)
            }
            guard let ask = decision.ask, ask.hasPrefix("resolve") || ask == "close" else { return nil }
            return Finding(
                weight: .deviation, kind: "resolved", text: "\(who): \(ask): \(decision.text ?? "")",
                step: decision.step, event: decision.event)
        }
    }

    private var clocks: [Finding] {
        record.services.flatMap { service in
            service.clocks.filter(\.superseded).map { mark in
                Finding(
                    weight: .deviation, kind: "clockCorrected",
                    text: "\(service.name): \(mark.clock.rawValue) was first \(mark.at.shown) (\(mark.basis)) and was "
                        + "corrected later", event: mark.event)
            }
        }
    }

    private var outputs: [Finding] {
        record.steps.flatMap { step in
            step.attempts.flatMap { attempt -> [Finding] in
                var found: [Finding] = []
                if attempt.standardOutput?.truncated == true || attempt.standardError?.truncated == true {
                    found.append(
                        Finding(
                            weight: .note, kind: "outputTruncated",
                            text: "not all that \(attempt.attempt) wrote was kept; its output is cut", step: step.id))
                }
                if !attempt.survivors.isEmpty {
                    found.append(
                        Finding(
                            weight: .deviation, kind: "survivors",
                            text: "\(attempt.attempt) left processes behind: "
                                + attempt.survivors.joined(separator: ", "), step: step.id))
                }
                return found
            }
        }
    }

    private var notes: [Finding] {
        each { entry in
            guard case .noted(let uid, let text) = entry.event else { return nil }
            return Finding(
                weight: .note, kind: "note", text: "\(plan.person(uid: uid) ?? "uid \(uid)"): \(text)",
                event: entry.number)
        }
    }
}
