import DRMachine
import DRSystem
import DRTestSupport
import Testing

@testable import DREngine

@Suite struct MailboxTests {
    /// The reasons of what was taken, in order.
    private func reasons(_ messages: [Mailbox.Message]) -> [String] {
        messages.map { if case .input(.pause(let reason)) = $0 { reason } else { "?" } }
    }

    @Test func `all that has come is taken at once, in order`() async {
        let mailbox = Mailbox()
        for reason in ["a", "b", "c"] { mailbox.put(.input(.pause(reason: reason))) }
        #expect(reasons(await mailbox.take()) == ["a", "b", "c"])
        #expect(mailbox.isEmpty)
    }

    @Test func `a patient message goes with the next one`() async {
        let mailbox = Mailbox()
        mailbox.put(.input(.pause(reason: "patient")), isPatient: true)
        mailbox.put(.input(.pause(reason: "due")))
        #expect(reasons(await mailbox.take()) == ["patient", "due"])
    }

    @Test func `a patient message does not wait for ever`() async {
        let mailbox = Mailbox()
        async let taken = mailbox.take()
        mailbox.put(.input(.pause(reason: "alone")), isPatient: true)
        #expect(reasons(await taken) == ["alone"])
    }

    @Test func `a taker that waits is handed what comes`() async {
        let mailbox = Mailbox()
        async let taken = mailbox.take()
        mailbox.put(.input(.pause(reason: "late")))
        #expect(reasons(await taken) == ["late"])
    }
}

@Suite struct LineSenderTests {
    @Test func `finishing sends what is waiting, and ends the connection`() async throws {
        let folder = try TemporaryDirectory()
        let listener = try LocalListener(in: folder.path, name: "socket")
        let client = try LocalSocket.connect(in: folder.path, name: "socket")
        let server = try #require(try listener.accept())
        let sender = LineSender(client)
        let lines = (0..<2000).map { Array("line \($0)".utf8) }
        for line in lines { sender.send(line) }
        async let finished: Void = sender.finish()
        var read: [[UInt8]] = []
        for await line in incomingLines(of: server) { read.append(line) }
        await finished
        #expect(read == lines)
        // Nothing hangs that is done once more.
        sender.send(Array("late".utf8))
        await sender.finish()
    }

    @Test func `a sender whose other end is gone can be finished`() async throws {
        let folder = try TemporaryDirectory()
        let listener = try LocalListener(in: folder.path, name: "socket")
        let client = try LocalSocket.connect(in: folder.path, name: "socket")
        try #require(try listener.accept()).shutdown()
        let sender = LineSender(client)
        for _ in 0..<100 { sender.send([UInt8](repeating: 65, count: 1000)) }
        await sender.finish()
    }
}
