package import DRCrypto
package import DRJSON

/// A runbook resolved for one environment and its inputs, frozen and hashed: the contract of a run.
///
/// Its bytes are `plan.json`; the journal's first event holds their SHA-256. A plan is decoded from those
/// bytes and never encoded a second time.
package struct Plan: Codable, Sendable, Equatable {
    package static let schema = "drctl.plan/1"

    package var schema: String = Self.schema
    package var runbook: RunbookIdentity
    package var purpose: Purpose
    package var mode: RunMode
    package var environment: String
    package var inputs: [String: String]
    package var targets: [String: PlannedTarget]
    package var services: [PlannedService]
    /// What a drill must not reach, and what to do when that cannot be demonstrated; nil in a real run.
    package var isolation: PlannedIsolation?
    @InParts package var steps: [PlannedStep]
    /// What undoes main steps, each named by its `undoes`; they run only in a rollback.
    package var rollbacks: [PlannedStep]
    /// Whether a run that fails or is cancelled is rolled back.
    package var rollback: RollbackPolicy
    /// What a drill puts back at its end, in this order, whatever happened.
    package var cleanup: [PlannedStep]
    /// Every file that the runbook names; steps run the copies in the run's `files/`.
    package var files: [PlannedFile]
    package var people: [PlannedPerson]
    package var repositories: [String: PlannedRepository]
    package var secrets: [String: SecretReference]
    /// How many attempts may be under way at once.
    package var width: Int
    /// How many steps of a group may be under way at once, by the group's name.
    package var concurrency: [String: Int]
    /// Groups whose limit counts across the runs of a host, with the names that they have there; nil: none.
    package var sharedGroups: [String: String]?
    /// What steps use and the run does not control, by name.
    package var dependencies: [String: PlannedDependency]
    /// The only places that HTTP requests may go to (`HTTPDestination`); nil: all but a few that none should.
    package var httpAllow: [String]?
    /// In what a drill differs from all of its runbook; nil: in nothing.
    package var shape: DrillShape?
    /// SHA-256 of the exact bytes of the site file and the catalogue that were read; nil when there was none.
    package var siteDigest: Digest?
    package var catalogueDigest: Digest?

    /// Steps and cleanup by id.
    package func step(_ id: StepID) -> PlannedStep? {
        allSteps.first { $0.id == id }
    }

    /// Main steps, what undoes them, and cleanup, in this order.
    package var allSteps: [PlannedStep] {
        rollbacks.isEmpty && cleanup.isEmpty ? steps : steps + rollbacks + cleanup
    }

    /// Whether there is an inside: a drill's, unless it does without isolation, or nothing is done.
    package var hasInside: Bool { mode == .drill && isolation?.doneWithout == nil && shape?.isTabletop != true }

    /// Where its steps can run.
    package var places: [Place] { hasInside ? [.inside, .outside] : [.outside] }

    package init(
        runbook: RunbookIdentity, purpose: Purpose, mode: RunMode, environment: String, inputs: [String: String] = [:],
        targets: [String: PlannedTarget] = [:], services: [PlannedService] = [], isolation: PlannedIsolation? = nil,
        steps: [PlannedStep] = [], rollbacks: [PlannedStep] = [], rollback: RollbackPolicy = .ask,
        cleanup: [PlannedStep] = [], files: [PlannedFile] = [], people: [PlannedPerson] = [],
        repositories: [String: PlannedRepository] = [:], secrets: [String: SecretReference] = [:], width: Int = 8,
        concurrency: [String: Int] = [:], dependencies: [String: PlannedDependency] = [:], httpAllow: [String]? = nil,
        shape: DrillShape? = nil, siteDigest: Digest? = nil, catalogueDigest: Digest? = nil
    ) {
        self.runbook = runbook
        self.purpose = purpose
        self.mode = mode
        self.environment = environment
        self.inputs = inputs
        self.targets = targets
        self.services = services
        self.isolation = isolation
        self.steps = steps
        self.rollbacks = rollbacks
        self.rollback = rollback
        self.cleanup = cleanup
        self.files = files
        self.people = people
        self.repositories = repositories
        self.secrets = secrets
        self.width = width
        self.concurrency = concurrency
        self.dependencies = dependencies
        self.httpAllow = httpAllow
        self.shape = shape
        self.siteDigest = siteDigest
        self.catalogueDigest = catalogueDigest
    }
}

extension Plan {
    /// Plans of runs that were made before there were rollbacks and groups have none, and are never rolled back.
    package init(from decoder: any Decoder) throws {
        let plan = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            runbook: try plan.decode(RunbookIdentity.self, forKey: .runbook),
            purpose: try plan.decode(Purpose.self, forKey: .purpose),
            mode: try plan.decode(RunMode.self, forKey: .mode),
            environment: try plan.decode(String.self, forKey: .environment),
            inputs: try plan.decode([String: String].self, forKey: .inputs),
            targets: try plan.decode([String: PlannedTarget].self, forKey: .targets),
            services: try plan.decode([PlannedService].self, forKey: .services),
            isolation: try plan.decodeIfPresent(PlannedIsolation.self, forKey: .isolation),
            steps: try plan.decode(InParts<PlannedStep>.self, forKey: .steps).wrappedValue,
            rollbacks: try plan.decodeIfPresent([PlannedStep].self, forKey: .rollbacks) ?? [],
            rollback: try plan.decodeIfPresent(RollbackPolicy.self, forKey: .rollback) ?? .never,
            cleanup: try plan.decode([PlannedStep].self, forKey: .cleanup),
            files: try plan.decode([PlannedFile].self, forKey: .files),
            people: try plan.decode([PlannedPerson].self, forKey: .people),
            repositories: try plan.decode([String: PlannedRepository].self, forKey: .repositories),
            secrets: try plan.decode([String: SecretReference].self, forKey: .secrets),
            width: try plan.decode(Int.self, forKey: .width),
            concurrency: try plan.decodeIfPresent([String: Int].self, forKey: .concurrency) ?? [:],
            dependencies: try plan.decodeIfPresent([String: PlannedDependency].self, forKey: .dependencies) ?? [:],
            httpAllow: try plan.decodeIfPresent([String].self, forKey: .httpAllow),
            shape: try plan.decodeIfPresent(DrillShape.self, forKey: .shape),
            siteDigest: try plan.decodeIfPresent(Digest.self, forKey: .siteDigest),
            catalogueDigest: try plan.decodeIfPresent(Digest.self, forKey: .catalogueDigest))
        schema = try plan.decode(String.self, forKey: .schema)
        sharedGroups = try plan.decodeIfPresent([String: String].self, forKey: .sharedGroups)
    }
}

