// What a drill's namespaces are to be like.

extension Planner {
    mutating func isolation(_ written: IsolationDefinition, _ context: EvaluationContext) -> PlannedIsolation {
        var isolation = PlannedIsolation(
            mustNotReach: [], whenNotDemonstrated: written.whenNotDemonstrated,
            whenUnavailable: written.whenUnavailable, doneWithout: request.withoutIsolation)
        for place in written.mustNotReach {
            guard let address = literal(place, context) else { continue }
            guard NetworkAddress.isHostAndPort(address) else {
                report(
                    .environment, at: place.place, "`\(address)` is not a host and a port",
                    fix: "write `HOST:PORT`, with a port from 1 to 65535")
                continue
            }
            isolation.mustNotReach.append(address)
        }
        for folder in written.readOnly {
            guard let text = literal(folder, context) else { continue }
            guard let path = AbsolutePath.normalized(text) else {
                report(.environment, at: folder.place, "`\(text)` is not an absolute path")
                continue
            }
            guard !AbsolutePath.opensWhatIsMasked(path) else {
                report(
                    .environment, at: folder.place, "a drill's inside may not read all of `\(path)`",
                    fix: "name a folder within it that holds only what the drill needs")
                continue
            }
            isolation.readOnlyBinds.append(path)
        }
        for network in written.networks {
            guard let planned = self.network(network, context) else { continue }
            isolation.networks.append(planned)
            for forbidden in isolation.mustNotReach {
                guard let (host, port) = NetworkAddress.split(forbidden), let address = IPAddress(host) else {
                    continue
                }
                let open = planned.allow.first { allowed in
                    allowed.range.contains(address) && (allowed.port == nil || allowed.port == port)
                }
                guard let open else { continue }
                report(
                    .environment, at: network.place, "the drill must not reach `\(forbidden)`, and `\(open)` allows it",
                    fix: "name less in `allow`")
            }
        }
        return isolation
    }

    private mutating func network(_ written: NetworkDefinition, _ context: EvaluationContext) -> PlannedNetwork? {
        guard let interface = literal(written.interface, context), let own = literal(written.address, context) else {
            return nil
        }
        // The kernel's rule for names of interfaces, and nothing that another program takes for an option.
        guard (1...15).contains(interface.utf8.count), !interface.hasPrefix("-"), interface != ".", interface != "..",
            interface.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x2f && $0 != 0x3a })
        else {
            report(.environment, at: written.interface.place, "`\(interface)` is not the name of an interface")
            return nil
        }
        guard let address = IPRange(own), own.contains("/") else {
            report(
                .environment, at: written.address.place, "`\(own)` is not an address with the bits of its network",
                fix: "write `ADDRESS/BITS`, as in `10.77.0.9/24`")
            return nil
        }
        var network = PlannedNetwork(interface: interface, address: address, allow: [])
        if let place = written.gateway, let text = literal(place, context) {
            guard let gateway = IPAddress(text), address.contains(gateway) else {
                report(
                    .environment, at: place.place, "the gateway `\(text)` is not an address in `\(address.network)`")
                return nil
            }
            network.gateway = gateway
        }
        for place in written.allow {
            guard let text = literal(place, context) else { continue }
            guard let allowed = AllowedDestination(text) else {
                report(
                    .environment, at: place.place, "`\(text)` is not an address or a range of addresses",
                    fix: "write `ADDRESS`, `ADDRESS/BITS`, each with `:PORT` for one port alone; names do not do")
                continue
            }
            guard allowed.range.address.isVersion6 == address.address.isVersion6 else {
                report(
                    .environment, at: place.place,
                    "`\(text)` and the drill's own address `\(address)` are of different versions of the protocol",
                    fix: "write a second network for it, on the same interface")
                continue
            }
            let isNear = allowed.range.prefixBits >= address.prefixBits && address.contains(allowed.range.address)
            guard isNear || network.gateway != nil else {
                report(
                    .environment, at: place.place, "`\(text)` is not in the network `\(address.network)`",
                    fix: "name the `gateway` that leads there")
                continue
            }
            network.allow.append(allowed)
        }
        return network
    }
}
