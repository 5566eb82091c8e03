import DRCrypto
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import SystemPackage

/// Leaves a person's request in a run and waits until the runner has answered it.
struct Asking {
    struct Answer: Encodable, Sendable {
        var run: String
        var request: String
        /// `applied`, `refused` or `waiting`.
        var state: String
        var reason: String?
    }

    /// How long a living runner is given to journal a request.
    static let patience = TimeSpan.seconds(20)

    private let view: RunView
    private var directory: RunDirectory { view.directory }

    init(_ view: RunView) { self.view = view }

    /// - Throws: where the run is closed, and where it refuses.
    /// - Parameter files: what shows that it is so.
    func leave(
        _ ask: Request.Ask, files: [(name: String, bytes: [UInt8])] = [], done: String
    ) async throws -> Outcome {
        var request = Request(id: try Self.newID(), run: directory.id, uid: Host.effectiveUID, ask: ask)
        if !files.isEmpty { request.files = files.map { EvidenceFile(name: $0.name, bytes: $0.bytes) } }
        return try await leave(request, contents: files.map(\.bytes), done: done)
    }

    /// A request that is whole already: a signed one.
    func leave(_ request: Request, contents: [[UInt8]] = [], done: String) async throws -> Outcome {
        let id = request.id
        if view.isClosed {
            guard request.ask.mayFollowTheEnd else { throw closed("run \(directory.id) is closed already") }
            return try await addToTheEnd(request, done: done)
        }
        try RequestBox(of: directory).leave(request, files: contents)
        let deadline = try Deadline(after: Self.patience)
        while !deadline.isPast {
            if let outcome = try answered(id, done: done) { return outcome }
            if try RunnerLock.holder(of: directory) == nil { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        // A runner may have answered and gone between the two looks.
        if let outcome = try answered(id, done: done) { return outcome }
        if try RunView(reading: directory).isClosed {
            throw closed("run \(directory.id) was closed before it took this")
        }
        return .run(
            [.waitingForPerson],
            text: "left, and waits: no runner is alive to take it.\nGo on with:  drctl resume \(directory.id)",
            result: Answer(run: directory.id, request: id, state: "waiting"))
    }

    /// Nobody drives a run that is closed: who has something to say of it writes it down, and its report anew.
    private func addToTheEnd(_ request: Request, done: String) async throws -> Outcome {
        try RequestBox(of: directory).leave(request)
        let deadline = try Deadline(after: Self.patience)
        while true {
            do {
                try await RunSession.takeLateRequests(of: directory)
            } catch let error as JournalError where error.code == .heldByAnother && !deadline.isPast {
                // Somebody else says something, and takes this along perhaps.
                try await Task.sleep(for: .milliseconds(100))
                continue
            }
            break
        }
        guard let outcome = try answered(request.id, done: done) else {
            throw Failure(
                exit: .notEstablished, code: "request.unanswered",
                message: "run \(directory.id) has not taken this up", hint: "try it again")
        }
        return outcome
    }

    private func closed(_ message: String) -> Failure {
        Failure(exit: .usage, code: "run.closed", message: message, hint: "see `drctl status \(directory.id)`")
    }

    private func answered(_ id: String, done: String) throws -> Outcome? {
        for event in try JournalReader.read(at: directory.journal).events.reversed() {
            switch event.event {
            case .requestApplied(let accepted) where accepted.request.id == id:
                return .run([], text: done, result: Answer(run: directory.id, request: id, state: "applied"))
            case .requestRefused(id, _, let reason):
                throw Failure(
                    exit: .usage, code: "request.refused", message: "the run refused it: \(reason)",
                    hint: "see `drctl status \(directory.id)`")
            default: continue
            }
        }
        return nil
    }

    static func newID() throws -> String {
        try SecureRandom.bytes(16).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }
}
