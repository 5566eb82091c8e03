import DRMachine
import DRRunbook
import DRTestSupport
import Testing

@Suite struct EventCodecTests {
    private func line(_ event: JournaledEvent) throws -> String {
        String(decoding: try EventCodec.encode(event), as: UTF8.self)
    }

    private func decode(_ line: String) throws -> JournaledEvent { try EventCodec.decode(Array(line.utf8)) }

    @Test func thereIsASampleOfEveryEvent() {
        #expect(Set(EventSamples.events.map(\.name)) == Set(Event.Name.allCases))
    }

    @Test func bytesAreThoseOfTheGoldenFile() throws {
        let lines = try EventSamples.all.map(line)
        try GoldenFile("Golden/events.jsonl").expect(lines.joined(separator: "\n") + "\n")
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        for event in EventSamples.all { #expect(try decode(line(event)) == event) }
    }

    @Test func goldenLinesAreRead() throws {
        let lines = try GoldenFile("Golden/events.jsonl").text().split(separator: "\n")
        #expect(try lines.map { try EventCodec.decode(Array($0.utf8)) } == EventSamples.all)
    }

    @Test func unknownEventIsRefusedByName() throws {
        let good = try line(JournaledEvent(number: 1, at: EventSamples.at, event: .cleanupBegan))
        let error = #expect(throws: MachineError.self) {
            try decode(good.replacing("cleanupBegan", with: "cleanupBogus"))
        }
        #expect(error?.message.contains("cleanupBogus") == true)
    }

    static let damage: [(String, String)] = [
        (#""n":7"#, #""n":0"#), (#""n":7"#, #""n":7.0"#), (#""n":7"#, #""n":"7""#), (#""n":7"#, #""n":7,"n":7"#),
        (#""n":7"#, #""n": 7"#), (#""n":7"#, #""n":7,"x":1"#), (#","n":7"#, ""),
        (#""data":{"#, #""data":{"extra":1,"#), (#""reason":"a/b""#, #""reason":"a\/b""#),
        (#""reason":"a/b""#, #""reason":"\u0061/b""#), (#""reason":"a/b""#, #""reason":null"#),
        (#""reason":"a/b","step":"s""#, #""step":"s","reason":"a/b""#), (#","step":"s""#, ""), (#"}"#, ""),
    ]

    @Test(arguments: damage)
    func anythingButTheCanonicalFormIsRefused(from: String, to: String) throws {
        let good = try line(JournaledEvent(number: 7, at: EventSamples.at, event: .stepSkipped("s", reason: "a/b")))
        let bad = good.replacing(from, with: to)
        #expect(bad != good)
        let error = #expect(throws: MachineError.self) { try decode(bad) }
        #expect(error?.code == .malformed)
    }

    @Test(arguments: ["", "{", "[]", "null", "7", "\u{FEFF}{}"])
    func whatIsNoEventAtAllIsRefused(text: String) {
        #expect(throws: MachineError.self) { try decode(text) }
    }

    @Test func bytesThatAreNotUTF8AreRefused() throws {
        var bytes = try EventCodec.encode(
            JournaledEvent(number: 7, at: EventSamples.at, event: .stepSkipped("s", reason: "a/b")))
        let index = try #require(bytes.firstIndex(of: UInt8(ascii: "/")))
        bytes[index] = 0xFF
        #expect(throws: MachineError.self) { try EventCodec.decode(bytes) }
    }

    @Test(arguments: ["restore#2", "serve#1/ready", "a/b[eu]#10/probe"])
    func attemptsAreWrittenAsText(text: String) throws {
        #expect(try #require(AttemptID(text)).description == text)
    }

    @Test(arguments: [
        "restore", "restore#0", "restore#-1", "restore#1/action", "restore#1/x", "restore#1/ready/x", "r#1/",
    ])
    func whatIsNoAttemptIsRefused(text: String) { #expect(AttemptID(text) == nil) }
}
