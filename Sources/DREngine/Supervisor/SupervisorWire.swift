internal import DRJSON
internal import DRMachine
internal import DRRunbook
internal import DRSystem
internal import FoundationEssentials

/// One line from a runner.
enum WireRequest: Equatable {
    case request(SupervisorRequest)
    /// A question outside the journal; `id` is the asker's.
    case ask(id: Int, epoch: Int, check: ResolvedCheck, timeout: TimeSpan)
}

/// One line from a supervisor.
enum WireReply: Equatable {
    case reply(SupervisorReply)
    case answer(id: Int, exit: Int32, detail: String)
}

extension WireRequest: Codable {
    init(from decoder: any Decoder) throws {
        let one = try OneKeyReader(decoder)
        switch one.name {
        case "request": self = .request(try one.payload())
        case "ask":
            let ask = try one.members()
            self = .ask(
                id: try ask.integer("id"), epoch: try ask.integer("epoch"), check: try ask.value("check"),
                timeout: try ask.value("timeout"))
        default: throw one.unknown
        }
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .request(let request): try encoder.writeOneKey("request", request)
        case .ask(let id, let epoch, let check, let timeout):
            try encoder.writeOneKey("ask") { ask in
                try ask.write("check", check)
                try ask.write("epoch", integer: epoch)
                try ask.write("id", integer: id)
                try ask.write("timeout", integer: timeout.nanoseconds)
            }
        }
    }
}

extension WireReply: Codable {
    init(from decoder: any Decoder) throws {
        let one = try OneKeyReader(decoder)
        switch one.name {
        case "reply": self = .reply(try one.payload())
        case "answer":
            let answer = try one.members()
            self = .answer(
                id: try answer.integer("id"), exit: try answer.integer("exit"), detail: try answer.text("detail"))
        default: throw one.unknown
        }
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .reply(let reply): try encoder.writeOneKey("reply", reply)
        case .answer(let id, let exit, let detail):
            try encoder.writeOneKey("answer") { answer in
                try answer.write("detail", text: detail)
                try answer.write("exit", integer: exit)
                try answer.write("id", integer: id)
            }
        }
    }
}

enum Wire {
    /// A runner's line holds at most one script or request; a supervisor's, every attempt of the run.
    static let requestLimitBytes = 16 << 20
    static let replyLimitBytes = 256 << 20

    static func encode(_ message: some Encodable) throws(EngineError) -> [UInt8] {
        do { return try CanonicalJSON.encode(message) } catch {
            throw EngineError(.protocolViolation, "a message cannot be written as JSON", cause: error)
        }
    }

    static func decode<Message: Decodable>(_ type: Message.Type, _ line: [UInt8]) throws(EngineError) -> Message {
        do { return try CanonicalJSON.decode(type, from: line) } catch {
            throw EngineError(
                .protocolViolation, "the other side of the socket said something that is not understood here",
                hint: "runner and supervisor may be of different versions: finish the run with the one that began it",
                cause: error)
        }
    }
}

/// The lines that arrive on a connection, read by a thread of their own; ends when the connection does.
func incomingLines(of connection: LocalConnection) -> AsyncStream<[UInt8]> {
    let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
    BlockingThread.detach {
        while let line = try? connection.readLine() { continuation.yield(line) }
        continuation.finish()
    }
    return stream
}

/// The sending half of a connection: keeps the order, and never lets a slow reader hold up the sender.
/// What has come while a line was on its way goes out with the next write.
final class LineSender: Sendable {
    private struct Outbox {
        var lines: [[UInt8]] = []
        /// Nothing more comes.
        var isFinished = false
        /// Nothing more is sent, because all was or because the other end is gone.
        var isOver = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let outbox = Monitor(Outbox())

    init(_ connection: LocalConnection) {
        let outbox = outbox
        BlockingThread.detach {
            while let lines = Self.next(outbox), (try? connection.sendLines(lines)) != nil {}
            connection.shutdown()
            let waiting = outbox.withLock { box in
                box.isOver = true
                box.lines = []
                return box.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    /// nil when all was sent and nothing more comes.
    private static func next(_ outbox: Monitor<Outbox>) -> [[UInt8]]? {
        let lines = outbox.waiting(until: { !$0.lines.isEmpty || $0.isFinished }) { box in
            defer { box.lines = [] }
            return box.lines
        }
        return lines?.isEmpty == false ? lines : nil
    }

    func send(_ line: [UInt8]) {
        outbox.withLock { box in
            if !box.isOver, !box.isFinished { box.lines.append(line) }
        }
        outbox.signal()
    }

    /// Sends what is waiting, then closes the connection.
    func finish() async {
        await withCheckedContinuation { continuation in
            let isOver = outbox.withLock { box in
                box.isFinished = true
                if !box.isOver { box.waiting.append(continuation) }
                return box.isOver
            }
            if isOver { continuation.resume() } else { outbox.signal() }
        }
    }
}
