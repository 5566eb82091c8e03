import DRParallel

/// Finds what is wrong with the meaning of a runbook: one small pass a concern, every fault reported.
package enum RunbookValidator {
    /// Each looks at one thing and says all it finds.
    private static let passes: [@Sendable (Validation) -> [Diagnostic]] = [
        duplicateNames, unknownSteps, cycles, acceptedEnds, expressions, retries, rollbacks, foreaches, effects,
        backgrounds,
        stops,
        places,
        realTargets, repositoriesAndSecrets, channelsAndGroups, people, services, marks, unmarkedClocks, measures,
        times, kindsOfKeys,
        actions,
        inputs, variables, outputs, dependencies, accepted,
        environments,
    ]

    /// - Returns: every diagnostic, sorted by place.
    package static func diagnostics(for runbook: Runbook, site: Site?, catalogue: Catalogue?) -> [Diagnostic] {
        let validation = Validation(runbook: runbook, site: site, catalogue: catalogue)
        return Parallel.map(passes.count) { passes[$0](validation) }.flatMap { $0 }.inOrder
    }
}

// MARK: Steps and their needs

extension RunbookValidator {
    private static func duplicateNames(_ validation: Validation) -> [Diagnostic] {
        var first: [StepID: SourcePlace] = [:]
        var diagnostics: [Diagnostic] = []
        for step in validation.allSteps {
            if step.id == "run" {
                diagnostics.append(
                    Diagnostic(
                        .duplicateName, at: step.place, "`run` means the whole run and cannot be a step's id",
                        fix: "give the step another id"))
            }
            if let earlier = first[step.id] {
                diagnostics.append(
                    Diagnostic(
                        .duplicateName, at: step.place,
                        "there are two steps `\(step.id)`; the first is in line \(earlier.line)",
                        fix: "give one of them another id"))
            } else {
                first[step.id] = step.place
            }
        }
        return diagnostics
    }

    private static func unknownSteps(_ validation: Validation) -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        func check(_ step: StepID, at place: SourcePlace) {
            guard !validation.graph.contains(step) else { return }
            diagnostics.append(
                Diagnostic(
                    .unknownName, at: place, "there is no step `\(step)`",
                    fix: Suggestion.fix(for: step.rawValue, among: validation.graph.order.map(\.rawValue))))
        }
        for step in validation.steps {
            var seen: Set<StepID> = []
            for need in step.needs {
                check(need.value.step, at: need.place)
                guard !seen.insert(need.value.step).inserted else { continue }
                diagnostics.append(
                    Diagnostic(
                        .need, at: need.place, "`\(step.id)` needs `\(need.value.step)` twice", fix: "keep one of them")
                )
            }
        }
        for step in validation.allVariants {
            if let background = step.background, let until = background.value.until {
                check(until, at: background.place)
            }
        }
        return diagnostics
    }

    private static func cycles(_ validation: Validation) -> [Diagnostic] {
        validation.graph.cycles.map { cycle in
            let names = (cycle + cycle.prefix(1)).map { "`\($0)`" }.joined(separator: " needs ")
            let place = cycle.first.flatMap { validation.step($0)?.place } ?? validation.runbook.place
            return Diagnostic(
                .cycle, at: place, "these steps would wait for each other for ever: \(names)",
                fix: "take one of these needs out")
        }
    }

    /// `failed` is an end of a step only where the step lets the run go on after it.
    private static func acceptedEnds(_ validation: Validation) -> [Diagnostic] {
        validation.steps.flatMap { step in
            step.needs.compactMap { need in
                guard need.value.accept.contains(.failed),
                    let needed = validation.step(need.value.step), needed.onFailure != .continue
                else { return nil }
                return Diagnostic(
                    .need, at: need.place, "`\(needed.id)` never ends as failed while the run goes on",
                    fix: "write `onFailure: continue` in `\(needed.id)`, or leave `failed` out")
            }
        }
    }
}
