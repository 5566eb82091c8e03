internal import AsyncHTTPClient
internal import DRMachine
internal import DRRunbook
internal import DRSystem
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1

/// One HTTP request and what became of it: no proxy, no retry, redirects only where they are asked for, a bounded body,
/// and never to a place that the environment does not allow.
struct HTTPExchange: Sendable {
    static let bodyLimitBytes = 1 << 20
    static let limit = TimeAmount.seconds(15)

    var answer: CheckAnswer
    var status: Int?
    /// The beginning of the answer's body.
    var body: [UInt8]?

    /// - Parameter secrets: name to base64, for header fields.
    static func perform(_ request: ResolvedRequest, secrets: [String: String]) async -> HTTPExchange {
        var hop: HTTPHop
        do throws(HTTPRefusal) {
            hop = HTTPHop(request, secretHeaders: try secretHeaders(of: request, secrets))
        } catch {
            return HTTPExchange(answer: CheckAnswer(.notEstablished, detail: error.reason))
        }
        var left = request.redirects ?? 0
        while true {
            switch await hop.perform() {
            case .unconnected(let answer), .failed(let answer): return HTTPExchange(answer: answer)
            case .answered(let answer):
                guard left > 0, let place = answer.redirect else {
                    return HTTPExchange(
                        answer: HTTPJudge(request.expect, name: hop.name).judge(answer), status: answer.status,
                        body: answer.body)
                }
                left -= 1
                do throws(HTTPRefusal) {
                    hop = try hop.following(place)
                } catch {
                    return HTTPExchange(
                        answer: CheckAnswer(.notEstablished, detail: error.reason), status: answer.status,
                        body: answer.body)
                }
            }
        }
    }
}

extension HTTPExchange {
    private static func secretHeaders(
        of request: ResolvedRequest, _ secrets: [String: String]
    ) throws(HTTPRefusal) -> [String: String] {
        var headers: [String: String] = [:]
        for (field, name) in request.secretHeaders ?? [:] {
            guard let bytes = secrets[name].flatMap({ Data(base64Encoded: $0) }),
                let value = String(validating: bytes, as: UTF8.self)
            else {
                throw HTTPRefusal(reason: "the secret “\(name)” for the header \(field) is not there, or not UTF-8")
            }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
                throw HTTPRefusal(reason: "the secret “\(name)” for the header \(field) holds a control character")
            }
            headers[field] = value
        }
        return headers
    }
}

/// Why a request is not made.
struct HTTPRefusal: Error { var reason: String }

/// What a server answered.
struct HTTPAnswer: Sendable {
    var status: Int
    var location: String?
    /// The beginning of the body, and whether that is all of it.
    var body: [UInt8]
    var isWhole: Bool

    /// Where a redirect leads.
    var redirect: String? { [301, 302, 303, 307, 308].contains(status) ? location : nil }
}

/// A request to one place.
private struct HTTPHop {
    enum Outcome {
        case answered(HTTPAnswer)
        /// No connection came about: nobody has seen the request.
        case unconnected(CheckAnswer)
        case failed(CheckAnswer)
    }

    private var request: ResolvedRequest
    /// Their values; nothing that is told of the request shows them.
    private var secretHeaders: [String: String]

    init(_ request: ResolvedRequest, secretHeaders: [String: String]) {
        self.request = request
        self.secretHeaders = secretHeaders
    }

    var name: String { "\(request.method) \(request.url)" }

    func perform() async -> Outcome {
        let permitted: Permitted
        do throws(HTTPRefusal) {
            permitted = try await addresses()
        } catch {
            return .failed(CheckAnswer(.notEstablished, detail: "\(name): \(error.reason)"))
        }
        var outcome = Outcome.failed(CheckAnswer(.notEstablished, detail: "\(name): the host has no address"))
        for address in permitted.addresses {
            outcome = await perform(at: address, of: permitted.host)
            // Only then may another one be asked: what has an effect must not be sent twice.
            guard case .unconnected = outcome else { break }
        }
        return outcome
    }

