import DRJournal
import DRMachine
import DRSystem
import Synchronization

/// Watches a run's `requests/`, and hands each request to the mailbox once.
final class RequestWatch: Sendable {
    private struct State {
        var handedOver: Set<String> = []
        var task: Task<Void, Never>?
    }

    /// Short enough for a person at a terminal: how often the folder is listed where it cannot be watched.
    private static let interval = Duration.milliseconds(150)
    /// A watch that missed something is no reason to miss it for ever, in milliseconds.
    private static let patience: Int32 = 5000

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
            let watch = FolderWatch(box.directory)
            while !Task.isCancelled {
                let isDone = await look()
                if let watch, isDone {
                    await BlockingThread.run { watch.wait(atMost: Self.patience) }
                } else {
                    try? await Task.sleep(for: Self.interval)
                }
            }
        }
        state.withLock { $0.task = task }
    }

    func stop() { state.withLock { $0.task }?.cancel() }

    /// - Returns: whether all that is there was handed over; what was not is tried again soon.
    func look() async -> Bool {
        // A folder that cannot be listed now is listed again; nothing is taken for an empty one.
        guard let found = try? await BlockingThread.run({ [box] in try box.pending() }) else {
            return false
        }
        var isDone = true
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
                    state.withLock { _ = $0.handedOver.remove(request.request.id) }
                    isDone = false
                }
            case .refused(let id, let owner, let reason):
                mailbox.put(.input(.requestRefused(id: id, ownerUID: owner, reason: reason)))
            }
        }
        return isDone
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
            state.handedOver.filter(run.hasAnswered)
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
