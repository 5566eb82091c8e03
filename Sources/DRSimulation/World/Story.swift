import DRMachine

// What happens, in words that are the same each time.
extension SupervisorRequest {
    var words: String {
        switch self {
        case .hello(_, let epoch, let head): "hello, epoch \(epoch), commit \(head?.commit ?? 0)"
        case .start(_, let spec, _): "start \(spec.attempt)"
        case .stop(_, let attempt): "stop \(attempt)"
        case .finish: "finish"
        }
    }
}

extension SupervisorReply {
    var words: String {
        switch self {
        case .hello(let identity, let attempts):
            "hello, generation \(identity.generation); \(attempts.map(\.words).joined(separator: ", "))"
        case .refused(let reason, let epoch): "refused, epoch \(epoch): \(reason)"
        case .report(let report): report.words
        case .finished: "finished"
        }
    }
}

extension AttemptReport {
    fileprivate var words: String {
        switch phase {
        case .starting: "\(attempt) starting"
        case .started: "\(attempt) started"
        case .ended(_, let end): "\(attempt) ended (\(end.result))"
        case .lost: "\(attempt) lost"
        }
    }
}

extension JournaledEvent {
    /// Its line of the journal.
    var words: String { (try? EventCodec.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "\(number)" }
}
