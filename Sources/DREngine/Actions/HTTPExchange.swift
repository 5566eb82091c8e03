internal import AsyncHTTPClient
internal import DRMachine
internal import DRRunbook
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1

/// One HTTP request and what became of it: no redirects, no proxy, no retry, a bounded body.
struct HTTPExchange: Sendable {
    static let bodyLimitBytes = 1 << 20
    static let limit = TimeAmount.seconds(15)

    var answer: CheckAnswer
    var status: Int?
    /// The beginning of the answer's body.
    var body: [UInt8]?

    static func perform(_ request: ResolvedRequest) async -> HTTPExchange {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(connect: TCPProbe.limit, read: limit)
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        // A request that may have an effect must not be sent twice, and a refusal must be told as one.
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let exchange = await perform(request, with: client)
        try? await client.shutdown()
        return exchange
    }

    private static func perform(_ request: ResolvedRequest, with client: HTTPClient) async -> HTTPExchange {
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = HTTPMethod(rawValue: request.method)
        for (name, value) in request.headers.sorted(by: { $0.key < $1.key }) {
            outgoing.headers.add(name: name, value: value)
        }
        if let body = request.body { outgoing.body = .bytes(ByteBuffer(string: body)) }
        let name = "\(request.method) \(request.url)"
        do {
            let response = try await client.execute(outgoing, timeout: limit)
            var body: [UInt8] = []
            var isWhole = true
            for try await piece in response.body {
                body += piece.readableBytesView
                if body.count > bodyLimitBytes {
                    isWhole = false
                    break
                }
            }
            let status = Int(response.status.code)
            return HTTPExchange(
                answer: judge(status, body, isWhole: isWhole, against: request.expect, name: name), status: status,
                body: Array(body.prefix(bodyLimitBytes)))
        } catch {
            return HTTPExchange(answer: judge(error, name: name), status: nil, body: nil)
        }
    }

    private static func judge(
        _ status: Int, _ body: [UInt8], isWhole: Bool, against expected: HTTPExpectation, name: String
    ) -> CheckAnswer {
        let accepted = expected.status.isEmpty ? (200...299).contains(status) : expected.status.contains(status)
        guard accepted else {
            let wanted = expected.status.isEmpty ? "2xx" : expected.status.map(String.init).joined(separator: " or ")
            return CheckAnswer(.doesNotHold, detail: "\(name) answers \(status), not \(wanted)")
        }
        guard let text = expected.bodyContains, !text.isEmpty else {
            return CheckAnswer(.holds, detail: "\(name) answers \(status)")
        }
        if Data(body).firstRange(of: Data(text.utf8)) != nil {
            return CheckAnswer(.holds, detail: "\(name) answers \(status) with “\(text)” in its body")
        }
        return isWhole
            ? CheckAnswer(.doesNotHold, detail: "\(name) answers \(status), but its body does not contain “\(text)”")
            : CheckAnswer(
                .notEstablished,
                detail: "\(name) answers \(status); “\(text)” is not in the first \(bodyLimitBytes) bytes of its body")
    }

    private static func judge(_ error: any Error, name: String) -> CheckAnswer {
        switch error as? HTTPClientError {
        case .connectTimeout?: CheckAnswer(.doesNotHold, detail: "\(name): nobody answers within \(TCPProbe.limit)")
        case .readTimeout?, .deadlineExceeded?:
            CheckAnswer(.notEstablished, detail: "\(name): no complete answer within \(limit)")
        case let failure?: CheckAnswer(.notEstablished, detail: "\(name): \(failure.shortDescription)")
        case nil: TCPProbe.answer(to: error, address: name)
        }
    }
}
