import DRMachine
import DRRunbook
import DRSystem
import DRTestSupport
import SystemPackage
import Testing

@testable import DREngine

/// Requests against servers of the test's own: one without TLS, one with, one that wants to know who asks.
@Suite struct HTTPExchangeTests {
    private static let servers = """
        import http.server, json, os, ssl, subprocess, threading
        def sh(*words): subprocess.run(words, check=True, capture_output=True)
        def issue(name, extra):
            open(name + '.ext', 'w').write(extra)
            sh('openssl', 'req', '-newkey', 'rsa:2048', '-nodes', '-keyout', name + '.key', '-out', name + '.csr', '-subj', '/CN=' + name)
            sh('openssl', 'x509', '-req', '-in', name + '.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial',
               '-days', '2', '-out', name + '.pem', '-extfile', name + '.ext')
        sh('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2',
           '-subj', '/CN=authority')
        issue('server', 'subjectAltName=DNS:localhost,IP:127.0.0.1')
        issue('client', 'extendedKeyUsage=clientAuth')
        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                place = {'/hop': '/ok', '/hop2': '/hop', '/round': '/round', '/out': plain + '/ok', '/away': other + '/headers',
                         '/meta': 'http://169.254.169.254/latest', '/file': 'file:///etc/passwd'}.get(self.path)
                self.send_response(302 if place else 200)
                if place: self.send_header('Location', place)
                body = {'db': {'state': 'up', 'lag': 1.50, 'ready': True, 'leader': None}, 'nodes': [{'id': 7}, {'id': 9}]}
                if self.path == '/headers': body = dict(self.headers)
                body = b'<html>' if self.path == '/html' else json.dumps(body).encode()
                self.send_header('Content-Length', len(body))
                self.end_headers()
                self.wfile.write(body)
            do_GET = do_POST = answer
            def log_message(self, *a): pass
        def start(tls=None):
            server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
            if tls: server.socket = tls.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever).start()
            return server.server_port
        def context(mode=ssl.CERT_NONE):
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain('server.pem', 'server.key')
            tls.load_verify_locations('ca.pem')
            tls.verify_mode = mode
            return tls
        plain = 'http://127.0.0.1:%d' % start()
        other = 'http://127.0.0.1:%d' % start()
        ports = [plain, 'https://127.0.0.1:%d' % start(context()), 'https://localhost:%d' % start(context(ssl.CERT_REQUIRED))]
        open('new', 'w').write('\\n'.join(ports)); os.rename('new', 'ports')
        """

    private struct Servers {
        let scene: RunScene
        var plain: String
        var tls: String
        var asking: String
        func file(_ name: String) -> String { scene.work.appending(name).string }
    }

