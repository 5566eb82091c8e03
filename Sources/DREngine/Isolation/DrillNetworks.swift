internal import DRCrypto
internal import DRRunbook
internal import DRSystem
internal import FoundationEssentials
internal import Glibc
internal import Subprocess
internal import SystemPackage

/// The interfaces of a drill in networks of its own, and the filter that lets it reach there what is allowed and
/// nothing else.
///
/// The namespace is made by bubblewrap and belongs to a user namespace of its own, in which the inside has no
/// capability: neither the interfaces nor the filter can be changed from there, and a user namespace that a step
/// makes has no say over this one. All of it ends with the namespace; nothing on this machine is left to put back.
struct DrillNetworks: Sendable, Equatable {
    var networks: [PlannedNetwork]
    /// Absolute.
    var runDirectory: FilePath

    /// - Throws: `cannotIsolate` where this machine cannot give the drill its networks: no root, no `ip` or `nft`, no
    ///   such interface.
    static func checkAvailable(_ networks: [PlannedNetwork]) async throws(EngineError) {
        guard let first = networks.first else { return }
        guard geteuid() == 0 else {
            throw EngineError(
                .cannotIsolate,
                "the drill has networks of its own (`\(first.interface)`), and only root can give them to it",
                hint: "run the drill as root; without networks it needs no rights")
        }
        try await perform(["nft", "--version"])
        for network in networks {
            _ = try await link(network.interface)
        }
    }

    /// Gives the namespace its filter, its interfaces and its routes. What is there already stays as it is, so that a
    /// connection of a step outlives a runner.
    /// - Parameter pid: a process in the namespace, which lives until this returns.
    /// - Throws: `cannotIsolate`, with what `ip` or `nft` said.
    func connect(namespaceOf pid: Int32) async throws(EngineError) {
        let within = ["nsenter", "--net=/proc/\(pid)/ns/net", "--"]
        // The filter first: no moment has an interface and no filter.
        try await Self.perform(within + ["nft", "-f", "-"], input: filter)
        for (index, network) in networks.enumerated() {
            let name = "drill\(index)"
            if try await !Self.links(within).contains(where: { $0.name == name }) {
                try await Self.perform(["ip", "link", "add"] + (try await interface(index, name: name, pid: pid)))
            }
            if try await Self.link(network.interface).isBridge {
                try await Self.perform(["ip", "link", "set", outerName(index), "master", network.interface, "up"])
            }
            try await Self.perform(within + ["ip", "-batch", "-"], input: Self.settings(network, name: name))
        }
    }

    /// The rules for `nft`; one transaction that takes the place of an earlier one.
    var filter: String {
        var accepted: [String] = []
        for (index, network) in networks.enumerated() {
            for allowed in network.allow {
                let family = allowed.range.address.isVersion6 ? "ip6" : "ip"
                let port = allowed.port.map { " meta l4proto { tcp, udp } th dport \($0)" } ?? ""
                accepted.append("oifname \"drill\(index)\" \(family) daddr \(allowed.range)\(port) accept")
            }
        }
        // What IPv6 finds its neighbours with.
        let neighbours =
            networks.contains { $0.address.address.isVersion6 }
            ? ["icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"] : []
        func chain(_ name: String, _ rules: [String]) -> String {
            """
              chain \(name) {
                type filter hook \(name) priority filter; policy drop;
            \(rules.map { "    \($0)\n" }.joined())  }

            """
        }
        let own = ["ct state established,related accept"] + neighbours
        return """
            table inet drctl
            delete table inet drctl
            table inet drctl {
            \(chain("input", ["iifname \"lo\" accept"] + own))\(chain("forward", []))\(chain("output", ["oifname \"lo\" accept"] + own + accepted + ["reject with icmpx admin-prohibited"]))}

            """
    }

    /// Lines for `ip -batch`: the address without its network's route, and a route for each place that is allowed.
    static func settings(_ network: PlannedNetwork, name: String) -> String {
        // Duplicate address detection would keep an IPv6 address from being used for a second.
        let detection = network.address.address.isVersion6 ? " nodad" : ""
        let routes = network.allow.map { allowed in
            let isNear =
                allowed.range.prefixBits >= network.address.prefixBits
                && network.address.contains(allowed.range.address)
            let way = isNear ? "" : network.gateway.map { " via \($0) onlink" } ?? ""
            return "route replace \(allowed.range)\(way) dev \(name)\n"
        }
        return "addr replace \(network.address) dev \(name) noprefixroute\(detection)\nlink set \(name) up\n"
            + routes.joined()
    }

    /// What `ip link add` makes: one end on a bridge, or an interface of its own on another one.
    private func interface(_ index: Int, name: String, pid: Int32) async throws(EngineError) -> [String] {
        let network = networks[index]
        if try await Self.link(network.interface).isBridge {
            return ["name", outerName(index), "type", "veth", "peer", "name", name, "netns", String(pid)]
        }
        return [
            "link", network.interface, "name", name, "netns", String(pid), "type", "macvlan", "mode", "bridge",
        ]
    }

    /// The name of the end that stays with the bridge: at most 15 bytes, the same for the same run.
    private func outerName(_ index: Int) -> String {
        "dr" + Digest.of(Array(runDirectory.string.utf8)).hex.prefix(10) + "-\(index)"
    }

    // MARK: ip and nft

    private struct Link: Codable {
        var name: String
        var information: Information?
        var isBridge: Bool { information?.kind == "bridge" }

        enum CodingKeys: String, CodingKey {
            case name = "ifname"
            case information = "linkinfo"
        }

        struct Information: Codable {
            var kind: String?
            enum CodingKeys: String, CodingKey { case kind = "info_kind" }
        }
    }

    private static func link(_ name: String) async throws(EngineError) -> Link {
        if let link = try await links([]).first(where: { $0.name == name }) { return link }
        throw EngineError(
            .cannotIsolate, "the interface `\(displayEscaped(name))`, which leads to the drill's network, is not there",
            hint: "`ip link` shows what is there; make the drill's network, or correct `isolation.networks`")
    }

    /// - Parameter within: what runs a command in a namespace; empty: this one.
    private static func links(_ within: [String]) async throws(EngineError) -> [Link] {
        let text = try await perform(within + ["ip", "-details", "-json", "link", "show"])
        do {
            return try JSONDecoder().decode([Link].self, from: Data(text.utf8))
        } catch {
            throw EngineError(.cannotIsolate, "`ip -json link show` did not print what it should", cause: error)
        }
    }

    @discardableResult
    private static func perform(_ command: [String], input: String = "") async throws(EngineError) -> String {
        do {
            let result = try await Subprocess.run(
                .name(command[0]), arguments: Arguments(Array(command.dropFirst())),
                environment: .custom(["PATH": AttemptProgram.systemPath, "LANG": "C.UTF-8"]), input: .string(input),
                output: .string(limit: 16 << 20), error: .string(limit: 16 << 10))
            if case .exited(0) = result.terminationStatus { return result.standardOutput }
            let said = displayEscaped(
                result.standardError.split(separator: "\n").suffix(3).joined(separator: "; "))
            throw EngineError(
                .cannotIsolate,
                "the drill's networks cannot be made: `\(command.joined(separator: " "))` said: \(said)",
                hint: "check `isolation.networks` of the environment")
        } catch let error as EngineError {
            throw error
        } catch {
            throw EngineError(
                .cannotIsolate, "a drill with networks needs `\(command[0])`, which cannot be run: \(error)",
                hint: "`ip` comes with iproute2, `nft` with nftables, `nsenter` with util-linux", cause: error)
        }
    }
}
