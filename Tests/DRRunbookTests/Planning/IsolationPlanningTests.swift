import DRRunbook
import Testing

@Suite struct IsolationPlanningTests {
    private func plan(_ steps: String, spec: String, withoutIsolation: String? = nil) -> Diagnosed<Plan> {
        var request = PlanningRequest(mode: .drill, folder: "/books")
        request.withoutIsolation = withoutIsolation
        return RunbookSources(runbook: Fixture.runbook(steps: steps, spec: spec)).plan(
            request, world: PlanningWorld(file: { _ in nil }))
    }

    private func messages(_ planned: Diagnosed<Plan>) -> [String] { planned.diagnostics.map(\.message) }

    private let one = "    - { id: a, run: [\"true\"] }"

    @Test(arguments: ["/", "/run", "/run/user", "/var", "/var/run", "/tmp", "/dev/shm", "/proc"])
    func whatADrillMasksStaysMasked(path: String) {
        let spec = "  environments: { a: { for: drill, isolation: { mustNotReach: [], readOnly: [\(path)] } } }"
        #expect(messages(plan(one, spec: spec)) == ["a drill's inside may not read all of `\(path)`"])
    }

    @Test(arguments: ["/srv", "/tmp/site", "/home/ada", "/var/www"])
    func whatADrillMayRead(path: String) {
        let spec = "  environments: { a: { for: drill, isolation: { mustNotReach: [\"db:1\"], readOnly: [\(path)] } } }"
        let planned = plan(one, spec: spec)
        #expect(planned.value?.isolation == PlannedIsolation(mustNotReach: ["db:1"], readOnlyBinds: [path]))
    }

    @Test(arguments: ["db", "db:0", "db:65536", ":80", "a b:80", "http://db:80", "[::1:80"])
    func addressesThatAreNone(address: String) {
        let spec = "  environments: { a: { for: drill, isolation: { mustNotReach: [\"\(address)\"] } } }"
        #expect(messages(plan(one, spec: spec)) == ["`\(address)` is not a host and a port"])
    }

    private func networked(_ network: String, mustNotReach: String = "db:1") -> String {
        "  environments: { a: { for: drill, isolation: { mustNotReach: [\"\(mustNotReach)\"], networks: [{ \(network) }] } } }"
    }

    @Test func aDrillsNetworks() throws {
        let spec = networked(
            "interface: br0, address: 10.7.0.9/24, gateway: 10.7.0.1, allow: [10.7.0.2:80, 10.8.0.0/16, \"0.0.0.0/0:53\"]"
        )
        let isolation = try #require(plan(one, spec: spec).value?.isolation)
        let network = try #require(isolation.networks.first)
        #expect(network.interface == "br0" && network.address.description == "10.7.0.9/24")
        #expect(network.gateway?.description == "10.7.0.1")
        #expect(network.allow.map(\.description) == ["10.7.0.2/32:80", "10.8.0.0/16", "0.0.0.0/0:53"])
    }

    @Test(arguments: [
        ("interface: a/b, address: 10.7.0.9/24, allow: [10.7.0.2]", "`a/b` is not the name of an interface"),
        ("interface: -x, address: 10.7.0.9/24, allow: [10.7.0.2]", "`-x` is not the name of an interface"),
        (
            "interface: br0, address: 10.7.0.9, allow: [10.7.0.2]",
            "`10.7.0.9` is not an address with the bits of its network"
        ),
        (
            "interface: br0, address: 10.7.0.9/24, gateway: 10.8.0.1, allow: [10.7.0.2]",
            "the gateway `10.8.0.1` is not an address in `10.7.0.0/24`"
        ),
        (
            "interface: br0, address: 10.7.0.9/24, allow: [db.example:80]",
            "`db.example:80` is not an address or a range of addresses"
        ),
        (
            "interface: br0, address: 10.7.0.9/24, allow: [10.7.0.2:0]",
            "`10.7.0.2:0` is not an address or a range of addresses"
        ),
        ("interface: br0, address: 10.7.0.9/24, allow: [10.8.0.2]", "`10.8.0.2` is not in the network `10.7.0.0/24`"),
        (
            "interface: br0, address: 10.7.0.9/24, allow: [10.0.0.0/8]",
            "`10.0.0.0/8` is not in the network `10.7.0.0/24`"
        ),
        (
            "interface: br0, address: 10.7.0.9/24, allow: [\"fd00::1\"]",
            "`fd00::1` and the drill's own address `10.7.0.9/24` are of different versions of the protocol"
        ),
        (
            "interface: br0, address: 10.7.0.9/24, allow: [10.7.0.0/24]",
            "the drill must not reach `10.7.0.3:1`, and `10.7.0.0/24` allows it"
        ),
    ])
    func networksThatAreNone(network: String, message: String) {
        #expect(messages(plan(one, spec: networked(network, mustNotReach: "10.7.0.3:1"))) == [message])
    }

    @Test func withoutIsolationEverythingIsOutside() throws {
        let spec =
            "  environments: { a: { for: drill, isolation: { mustNotReach: [\"db:1\"], whenUnavailable: doWithout } } }"
        let isolated = try #require(plan(one, spec: spec).value)
        #expect(isolated.places == [.inside, .outside] && isolated.steps.map(\.place) == [.inside])
        let open = try #require(plan(one, spec: spec, withoutIsolation: "no bwrap").value)
        #expect(open.places == [.outside] && open.steps.map(\.place) == [.outside])
        #expect(open.isolation?.doneWithout == "no bwrap")
    }
}
