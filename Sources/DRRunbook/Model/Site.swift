package import DRCrypto

/// Who and what there is at a site.
package struct Site: Sendable {
    package var name: String
    package var people: [PlannedPerson]
    package var repositories: [String: PlannedRepository]
    package var secrets: [String: SecretReference]
    package var channels: [String: PlannedChannel]
    /// SHA-256 of the source's exact bytes.
    package var digest: Digest

    /// Every role that somebody holds.
    package var roles: Set<String> { Set(people.flatMap(\.roles)) }
}

/// The services and their objectives.
package struct Catalogue: Sendable {
    package var services: [String: CataloguedService]
    /// SHA-256 of the source's exact bytes.
    package var digest: Digest
}

/// A service as the catalogue has it.
package struct CataloguedService: Sendable {
    package var planned: PlannedService
    package var title: String?
    package var dependencies: [String]
}
