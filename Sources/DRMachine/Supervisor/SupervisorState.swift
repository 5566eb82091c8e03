/// What a supervisor knows: a fold over its spool.
package struct SupervisorState: Sendable, Equatable {
    /// The run this spool belongs to, once a supervisor has started with it.
    package private(set) var run: String?
    package private(set) var identity: SupervisorIdentity?
    /// The epoch that may ask; lower ones are barred. 0: nobody has said hello yet.
    package private(set) var epoch = 0
    /// The newest journal head that a runner told: a journal behind it has lost its end.
    package private(set) var journalHead: JournalHead?
    package private(set) var attempts: [AttemptID: SpooledAttempt] = [:]
    /// Attempts in the order in which they became known.
    package private(set) var order: [AttemptID] = []

    package init() {}

    /// The generation that the next supervisor of this spool has.
    package var nextGeneration: Int { (identity?.generation ?? 0) + 1 }

    /// Everything known, in the order in which it became known: the answer to `hello`.
    package var reports: [AttemptReport] { order.compactMap { attempts[$0]?.report(as: $0) } }

    /// Attempts that have neither ended nor been lost, in order.
    package var open: [AttemptID] { order.filter { attempts[$0]?.isOpen == true } }

    /// Takes up one record of the spool.
    /// - Throws: `eventDoesNotFit` when no supervisor can have written this record here.
    package mutating func apply(_ record: SpoolRecord) throws(MachineError) {
        switch record {
        case .supervisorStarted(let newRun, let newIdentity):
            guard run == nil || run == newRun else {
                throw MachineError(.eventDoesNotFit, "the spool of run \(run ?? "") names run \(newRun)")
            }
            guard newIdentity.generation == nextGeneration else {
                throw MachineError(
                    .eventDoesNotFit,
                    "generation \(newIdentity.generation) follows generation \(nextGeneration - 1) in the spool")
            }
            run = newRun
            identity = newIdentity
        case .epochBarred(let newEpoch, let head):
            guard newEpoch >= epoch else {
                throw MachineError(.eventDoesNotFit, "epoch \(newEpoch) follows epoch \(epoch) in the spool")
            }
            epoch = newEpoch
            if let head { journalHead = head }
        case .starting(let spec, let at):
            guard let identity, attempts[spec.attempt] == nil else {
                throw MachineError(.eventDoesNotFit, "attempt \(spec.attempt) starts twice in the spool")
            }
            attempts[spec.attempt] = SpooledAttempt(
                generation: identity.generation, spec: spec, phase: .starting(at: at))
            order.append(spec.attempt)
        case .started(let attempt, let start):
            guard case .starting? = attempts[attempt]?.phase else {
                throw MachineError(.eventDoesNotFit, "attempt \(attempt) started without `starting` in the spool")
            }
            attempts[attempt]?.phase = .started(start)
        case .ended(let attempt, let end): try close(attempt) { .ended($0, end) }
        case .lost(let attempt, let at): try close(attempt) { .lost($0, at: at) }
        }
    }

    private mutating func close(
        _ attempt: AttemptID, as phase: (AttemptStart?) -> AttemptReport.Phase
    ) throws(MachineError) {
        guard let identity else {
            throw MachineError(.eventDoesNotFit, "attempt \(attempt) ends before any supervisor started")
        }
        guard let known = attempts[attempt] else {
            attempts[attempt] = SpooledAttempt(generation: identity.generation, spec: nil, phase: phase(nil))
            order.append(attempt)
            return
        }
        guard known.isOpen else {
            throw MachineError(.eventDoesNotFit, "attempt \(attempt) ends twice in the spool")
        }
        attempts[attempt]?.phase = phase(known.start)
    }
}

/// An attempt as the spool knows it.
package struct SpooledAttempt: Sendable, Equatable {
    /// Generation of the supervisor that started it.
    package var generation: Int
    /// nil for a tombstone.
    package var spec: AttemptSpec?
    package var phase: AttemptReport.Phase

    package var isOpen: Bool {
        switch phase {
        case .starting, .started: true
        case .ended, .lost: false
        }
    }

    package var start: AttemptStart? {
        switch phase {
        case .starting: nil
        case .started(let start): start
        case .ended(let start, _), .lost(let start, _): start
        }
    }

    /// When it began, as far as is known.
    var bootID: String? {
        switch phase {
        case .starting(let at): at.bootID
        case .started(let start): start.at.bootID
        case .ended, .lost: nil
        }
    }

    func report(as attempt: AttemptID) -> AttemptReport { AttemptReport(attempt: attempt, phase: phase) }
}
