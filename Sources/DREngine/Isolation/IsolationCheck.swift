internal import DRCrypto
package import DRMachine
package import DRRunbook
internal import DRSystem
internal import NIOCore
package import SystemPackage

/// The negative probe with its positive control, before a drill's first step: what the inside must not reach is
/// tried from outside, by this process, where it has to answer, and from inside, where it has to fail. Inside it is
/// tried by the very process that every check of a step is (`drctl action check`), started by the very supervisor.
package struct IsolationCheck: Sendable {
    private let runDirectory: FilePath
    private let limit = TimeSpan.seconds(20)
    private static let pausesMilliseconds = [100, 500]

    /// - Parameter runDirectory: absolute.
    package init(runDirectory: FilePath) { self.runDirectory = runDirectory }

    /// - Parameters:
    ///   - inside: has said hello.
    ///   - generation: the inside supervisor's; the report speaks of its namespaces only.
    /// - Returns: `broken` where anything answers inside; `demonstrated` where everything answered outside and failed
    ///   inside; otherwise `enforcedNotDemonstrated`.
    /// - Throws: `isolationNotEstablished` when the control itself says nothing: when the canaries do not answer
    ///   outside, or the inside cannot be asked; `connectionLost`.
    package func check(
        _ isolation: PlannedIsolation, inside: any SupervisorConnection, generation: Int
    ) async throws(EngineError) -> IsolationReport {
        let canaries = try Canaries(runDirectory: runDirectory)
        var probes: [IsolationReport.Probe] = []
        var isDemonstrated = true
        for (name, address) in canaries.addresses {
            let answered = await TCPProbe.ask(address)
            let failed = try await ask(inside, address)
            guard answered.verdict == .holds, failed.verdict != .notEstablished else {
                let reason = answered.verdict == .holds ? "inside: \(failed.detail)" : "outside: \(answered.detail)"
                throw EngineError(
                    .isolationNotEstablished, "the positive control of the isolation, \(name), says nothing: \(reason)",
                    hint: "without it nobody knows what a failing probe means; look at the supervisors' logs")
            }
            probes.append(Self.probe(name, isControl: true, outside: answered, inside: failed))
        }
        for name in isolation.mustNotReach {
            let answered = await TCPProbe.ask(name)
            // By address too: a name that does not resolve inside would prove nothing about what it stands for.
            var failed = try await inside.ask(.tcp(name), timeout: limit)
            if failed.verdict != .holds, let numeric = await Self.resolve(name) {
                failed = try await ask(inside, numeric)
            }
            probes.append(Self.probe(name, isControl: false, outside: answered, inside: failed))
            if answered.verdict != .holds || failed.verdict == .notEstablished { isDemonstrated = false }
        }
        // An inside that died meanwhile answered nothing: that is its end, and says nothing about the isolation.
        if !isDemonstrated, let control = canaries.addresses.first { _ = try await ask(inside, control.address) }
        canaries.close()
        let verdict: IsolationReport.Verdict =
            probes.contains(where: \.answeredInside)
            ? .broken : isDemonstrated ? .demonstrated : .enforcedNotDemonstrated
        return IsolationReport(generation: generation, verdict: verdict, probes: probes)
    }

    /// What the inside says of an address. A check that came to nothing, because something killed it for example, is
    /// made again: it says nothing about the isolation.
    private func ask(_ inside: any SupervisorConnection, _ address: String) async throws(EngineError) -> CheckAnswer {
        for pause in Self.pausesMilliseconds {
            let answer = try await inside.ask(.tcp(address), timeout: limit)
            if answer.verdict != .notEstablished { return answer }
            try? await Task.sleep(for: .milliseconds(pause))
        }
        return try await inside.ask(.tcp(address), timeout: limit)
    }

    private static func probe(
        _ name: String, isControl: Bool, outside: CheckAnswer, inside: CheckAnswer
    ) -> IsolationReport.Probe {
        IsolationReport.Probe(
            name: name, isControl: isControl, answeredOutside: outside.verdict == .holds,
            answeredInside: inside.verdict == .holds,
            detail: "outside: \(firstLine(outside.detail)); inside: \(firstLine(inside.detail))")
    }

    private static func firstLine(_ text: String) -> String {
        text.split(separator: "\n").last.map { displayEscaped(String($0)) } ?? "no detail"
    }

    /// The address that the outside means by a name.
    private static func resolve(_ name: String) async -> String? {
        guard let (host, port) = TCPProbe.split(name) else { return nil }
        return await BlockingThread.run {
            guard let address = try? SocketAddress.makeAddressResolvingHost(host, port: port),
                let numeric = address.ipAddress
            else { return nil }
            return address.protocol == .inet6 ? "[\(numeric)]:\(port)" : "\(numeric):\(port)"
        }
    }
}

/// What answers outside and must not answer inside: a loopback port, and pathname sockets in the run's outside
/// folder and in /tmp.
private final class Canaries: Sendable {
    let addresses: [(name: String, address: String)]
    private let port: LoopbackListener
    private let sockets: [LocalListener]

    init(runDirectory: FilePath) throws(EngineError) {
        do throws(SystemError) {
            port = try LoopbackListener()
            var sockets: [LocalListener] = []
            var addresses = [("canary 127.0.0.1:\(port.port)", "127.0.0.1:\(port.port)")]
            let name = "drctl-canary-" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
            // Of the run's folder only where its name is short enough for a socket's address.
            for folder in [FilePath("/tmp"), runDirectory.appending("outside")] {
                let path = folder.appending(name).string
                if path.utf8.count > 100 { continue }
                sockets.append(try LocalListener(in: folder, name: name))
                addresses.append(("socket \(path)", path))
            }
            self.sockets = sockets
            self.addresses = addresses
        } catch {
            throw EngineError(
                .isolationNotEstablished, "the canaries of the isolation check could not be set up: \(error.message)",
                hint: error.hint, cause: error)
        }
    }

    func close() { for socket in sockets { socket.shutdown() } }
}
