internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Whether something accepts a connection at `host:port`, or at a pathname socket.
enum TCPProbe {
    static let limit = TimeAmount.seconds(5)

    /// - Parameter address: `host:port`, `[v6]:port`, or an absolute path.
    static func ask(_ address: String) async -> CheckAnswer {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(limit)
        do {
            let channel: any Channel
            if address.hasPrefix("/") {
                channel = try await bootstrap.connect(unixDomainSocketPath: address).get()
            } else {
                guard let (host, port) = split(address) else {
                    return CheckAnswer(.notEstablished, detail: "“\(address)” is not host:port")
                }
                channel = try await bootstrap.connect(host: host, port: port).get()
            }
            let peer = channel.remoteAddress.map { " (\($0.ipAddress ?? "local"))" } ?? ""
            try? await channel.close()
            return CheckAnswer(.holds, detail: "\(address) accepts connections\(peer)")
        } catch {
            return answer(to: error, address: address)
        }
    }

    static func split(_ address: String) -> (host: String, port: Int)? {
        guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]),
            (1...65535).contains(port)
        else { return nil }
        var host = address[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        return host.isEmpty ? nil : (String(host), port)
    }

    /// What a failed connection says: nobody answers there, or nothing could be found out.
    static func answer(to error: any Error, address: String) -> CheckAnswer {
        if let failure = error as? NIOConnectionError {
            let causes = failure.connectionErrors.map(\.error)
            guard !causes.isEmpty else {
                let cause = failure.dnsAError ?? failure.dnsAAAAError
                return CheckAnswer(
                    .notEstablished, detail: "\(failure.host) does not resolve\(cause.map { ": \($0)" } ?? "")")
            }
            let answers = causes.map { answer(to: $0, address: address) }
            return answers.first { $0.verdict == .notEstablished } ?? answers[0]
        }
        if case ChannelError.connectTimeout? = error as? ChannelError {
            return CheckAnswer(.doesNotHold, detail: "\(address) does not answer within \(limit)")
        }
        if let failure = error as? IOError {
            switch failure.errnoCode {
            case ECONNREFUSED: return CheckAnswer(.doesNotHold, detail: "\(address) refuses connections")
            case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN, EADDRNOTAVAIL:
                return CheckAnswer(.doesNotHold, detail: "\(address) cannot be reached: \(failure)")
            case ENOENT, ENOTSOCK: return CheckAnswer(.doesNotHold, detail: "\(address) is no socket here")
            case ETIMEDOUT: return CheckAnswer(.doesNotHold, detail: "\(address) does not answer")
            default: break
            }
        }
        return CheckAnswer(.notEstablished, detail: "\(address): \(error)")
    }
}