/// What becomes of a run that fails or is cancelled after it changed something that it knows how to undo.
package enum RollbackPolicy: String, Codable, Sendable, CaseIterable {
    /// Somebody is asked: `drctl undo` rolls it back, `drctl commit` leaves it as it is.
    case ask
    case auto
    case never
}

/// Which runbook a plan was made from.
package struct RunbookIdentity: Codable, Sendable, Equatable {
    package var name: String
    package var title: String
    package var owner: String
    /// SHA-256 of the runbook's exact source bytes.
    package var digest: Digest

    package init(name: String, title: String, owner: String, digest: Digest) {
        self.name = name
        self.title = title
        self.owner = owner
        self.digest = digest
    }
}

/// What steps act on, in the environment that was chosen.
package struct PlannedTarget: Codable, Sendable, Equatable {
    package var kind: RunMode
    /// Everything else the environment says of it: `host`, `port` and so on.
    package var values: [String: String]

    package init(kind: RunMode, values: [String: String] = [:]) {
        self.kind = kind
        self.values = values
    }
}

/// A service of the catalogue with the objectives that were in force when the run was planned.
package struct PlannedService: Codable, Sendable, Equatable {
    package var name: String
    package var tier: Int
    package var owner: String
    package var recoveryTimeObjective: TimeSpan?
    package var recoveryPointObjective: TimeSpan?
    package var maximumTolerableDowntime: TimeSpan?
    /// The pair of clocks that the recovery time is measured between.
    package var from: ClockName
    package var to: ClockName

    package init(
        name: String, tier: Int, owner: String, recoveryTimeObjective: TimeSpan? = nil,
        recoveryPointObjective: TimeSpan? = nil, maximumTolerableDowntime: TimeSpan? = nil, from: ClockName,
        to: ClockName
    ) {
        self.name = name
        self.tier = tier
        self.owner = owner
        self.recoveryTimeObjective = recoveryTimeObjective
        self.recoveryPointObjective = recoveryPointObjective
        self.maximumTolerableDowntime = maximumTolerableDowntime
        self.from = from
        self.to = to
    }
}

/// A file named by the runbook, copied to `files/` under the run's directory.
package struct PlannedFile: Codable, Sendable, Equatable {
    /// Relative to the runbook's folder, and to `files/`.
    package var path: String
    package var sha256: Digest
    package var sizeBytes: Int64
    package var isExecutable: Bool

    package init(path: String, sha256: Digest, sizeBytes: Int64, isExecutable: Bool) {
        self.path = path
        self.sha256 = sha256
        self.sizeBytes = sizeBytes
        self.isExecutable = isExecutable
    }
}

/// A person of the site, with the roles held when the run was planned.
package struct PlannedPerson: Codable, Sendable, Equatable {
    package var name: String
    /// The operating system's user, whose uid makes a request this person's.
    package var user: String
    package var uid: UInt32?
    package var roles: [String]
    /// SSH public keys, `TYPE BASE64`, whose signatures are this person's; nil: none.
    package var keys: [String]?
    /// How to reach this person, in words; nil: nobody said.
    package var contact: String?
    /// Who stands in for this person, and holds the same roles; nil: nobody.
    package var delegate: String?

    package init(name: String, user: String, uid: UInt32? = nil, roles: [String] = [], keys: [String]? = nil) {
        self.name = name
        self.user = user
        self.uid = uid
        self.roles = roles
        self.keys = keys
    }
}

extension [PlannedPerson] {
    /// The people with the roles of everybody for whom they stand in beside their own.
    package var withDelegatedRoles: [PlannedPerson] {
        map { person in
            var person = person
            for other in self where other.delegate == person.name {
                person.roles += other.roles.filter { !person.roles.contains($0) }
            }
            return person
        }
    }
}

/// A repository that steps of the plan use.
package struct PlannedRepository: Codable, Sendable, Equatable {
    /// A path, possibly under `${{ run.directory }}`.
    package var address: Template
    /// Where the identity (an age key or a writer's) is read when an attempt starts; never its contents.
    package var identity: Template?
    /// The repository's pinned id, in hexadecimal; nil when it is made during the run.
    package var pinnedID: Template?

    package init(address: Template, identity: Template? = nil, pinnedID: Template? = nil) {
        self.address = address
        self.identity = identity
        self.pinnedID = pinnedID
    }
}

/// Where a secret is read when an attempt starts; never its contents.
package enum SecretReference: Sendable, Equatable {
    case file(String)
    case environment(String)
    /// A program with its arguments, whose standard output is the secret, without one line break at its end.
    case command([String])
}
