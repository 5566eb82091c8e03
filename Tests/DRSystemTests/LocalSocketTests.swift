import DRSystem
import DRTestSupport
import SystemPackage
import Testing

@Suite struct LocalSocketTests {
    let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    /// Both ends of a connection.
    private func pair(lineLimit: Int = 1 << 20) throws -> (LocalListener, LocalConnection, LocalConnection) {
        let listener = try LocalListener(in: folder.path, name: "socket", lineLimit: lineLimit)
        let client = try LocalSocket.connect(in: folder.path, name: "socket", lineLimit: lineLimit)
        return (listener, try #require(try listener.accept()), client)
    }

    @Test func `lines arrive whole and in order, both ways`() throws {
        let (listener, server, client) = try pair()
        try client.sendLine(Array("one".utf8))
        try client.sendLine([])
        try client.sendLine([UInt8](repeating: 65, count: 150_000))
        #expect(try server.readLine() == Array("one".utf8))
        #expect(try server.readLine() == [])
        #expect(try server.readLine()?.count == 150_000)
        try server.sendLine(Array("back".utf8))
        #expect(try client.readLine() == Array("back".utf8))
        client.shutdown()
        #expect(try server.readLine() == nil)
        _ = listener
    }

    @Test func `lines of many senders do not mix`() async throws {
        let (_, server, client) = try pair()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for sender in 0..<8 {
                group.addTask {
                    try await BlockingThread.run {
                        for _ in 0..<20 { try client.sendLine([UInt8](repeating: 65 + UInt8(sender), count: 9999)) }
                    }
                }
            }
            let read = Task {
                try await BlockingThread.run {
                    for _ in 0..<160 {
                        let line = try #require(try server.readLine())
                        #expect(line.count == 9999)
                        #expect(Set(line).count == 1)
                    }
                }
            }
            try await group.waitForAll()
            try await read.value
        }
    }

    @Test func `the socket is the owner's alone, and goes with the listener`() throws {
        let path = folder.appending("socket")
        do {
            let listener = try LocalListener(in: folder.path, name: "socket")
            let status = try FileStatus(of: path)
            #expect(status.kind == .socket)
            #expect(status.permissions == 0o600)
            _ = listener
        }
        #expect(try FileStatus.ifPresent(at: path) == nil)
        let error = #expect(throws: SystemError.self) { try LocalSocket.connect(in: folder.path, name: "socket") }
        #expect(error?.errno == .noSuchFileOrDirectory)
    }

    @Test func `a folder deeper than a socket's path may be long`() throws {
        let deep = folder.appending(String(repeating: "d", count: 120)).appending(String(repeating: "e", count: 120))
        try DurableFile.makeDirectory(at: deep)
        let listener = try LocalListener(in: deep, name: "socket")
        let client = try LocalSocket.connect(in: deep, name: "socket")
        #expect(client.peerPID > 0)
        _ = listener
    }

    @Test func `a dead listener's file is taken over, anything else is not`() throws {
        let path = folder.appending("socket")
        try DurableFile.replace(at: path, with: [])
        #expect(throws: SystemError.self) { _ = try LocalListener(in: folder.path, name: "socket") }
        try DurableFile.remove(path)
        // What a killed listener leaves: a socket file that nobody listens at.
        let listener = try LocalListener(in: folder.path, name: "other")
        try DurableFile.rename(folder.appending("other"), to: path)
        listener.shutdown()
        let error = #expect(throws: SystemError.self) { try LocalSocket.connect(in: folder.path, name: "socket") }
        #expect(error?.errno == .connectionRefused)
        let second = try LocalListener(in: folder.path, name: "socket")
        _ = try LocalSocket.connect(in: folder.path, name: "socket")
        _ = second
    }

    @Test func `a line without an end stops at the limit, a silent peer at the time`() throws {
        let (_, server, client) = try pair(lineLimit: 1000)
        let late = #expect(throws: SystemError.self) { _ = try server.readLine(atMost: .milliseconds(5)) }
        #expect(late?.errno == .timedOut)
        try client.sendLine([UInt8](repeating: 65, count: 5000))
        let long = #expect(throws: SystemError.self) { _ = try server.readLine() }
        #expect(long?.errno == .messageTooLong)
    }

    @Test func `shutting down wakes the one who waits`() async throws {
        let listener = try LocalListener(in: folder.path, name: "socket")
        async let accepted = BlockingThread.run { try listener.accept() == nil }
        listener.shutdown()
        #expect(try await accepted)
    }
}
