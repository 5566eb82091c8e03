/// What a drill must not reach, what it may reach, and what it may read.
package struct PlannedIsolation: Codable, Sendable, Equatable {
    /// `host:port`, each answering outside and failing inside before the first step.
    package var mustNotReach: [String]
    /// Whether to go on when a probe could not be demonstrated (the name did not resolve outside, say).
    package var whenNotDemonstrated: WhenNotDemonstrated
    /// Absolute paths that a drill's inside may read beside the system and its run's directory.
    package var readOnlyBinds: [String]
    /// The drill's own networks; with none, its namespace has a loopback interface alone.
    package var networks: [PlannedNetwork]
    /// Whether the drill may be carried out on a machine that cannot isolate it.
    package var whenUnavailable: WhenUnavailable
    /// Why this drill is carried out without isolation, all of it outside; nil: it is isolated.
    package var doneWithout: String?

    /// Whether the drill goes on.
    package enum WhenNotDemonstrated: String, Codable, Sendable, CaseIterable { case refuse, `continue` }

    /// Whether a drill goes on where there can be no isolation.
    package enum WhenUnavailable: String, Codable, Sendable, CaseIterable { case refuse, doWithout }

    package init(
        mustNotReach: [String], whenNotDemonstrated: WhenNotDemonstrated = .refuse, readOnlyBinds: [String] = [],
        networks: [PlannedNetwork] = [], whenUnavailable: WhenUnavailable = .refuse, doneWithout: String? = nil
    ) {
        self.mustNotReach = mustNotReach
        self.whenNotDemonstrated = whenNotDemonstrated
        self.readOnlyBinds = readOnlyBinds
        self.networks = networks
        self.whenUnavailable = whenUnavailable
        self.doneWithout = doneWithout
    }

    /// Plans that were made before drills had networks have none.
    package init(from decoder: any Decoder) throws {
        let isolation = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            mustNotReach: try isolation.decode([String].self, forKey: .mustNotReach),
            whenNotDemonstrated: try isolation.decode(WhenNotDemonstrated.self, forKey: .whenNotDemonstrated),
            readOnlyBinds: try isolation.decode([String].self, forKey: .readOnlyBinds),
            networks: try isolation.decodeIfPresent([PlannedNetwork].self, forKey: .networks) ?? [],
            whenUnavailable: try isolation.decodeIfPresent(WhenUnavailable.self, forKey: .whenUnavailable) ?? .refuse,
            doneWithout: try isolation.decodeIfPresent(String.self, forKey: .doneWithout))
    }
}

/// A network of the drill's own, in which its namespace gets an interface, and what it may reach there.
package struct PlannedNetwork: Codable, Sendable, Equatable {
    /// The interface of this machine that leads there: a bridge, or one that a virtual interface is put on.
    package var interface: String
    /// The drill's own address there, with the bits of its network.
    package var address: IPRange
    /// Where what is not in that network is sent.
    package var gateway: IPAddress?
    /// All that can be reached; everything else is refused.
    package var allow: [AllowedDestination]

    package init(interface: String, address: IPRange, gateway: IPAddress? = nil, allow: [AllowedDestination]) {
        self.interface = interface
        self.address = address
        self.gateway = gateway
        self.allow = allow
    }
}
