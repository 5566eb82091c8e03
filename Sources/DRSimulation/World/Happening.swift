import DRMachine
import DRRunbook

/// What can happen in a simulated world. A number of a life (of a runner, a supervisor) makes what was meant for one
/// that has died meanwhile go nowhere.
indirect enum Happening: Sendable {
    // Runners
    case operatorLooks
    case turn(engine: Int, life: Int)
    case synced(engine: Int, life: Int)
    case timer(engine: Int, life: Int, serial: Int)
    case scan(engine: Int, life: Int)
    case settle([String])
    case connecting(engine: Int, life: Int, Place, tries: Int)
    case isolationAnswered(engine: Int, life: Int, generation: Int)
    case finishing(engine: Int, life: Int, Place, generation: Int)

    // Lines
    case toSupervisor(line: Int, SupervisorRequest)
    case toEngine(line: Int, SupervisorReply)
    case hungUp(line: Int)

    // Supervisors and processes
    case spawn(Place, life: Int, AttemptSpec)
    case deadline(Place, life: Int, AttemptID)
    case kill(AttemptID)
    case processEnds(AttemptID)
    case effect(AttemptID)
    case reap(Place, life: Int, AttemptID)
    case survivorsGone(Place, life: Int, AttemptID)

    // People and faults
    case person(Answer)
    case fault(FaultRates.Fault)
    case faultsEnd
    case diligence
}

/// What a person does.
enum Answer: Sendable {
    case card(StepID, Card)
    case acknowledgement(StepID, Card)
    case question(StepID)
    case proceed
    case settle(StepID)
    case rollback
    case interrupt
}
