import DRMachine
import DRRunbook

// Whoever takes a run up may have it go on by a runbook that was changed meanwhile.
extension World {
    /// The runbook was changed meanwhile, mostly where nothing has happened yet.
    func otherPlan(than state: RunState) throws -> PlanAdoption {
        let open = Set(state.openSteps)
        let changed = PlanMaker.changed(state.plan, open: people.oneIn(5) ? nil : open, &people)
        let bytes = try PlanCodec.encode(changed)
        return PlanAdoption(
            digest: PlanCodec.digest(bytes), text: String(decoding: bytes, as: UTF8.self), filesDirectory: "/f2",
            uid: 1000, reason: "it was wrong")
    }

    /// Whether the run cannot go on by this plan: whoever asked for it is told so, and it goes on by its own.
    func isRefused(_ input: Input, _ index: Int) -> Bool {
        guard case .adoptPlan = input else { return false }
        do throws(MachineError) {
            _ = try RunMachine.decide(engines[index].state, input, now: now)
            return false
        } catch {
            tell("runner \(index): \(error.message)")
            return error.code == .adoptionRefused
        }
    }
}