    /// The request that a redirect asks for.
    func following(_ place: String) throws(HTTPRefusal) -> HTTPHop {
        guard let base = URL(string: request.url), let url = URL(string: place, relativeTo: base)?.absoluteURL,
            let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme)
        else { throw HTTPRefusal(reason: "\(name) leads to “\(place)”, which is not a URL of a web server") }
        guard scheme == "https" || base.scheme?.lowercased() == "http" else {
            throw HTTPRefusal(reason: "\(name) leads from https to \(url.absoluteString), where anybody can listen")
        }
        var next = request
        next.url = url.absoluteString
        var secrets = secretHeaders
        if url.host() != base.host() || url.port != base.port || url.scheme != base.scheme {
            // What says who asks is for the server it was written for.
            next.headers = next.headers.filter { !["authorization", "cookie"].contains($0.key.lowercased()) }
            next.tls = request.tls.map { TLSFiles(authorities: $0.authorities) }
            secrets = [:]
        }
        return HTTPHop(next, secretHeaders: secrets)
    }

    // MARK: where to

    private struct Permitted {
        var host: String
        var addresses: [String]
    }

    /// The addresses of the host, every one of which the request may go to: what is asked later is one of these, and
    /// not what the name stands for by then.
    private func addresses() async throws(HTTPRefusal) -> Permitted {
        guard let url = URL(string: request.url), let scheme = url.scheme?.lowercased(), var host = url.host(),
            !host.isEmpty
        else { throw HTTPRefusal(reason: "it is not a URL of a web server") }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        let port = url.port ?? (scheme == "https" ? 443 : 80)
        guard let checked = UInt16(exactly: port) else { throw HTTPRefusal(reason: "\(port) is not a port") }
        let destination = HTTPDestination(host: host, port: checked, allow: request.allow)
        let found = await HostAddresses.resolve(host)
        guard !found.isEmpty else { throw HTTPRefusal(reason: "\(host) does not resolve") }
        for text in found {
            guard let address = IPAddress(text) else { continue }
            if let reason = destination.refusal(of: address) { throw HTTPRefusal(reason: reason) }
        }
        return Permitted(host: host, addresses: found)
    }

    private func perform(at address: String, of host: String) async -> Outcome {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(connect: TCPProbe.limit, read: HTTPExchange.limit)
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        // A request that may have an effect must not be sent twice, and a refusal must be told as one.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.dnsOverride = [host: address]
        if let tls = request.tls {
            do throws(HTTPRefusal) {
                configuration.tlsConfiguration = try tls.configuration()
            } catch {
                return .failed(CheckAnswer(.notEstablished, detail: "\(name): \(error.reason)"))
            }
        }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let outcome = await perform(with: client)
        try? await client.shutdown()
        return outcome
    }

    private func perform(with client: HTTPClient) async -> Outcome {
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = HTTPMethod(rawValue: request.method)
        let headers = request.headers.merging(secretHeaders) { _, secret in secret }
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            outgoing.headers.add(name: name, value: value)
        }
        if let body = request.body { outgoing.body = .bytes(ByteBuffer(string: body)) }
        do {
            let response = try await client.execute(outgoing, timeout: HTTPExchange.limit)
            var answer = HTTPAnswer(
                status: Int(response.status.code), location: response.headers.first(name: "location"), body: [],
                isWhole: true)
            for try await piece in response.body {
                answer.body += piece.readableBytesView
                if answer.body.count > HTTPExchange.bodyLimitBytes {
                    answer.isWhole = false
                    break
                }
            }
            answer.body = Array(answer.body.prefix(HTTPExchange.bodyLimitBytes))
            return .answered(answer)
        } catch {
            let answer = HTTPJudge.judge(error, name: name)
            return HTTPJudge.isBeforeConnection(error) ? .unconnected(answer) : .failed(answer)
        }
    }
}
