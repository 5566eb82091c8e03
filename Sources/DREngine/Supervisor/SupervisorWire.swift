internal import DRJSON
internal import DRMachine
internal import DRRunbook
internal import DRSystem
internal import FoundationEssentials

/// One line from a runner.
enum WireRequest: Codable, Equatable {
    case request(SupervisorRequest)
    /// A question outside the journal; `id` is the asker's.
    case ask(id: Int, epoch: Int, check: ResolvedCheck, timeout: TimeSpan)
}

/// One line from a supervisor.
enum WireReply: Codable, Equatable {
    case reply(SupervisorReply)
    case answer(id: Int, exit: Int32, detail: String)
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
final class LineSender: Sendable {
    private let outbox: AsyncStream<[UInt8]>.Continuation
    private let writer: Task<Void, Never>

    init(_ connection: LocalConnection) {
        let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        outbox = continuation
        writer = Task {
            for await line in stream {
                let sent = await BlockingThread.run { (try? connection.sendLine(line)) != nil }
                if !sent { break }
            }
            connection.shutdown()
        }
    }

    func send(_ line: [UInt8]) { outbox.yield(line) }

    /// Sends what is waiting, then closes the connection.
    func finish() async {
        outbox.finish()
        await writer.value
    }
}
