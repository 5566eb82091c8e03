import DRJournal
import DRMachine
import DRSystem
import Synchronization

/// Looks into a run's `requests/` now and then, and hands each request to the mailbox once.
final class RequestWatch: Sendable {
    private struct State {
        var handedOver: Set<String> = []
        /// When the folder was changed last, as far as it was seen, and how often it was listed since.
        var changed: Int64?
        var looks = 0
        var task: Task<Void, Never>?
    }

    /// Short enough for a person at a terminal, long enough to cost nothing.
    private static let interval = Duration.milliseconds(150)

    private let box: RequestBox
    private let signatures: SignatureCheck
    private let mailbox: Mailbox
    private let state = Mutex(State())

    init(_ box: RequestBox, _ signatures: SignatureCheck, mailbox: Mailbox) {
        self.box = box
        self.signatures = signatures
        self.mailbox = mailbox
    }

    func start() {
        let task = Task { [self] in
            while !Task.isCancelled {
                await look()
                try? await Task.sleep(for: Self.interval)
            }
        }
        state.withLock { $0.task = task }
    }

    func stop() { state.withLock { $0.task }?.cancel() }

    /// A folder that nothing was put into need not be listed. What was put into it in the moment of the last look may
    /// have left its time as it was: so it is listed twice, and now and then whatever its time says.
    private var isNew: Bool {
        guard let changed = try? FileStatus.ifPresent(at: box.directory)?.changedAt else { return true }
        return state.withLock { state in
            if state.changed != changed { (state.changed, state.looks) = (changed, 0) }
            state.looks += 1
            return state.looks <= 2 || state.looks % 32 == 0
        }
    }

    private func look() async {
        guard isNew else { return }
        // A folder that cannot be listed now is listed again; nothing is taken for an empty one.
        guard let found = try? await BlockingThread.run({ [box] in try box.pending() }) else {
            state.withLock { $0.looks = 0 }
            return
        }
        for one in found where state.withLock({ $0.handedOver.insert(one.id).inserted }) {
            switch one {
            case .accepted(let request):
                do {
                    let fault = try await BlockingThread.run { [box] in try box.keepEvidence(of: request) }
                    let id = request.request.id
                    let input: Input =
                        if let fault {
                            .requestRefused(id: id, ownerUID: request.ownerUID, reason: fault)
                        } else {
                            await signed(request)
                        }
                    mailbox.put(.input(input))
                } catch {
                    // What cannot be kept now is tried again.
                    state.withLock { state in
                        _ = state.handedOver.remove(request.request.id)
                        state.looks = 0
                    }
                }
            case .refused(let id, let owner, let reason):
                mailbox.put(.input(.requestRefused(id: id, ownerUID: owner, reason: reason)))
            }
        }
    }

    /// The request with who signed it, where it is signed at all; a signature that does not hold is a refusal.
    private func signed(_ accepted: AcceptedRequest) async -> Input {
        guard let signed = accepted.request.signed else { return .request(accepted) }
        var request = accepted
        do throws(EngineError) {
            request.signer = try await signatures.signer(of: signed, id: accepted.request.id)
        } catch {
            return .requestRefused(
                id: accepted.request.id, ownerUID: accepted.ownerUID, reason: error.description)
        }
        return .request(request)
    }

    /// Removes the files of requests that the journal holds.
    func settle(_ run: RunState) {
        let settled = state.withLock { state in
            state.handedOver.filter { run.appliedRequests.contains($0) || run.refusedRequests.contains($0) }
        }
        guard !settled.isEmpty else { return }
        let box = box
        BlockingThread.detach {
            // What cannot be removed stays; its id is in the journal, so it is never applied again.
            for id in settled {
                try? box.remove(id)
                box.removeEvidence(id)
            }
        }
        state.withLock { $0.handedOver.subtract(settled) }
    }
}