    private func servers() async throws -> Servers {
        let scene = try RunScene()
        let line = try await scene.connect()
        try await line.start(scene.spec(step: "servers", .argv(["python3", "-c", Self.servers]), timeout: nil))
        while true {
            if let ports = try? scene.text("work/ports").split(separator: "\n").map(String.init), ports.count == 3 {
                return Servers(scene: scene, plain: ports[0], tls: ports[1], asking: ports[2])
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func ask(
        _ url: String, method: String = "GET", headers: [String: String] = [:], secretHeaders: [String: String]? = nil,
        secrets: [String: String] = [:], json: [String: String]? = nil,
        contains: String? = nil, redirects: Int? = nil, tls: TLSFiles<String>? = nil, allow: [String]? = nil
    ) async -> CheckAnswer {
        await HTTPExchange.perform(
            ResolvedRequest(
                method: method, url: url, headers: headers, secretHeaders: secretHeaders,
                expect: HTTPExpectation(status: [200], bodyContains: contains, json: json), redirects: redirects,
                tls: tls, allow: allow), secrets: secrets
        ).answer
    }

    @Test func whatAnAnswerHoldsAsJSON() async throws {
        let servers = try await servers()
        let good = ["db.state": "up", "db.lag": "1.5", "db.ready": "true", "db.leader": "null", "nodes.1.id": "9"]
        #expect(await ask(servers.plain + "/ok", json: good).verdict == .holds)
        let cases = [
            ("db.state", "down", "db.state is up, not down"), ("db.none", "up", "its body holds no db.none"),
            ("nodes.2.id", "1", "its body holds no nodes.2.id"), ("db", "up", "db is an object or an array, not up"),
            ("db.lag", "1.50", "db.lag is 1.5, not 1.50"),
        ]
        for (path, value, words) in cases {
            let answer = await ask(servers.plain + "/ok", json: [path: value])
            #expect(answer.verdict == .doesNotHold && answer.detail.hasSuffix(words), "\(answer)")
        }
        let html = await ask(servers.plain + "/html", json: ["a": "b"])
        #expect(html.verdict == .doesNotHold && html.detail.hasSuffix("its body is not JSON"))
    }

    @Test func redirectsAreFollowedWhereTheyAreAskedForAndAllowed() async throws {
        let servers = try await servers()
        #expect(await ask(servers.plain + "/hop").detail.hasSuffix("answers 302, and leads to /ok, not 200"))
        #expect(await ask(servers.plain + "/hop", redirects: 1).verdict == .holds)
        #expect(await ask(servers.plain + "/hop2", redirects: 1).verdict == .doesNotHold)
        #expect(await ask(servers.plain + "/hop2", redirects: 2).verdict == .holds)
        #expect(await ask(servers.plain + "/round", redirects: 5).verdict == .doesNotHold)
        let trusted = TLSFiles(authorities: servers.file("ca.pem"))
        let refused: [(String, TLSFiles<String>?, String)] = [
            (servers.plain + "/meta", nil, "a link-local address"),
            (servers.plain + "/file", nil, "not a URL of a web server"),
            (servers.tls + "/out", trusted, "where anybody can listen"),
        ]
        for (url, tls, words) in refused {
            let answer = await ask(url, redirects: 3, tls: tls)
            #expect(answer.verdict == .notEstablished && answer.detail.contains(words), "\(answer)")
        }
        // Nor does a secret, wherever it is written.
        let hidden = ["X-Key": "key"]
        let values = ["key": "cGFzc3dvcmQ="]
        let own = await ask(servers.plain + "/headers", secretHeaders: hidden, secrets: values, contains: "password")
        #expect(own.verdict == .holds)
        let other = await ask(
            servers.plain + "/away", secretHeaders: hidden, secrets: values, contains: "password", redirects: 1)
        #expect(other.verdict == .doesNotHold)
        #expect(await ask(servers.plain + "/ok", secretHeaders: hidden).verdict == .notEstablished)
        let broken = await ask(servers.plain + "/ok", secretHeaders: hidden, secrets: ["key": "YQpi"])
        #expect(broken.verdict == .notEstablished && !broken.detail.contains("a\nb"))
        // What says who asks does not go along to another server.
        let secret = ["Authorization": "Bearer x", "X-Trace": "1"]
        #expect(await ask(servers.plain + "/headers", headers: secret, contains: "Bearer x").verdict == .holds)
        #expect(
            await ask(servers.plain + "/away", headers: secret, contains: "X-Trace", redirects: 1).verdict == .holds)
        #expect(
            await ask(servers.plain + "/away", headers: secret, contains: "Bearer", redirects: 1).verdict
                == .doesNotHold)
    }

    @Test func authoritiesAndCertificates() async throws {
        let servers = try await servers()
        let trusted = TLSFiles(authorities: servers.file("ca.pem"))
        #expect(await ask(servers.tls + "/ok", tls: trusted).verdict == .holds)
        let stranger = await ask(servers.tls + "/ok")
        #expect(
            stranger.verdict == .notEstablished && stranger.detail.contains("no connection with TLS"), "\(stranger)")
        // The certificate of the server is for localhost and 127.0.0.1, and for no other name of the same machine.
        let misnamed = await ask(servers.tls.replacing("127.0.0.1", with: "127.0.0.2") + "/ok", tls: trusted)
        #expect(misnamed.verdict != .holds)
        #expect(await ask(servers.asking + "/ok", tls: trusted).verdict == .notEstablished)
        let known = TLSFiles(
            authorities: servers.file("ca.pem"), certificate: servers.file("client.pem"),
            key: servers.file("client.key"))
        let answer = await ask(servers.asking + "/ok", tls: known)
        #expect(answer.verdict == .holds, "\(answer)")
        let missing = await ask(servers.tls + "/ok", tls: TLSFiles(authorities: "/no/such/file"))
        #expect(
            missing.verdict == .notEstablished && missing.detail.contains("/no/such/file cannot be read"), "\(missing)")
    }

    @Test func whereRequestsMayGo() async throws {
        let servers = try await servers()
        let port = servers.plain.split(separator: ":").last.map(String.init) ?? ""
        for allow in [nil, ["127.0.0.1"], ["127.0.0.0/8:\(port)"], ["elsewhere.example", "127.0.0.1:\(port)"]] {
            #expect(await ask(servers.plain + "/ok", allow: allow).verdict == .holds, "\(allow ?? [])")
        }
        for allow in [[], ["elsewhere.example"], ["127.0.0.1:1"], ["10.0.0.0/8"], ["localhost"]] {
            let answer = await ask(servers.plain + "/ok", allow: allow)
            #expect(answer.verdict == .notEstablished && answer.detail.contains("`http.allow`"), "\(allow): \(answer)")
        }
        let named = servers.plain.replacing("127.0.0.1", with: "localhost")
        #expect(await ask(named + "/ok", allow: ["LOCALHOST:\(port)"]).verdict == .holds)
        for url in [
            "http://169.254.169.254/latest", "http://[fe80::1]/", "http://[::ffff:169.254.169.254]/",
            "http://0.0.0.0:\(port)/ok",
        ] {
            let answer = await ask(url)
            #expect(answer.verdict == .notEstablished && answer.detail.contains("names it"), "\(url): \(answer)")
        }
    }
}
