import DRRunbook
import Testing

@Suite struct HTTPPlanningTests {
    private func plan(_ steps: String, http: String = "") -> Diagnosed<Plan> {
        let spec = "  environments: { a: { for: real\(http) } }"
        return RunbookSources(runbook: Fixture.runbook(steps: steps, spec: spec)).plan(
            PlanningRequest(mode: .real, folder: "/books"),
            world: PlanningWorld(file: { path in
                path == "certs/ca.pem" ? RunbookFile(bytes: Array("ca".utf8), isExecutable: false) : nil
            }))
    }

    private func messages(_ planned: Diagnosed<Plan>) -> [String] { planned.diagnostics.map(\.message) }

    private func request(_ keys: String) -> String { "    - { id: a, http: { \(keys) } }" }

    @Test func placesAreFrozen() throws {
        let get = request("get: \"https://db\"")
        #expect(try #require(plan(get).value).httpAllow == nil)
        let allow = ", http: { allow: [db.example, \"10.0.0.0/8:443\", \"[fd00::1]:80\"] }"
        #expect(
            try #require(plan(get, http: allow).value).httpAllow == ["db.example", "10.0.0.0/8:443", "[fd00::1]:80"])
        #expect(try #require(plan(get, http: ", http: { allow: [] }").value).httpAllow == [])
    }

    @Test(arguments: ["http://db", "db/path", "db:0", "a b", "10.0.0.0/33:1"])
    func placesThatAreNone(text: String) {
        let planned = plan(request("get: \"https://db\""), http: ", http: { allow: [\"\(text)\"] }")
        #expect(messages(planned) == ["`\(text)` is not a host, an address or a range of addresses"])
    }

    @Test func filesOfTLSAreCopied() throws {
        let planned = plan(
            request("get: \"https://db\", tls: { ca: ./certs/ca.pem, certificate: /etc/c.pem, key: /etc/k.pem }"))
        let plan = try #require(planned.value)
        #expect(plan.files.map(\.path) == ["certs/ca.pem"])
        let expected = TLSFiles(
            authorities: Template("certs/ca.pem"), certificate: Template("/etc/c.pem"), key: Template("/etc/k.pem"))
        #expect(plan.steps[0].action == .http(HTTPRequest(url: Template("https://db"), tls: expected)))
    }

    @Test(arguments: [
        ("post: \"https://db\", redirects: 2", "`a`: a POST request follows no redirects"),
        (
            "get: \"https://db\", tls: { certificate: /etc/c.pem }",
            "`a`: a certificate is of no use without its key, nor the key without it"
        ),
        ("get: \"https://db\", tls: { ca: ca.pem }", "`a`: `ca.pem` is not a path of a file"),
    ]) func requestsThatCannotBeMeant(keys: String, message: String) {
        #expect(messages(plan(request(keys))) == [message])
    }
}
