// An event line
// =============
//
// One event is one JSON object on one line, in UTF-8, without a line break inside and without one at its end
// (the journal's file adds it). These bytes are what the journal's hash chain covers; they are written once,
// and never written again by reading and re-encoding.
//
//     {"at":{"boot":B,"bootID":"ID","wall":W},"data":{…},"event":"NAME","n":N}
//
//     n      number of the event; the first is 1, there are no gaps
//     at     when the runner decided it (see `Moment`): W is nanoseconds since 1970 by the wall clock, B is
//            nanoseconds since the machine started, ID names that start. A time that somebody stated has B = 0
//            and an empty ID. All are integers below 2^63: a reader must not go through floating point.
//     event  the event's name, one of `Event.Name`
//     data   what the event says; its keys depend on the name only (see `EventCoding.swift`)
//
// Canonical form: keys sorted by their bytes, no spaces, `/` not escaped; in strings only `"`, `\` and control
// characters (below U+0020) are escaped, the short way where JSON has one (\b \f \n \r \t), else as \u00xx.
// There are no floating-point numbers. What is absent has no key; `null` stands only for an output that a step
// declared and did not write. Durations are integers in nanoseconds, digests 64 lowercase hexadecimal digits,
// attempts `STEP#NUMBER` or `STEP#NUMBER/PART`. A value that is one of several kinds is an object with one key,
// the kind's name: {"exited":0}, {"argv":["true"]}.
//
// Reading is strict: an unknown event, a missing, unknown, doubled or unsorted key, another spelling of a
// number or a string, anything that is not exactly what would be written, is refused. So equal events have
// equal bytes, and nothing can be hidden in a line that the reader does not show.

internal import DRJSON

/// Writes and reads event lines; the format is at the head of this file.
package enum EventCodec {
    /// The event's line, without a line break.
    /// - Throws: `malformed` only for a text that JSON cannot hold, which Swift's strings rule out.
    package static func encode(_ event: JournaledEvent) throws(MachineError) -> [UInt8] {
        try canonical(Line(event))
    }

    /// Any value in the canonical form that is described at the head of this file.
    static func canonical(_ value: some Encodable) throws(MachineError) -> [UInt8] {
        do {
            return try CanonicalJSON.encode(value)
        } catch {
            throw MachineError(.malformed, "could not be written as JSON: \(error)")
        }
    }

    /// The event of a line (without its line break).
    /// - Throws: `malformed` when the line is not exactly what `encode` writes for some event.
    package static func decode(_ bytes: [UInt8]) throws(MachineError) -> JournaledEvent {
        let read: JournaledEvent
        do {
            read = try CanonicalJSON.decode(Line.self, from: bytes).event
        } catch let error as DecodingError {
            throw MachineError(.malformed, "not an event: \(describe(error))")
        } catch {
            throw MachineError(.malformed, "not an event: \(error)")
        }
        guard try encode(read) == bytes else {
            throw MachineError(
                .malformed, "event \(read.number) (\(read.event.name.rawValue)) is not in canonical form",
                hint: "the line was written or changed by something other than drctl", event: read.number)
        }
        return read
    }

    private static func describe(_ error: DecodingError) -> String {
        func place(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? "" : " at `\(path)`"
        }
        return switch error {
        case .keyNotFound(let key, let context): "`\(key.stringValue)` is missing\(place(context))"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            "\(context.debugDescription)\(place(context))"
        @unknown default: "\(error)"
        }
    }

    private struct Line: Codable {
        var event: JournaledEvent

        init(_ event: JournaledEvent) { self.event = event }

        init(from decoder: any Decoder) throws {
            let line = try ObjectReader(decoder)
            let number = try line.integer("n", as: Int.self)
            let text = try line.text("event")
            guard number > 0 else { throw line.wrong("n", "an event's number is 1 or more") }
            guard let name = Event.Name(rawValue: text) else {
                throw line.wrong("event", "`\(text)` is not an event that this drctl knows")
            }
            event = JournaledEvent(
                number: number, at: try line.value("at"), event: try Event(name, from: line.decoder(of: "data")))
        }

        func encode(to encoder: any Encoder) throws {
            var line = ObjectWriter(encoder)
            try line.write("at", event.at)
            try line.write("data", EventData(event: event.event))
            try line.write("event", text: event.event.name.rawValue)
            try line.write("n", integer: event.number)
        }
    }

    /// What an event says, without its name.
    private struct EventData: Encodable {
        var event: Event
        func encode(to encoder: any Encoder) throws { try event.encodeData(to: encoder) }
    }
}
