internal import DRJSON

extension AttemptReport.Phase: Codable {
    private struct Starting: Codable { var at: Moment }
    private struct Ended: Codable {
        var start: AttemptStart?
        var end: AttemptEnd
    }
    private struct Lost: Codable {
        var start: AttemptStart?
        var at: Moment
    }

    package init(from decoder: any Decoder) throws {
        let one = try OneKeyReader(decoder)
        switch one.name {
        case "starting": self = .starting(at: try one.payload(Starting.self).at)
        case "started": self = .started(try one.payload())
        case "ended":
            let ended: Ended = try one.payload()
            self = .ended(ended.start, ended.end)
        case "lost":
            let lost: Lost = try one.payload()
            self = .lost(lost.start, at: lost.at)
        default: throw one.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .starting(let at): try encoder.writeOneKey("starting", Starting(at: at))
        case .started(let start): try encoder.writeOneKey("started", start)
        case .ended(let start, let end): try encoder.writeOneKey("ended", Ended(start: start, end: end))
        case .lost(let start, let at): try encoder.writeOneKey("lost", Lost(start: start, at: at))
        }
    }
}

extension SupervisorReply: Codable {
    private struct Hello: Codable {
        var supervisor: SupervisorIdentity
        var attempts: [AttemptReport]
    }
    private struct Refused: Codable {
        var reason: String
        var epoch: Int
    }

    package init(from decoder: any Decoder) throws {
        let one = try OneKeyReader(decoder)
        switch one.name {
        case "hello":
            let hello: Hello = try one.payload()
            self = .hello(hello.supervisor, attempts: hello.attempts)
        case "refused":
            let refused: Refused = try one.payload()
            self = .refused(reason: refused.reason, epoch: refused.epoch)
        case "report": self = .report(try one.payload())
        case "finished": self = .finished
        default: throw one.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .hello(let supervisor, let attempts):
            try encoder.writeOneKey("hello", Hello(supervisor: supervisor, attempts: attempts))
        case .refused(let reason, let epoch):
            try encoder.writeOneKey("refused", Refused(reason: reason, epoch: epoch))
        case .report(let report): try encoder.writeOneKey("report", report)
        case .finished: try encoder.writeOneKey("finished", NoPayload())
        }
    }
}
