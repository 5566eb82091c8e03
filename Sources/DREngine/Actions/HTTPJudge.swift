internal import AsyncHTTPClient
internal import DRJSON
internal import DRMachine
internal import DRRunbook
internal import FoundationEssentials
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// Whether an answer is the expected one.
struct HTTPJudge {
    private let expected: HTTPExpectation
    private let name: String

    init(_ expected: HTTPExpectation, name: String) {
        self.expected = expected
        self.name = name
    }

    func judge(_ answer: HTTPAnswer) -> CheckAnswer {
        let status = answer.status
        let accepted = expected.status.isEmpty ? (200...299).contains(status) : expected.status.contains(status)
        guard accepted else {
            let wanted = expected.status.isEmpty ? "2xx" : expected.status.map(String.init).joined(separator: " or ")
            let place = answer.redirect.map { ", and leads to \($0)" } ?? ""
            return CheckAnswer(.doesNotHold, detail: "\(name) answers \(status)\(place), not \(wanted)")
        }
        var seen = "\(name) answers \(status)"
        if let text = expected.bodyContains, !text.isEmpty {
            if let other = judge(answer, holds: text) { return other }
            seen += " with “\(text)” in its body"
        }
        for (path, wanted) in (expected.json ?? [:]).sorted(by: { $0.key < $1.key }) {
            if let other = judge(answer, path, is: wanted) { return other }
            seen += ", \(path) is \(wanted)"
        }
        return CheckAnswer(.holds, detail: seen)
    }

    private func judge(_ answer: HTTPAnswer, holds text: String) -> CheckAnswer? {
        if Data(answer.body).firstRange(of: Data(text.utf8)) != nil { return nil }
        return answer.isWhole
            ? CheckAnswer(
                .doesNotHold, detail: "\(name) answers \(answer.status), but its body does not contain “\(text)”")
            : CheckAnswer(
                .notEstablished,
                detail: "\(name) answers \(answer.status); “\(text)” is not in the first "
                    + "\(HTTPExchange.bodyLimitBytes) bytes of its body")
    }

    private func judge(_ answer: HTTPAnswer, _ path: String, is wanted: String) -> CheckAnswer? {
        guard answer.isWhole else {
            return CheckAnswer(
                .notEstablished, detail: "\(name): its body has more than \(HTTPExchange.bodyLimitBytes) bytes")
        }
        let names = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard let found = try? JSONLookup.find(names, in: answer.body) else {
            return CheckAnswer(.doesNotHold, detail: "\(name) answers \(answer.status), but its body is not JSON")
        }
        switch found {
        case .scalar(wanted): return nil
        case .scalar(let other):
            return CheckAnswer(.doesNotHold, detail: "\(name): \(path) is \(other), not \(wanted)")
        case .container:
            return CheckAnswer(.doesNotHold, detail: "\(name): \(path) is an object or an array, not \(wanted)")
        case .missing: return CheckAnswer(.doesNotHold, detail: "\(name): its body holds no \(path)")
        }
    }

    /// Whether an error came before there was a connection; where that is not certain, it did not.
    static func isBeforeConnection(_ error: any Error) -> Bool {
        if error is NIOConnectionError { return true }
        if case .connectTimeout? = error as? HTTPClientError { return true }
        if case .connectTimeout? = error as? ChannelError { return true }
        return false
    }

    static func judge(_ error: any Error, name: String) -> CheckAnswer {
        switch error as? HTTPClientError {
        case .connectTimeout?:
            return CheckAnswer(.doesNotHold, detail: "\(name): nobody answers within \(TCPProbe.limit)")
        case .readTimeout?, .deadlineExceeded?:
            return CheckAnswer(.notEstablished, detail: "\(name): no complete answer within \(HTTPExchange.limit)")
        case let failure?: return CheckAnswer(.notEstablished, detail: "\(name): \(failure.shortDescription)")
        case nil: break
        }
        if error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError {
            return CheckAnswer(.notEstablished, detail: "\(name): no connection with TLS: \(error)")
        }
        return TCPProbe.answer(to: error, address: name)
    }
}

extension TLSFiles<String> {
    /// - Throws: for a file that cannot be read, or is not what it should be.
    func configuration() throws(HTTPRefusal) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        func read<Value>(_ path: String, _ what: String, _ read: (String) throws -> Value) throws(HTTPRefusal) -> Value
        {
            do { return try read(path) } catch {
                throw HTTPRefusal(reason: "\(path) cannot be read as \(what) in PEM: \(error)")
            }
        }
        if let path = authorities {
            configuration.trustRoots = .certificates(
                try read(path, "authorities") { try NIOSSLCertificate.fromPEMFile($0) })
        }
        if let path = certificate {
            configuration.certificateChain = try read(path, "a certificate") {
                try NIOSSLCertificate.fromPEMFile($0).map { .certificate($0) }
            }
        }
        if let path = key {
            configuration.privateKey = .privateKey(
                try read(path, "a key") { try NIOSSLPrivateKey(file: $0, format: .pem) })
        }
        return configuration
    }
}
