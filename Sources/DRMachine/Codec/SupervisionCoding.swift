internal import DRCrypto
internal import DRJSON
import DRRunbook

// The supervisor's line: an object with one key, the message's name.

extension SupervisorRequest: Codable {
    package init(from decoder: any Decoder) throws {
        let one = try OneKeyReader(decoder)
        let request = try one.members()
        switch one.name {
        case "hello":
            self = .hello(
                run: try request.text("run"), epoch: try request.integer("epoch"),
                journalHead: try request.valueIfPresent("journalHead"))
        case "start":
            self = .start(
                epoch: try request.integer("epoch"), spec: try request.value("spec"),
                secrets: try request.table("secrets"))
        case "stop": self = .stop(epoch: try request.integer("epoch"), attempt: try request.value("attempt"))
        case "finish": self = .finish(epoch: try request.integer("epoch"))
        default: throw one.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .hello(let run, let epoch, let head):
            try encoder.writeOneKey("hello") { request in
                try request.write("epoch", integer: epoch)
                try request.writeIfPresent("journalHead", head)
                try request.write("run", text: run)
            }
        case .start(let epoch, let spec, let secrets):
            try encoder.writeOneKey("start") { request in
                try request.write("epoch", integer: epoch)
                try request.write("secrets", table: secrets)
                try request.write("spec", spec)
            }
        case .stop(let epoch, let attempt):
            try encoder.writeOneKey("stop") { request in
                try request.write("attempt", text: attempt.description)
                try request.write("epoch", integer: epoch)
            }
        case .finish(let epoch):
            try encoder.writeOneKey("finish") { try $0.write("epoch", integer: epoch) }
        }
    }
}

extension AttemptReport: Codable {
    package init(from decoder: any Decoder) throws {
        let report = try ObjectReader(decoder)
        self.init(attempt: try report.value("attempt"), phase: try report.value("phase"))
    }

    package func encode(to encoder: any Encoder) throws {
        var report = ObjectWriter(encoder)
        try report.write("attempt", text: attempt.description)
        try report.write("phase", phase)
    }
}

extension AttemptReport.Phase: Codable {
    package init(from decoder: any Decoder) throws {
        let one = try OneKeyReader(decoder)
        switch one.name {
        case "starting": self = .starting(at: try one.members().value("at"))
        case "started": self = .started(try one.payload())
        case "ended":
            let ended = try one.members()
            self = .ended(try ended.valueIfPresent("start"), try ended.value("end"))
        case "lost":
            let lost = try one.members()
            self = .lost(try lost.valueIfPresent("start"), at: try lost.value("at"))
        default: throw one.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .starting(let at): try encoder.writeOneKey("starting") { try $0.write("at", at) }
        case .started(let start): try encoder.writeOneKey("started", start)
        case .ended(let start, let end):
            try encoder.writeOneKey("ended") { ended in
                try ended.write("end", end)
                try ended.writeIfPresent("start", start)
            }
        case .lost(let start, let at):
            try encoder.writeOneKey("lost") { lost in
                try lost.write("at", at)
                try lost.writeIfPresent("start", start)
            }
        }
    }
}

extension SupervisorReply: Codable {
    package init(from decoder: any Decoder) throws {
        let one = try OneKeyReader(decoder)
        switch one.name {
        case "hello":
            let hello = try one.members()
            self = .hello(try hello.value("supervisor"), attempts: try hello.array("attempts"))
        case "refused":
            let refused = try one.members()
            self = .refused(reason: try refused.text("reason"), epoch: try refused.integer("epoch"))
        case "report": self = .report(try one.payload())
        case "finished": self = .finished
        default: throw one.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .hello(let supervisor, let attempts):
            try encoder.writeOneKey("hello") { hello in
                try hello.write("attempts", array: attempts)
                try hello.write("supervisor", supervisor)
            }
        case .refused(let reason, let epoch):
            try encoder.writeOneKey("refused") { refused in
                try refused.write("epoch", integer: epoch)
                try refused.write("reason", text: reason)
            }
        case .report(let report): try encoder.writeOneKey("report", report)
        case .finished: try encoder.writeOneKey("finished", NoPayload())
        }
    }
}
