import DRCrypto

/// `site.yaml` to model.
package enum SiteDecoder {
    /// - Returns: the site as far as it could be read, and every diagnostic.
    package static func decode(_ source: SourceText) -> Diagnosed<Site> {
        let document = Document.read(source, kind: "Site", SiteSchema.document)
        guard let root = document.root else { return Diagnosed(nil, document.diagnostics) }
        let reader = NodeReader()
        let spec = root["spec"]
        let people = (spec?["people"]?.entries ?? []).map { entry -> PlannedPerson in
            var person = PlannedPerson(
                name: entry.key.value, user: reader.text(entry.value["user"]) ?? "",
                uid: reader.integer(entry.value["uid"]).flatMap { UInt32(exactly: $0) },
                roles: entry.value["roles"]?.elements?.compactMap { reader.text($0) } ?? [],
                keys: entry.value["keys"]?.elements?.compactMap { reader.text($0) })
            person.contact = reader.text(entry.value["contact"])
            person.delegate = reader.text(entry.value["delegate"])
            return person
        }
        var repositories: [String: PlannedRepository] = [:]
        for entry in spec?["repositories"]?.entries ?? [] {
            repositories[entry.key.value] = PlannedRepository(
                address: Template(reader.text(entry.value["address"]) ?? ""),
                identity: reader.text(entry.value["identity"]).map { Template($0) },
                pinnedID: reader.text(entry.value["id"]).map { Template($0) })
        }
        var channels: [String: PlannedChannel] = [:]
        for entry in spec?["channels"]?.entries ?? [] {
            channels[entry.key.value] = PlannedChannel(
                name: entry.key.value, run: entry.value["run"]?.elements?.compactMap { reader.text($0) },
                post: reader.text(entry.value["post"]))
        }
        let secrets = reader.secretReferences(spec?["secrets"])
        let site = Site(
            name: reader.text(root["metadata"]?["name"]) ?? "", people: people, repositories: repositories,
            secrets: secrets, channels: channels, digest: Digest.of(source.bytes))
        return Diagnosed(site, document.diagnostics + sharedUsers(spec) + unreadableKeys(spec) + unknownDelegates(spec))
    }

    /// A key is the two first words of a public key's file, on one line.
    private static func unreadableKeys(_ spec: SourceNode?) -> [Diagnostic] {
        (spec?["people"]?.entries ?? []).flatMap { $0.value["keys"]?.elements ?? [] }.compactMap { node in
            guard let text = node.scalar?.text,
                text.wholeMatch(of: /[a-z0-9@.-]+ [A-Za-z0-9+\/=]+( [^\n]*)?/) == nil
            else { return nil }
            return Diagnostic(
                .restriction, at: node.place, "this is no SSH public key",
                fix: "write the line of a `.pub` file: its type, a space, and its base64")
        }
    }

    /// Whoever stands in for somebody is another person of the site.
    private static func unknownDelegates(_ spec: SourceNode?) -> [Diagnostic] {
        let names = (spec?["people"]?.entries ?? []).map(\.key.value)
        return (spec?["people"]?.entries ?? []).compactMap { entry in
            guard let node = entry.value["delegate"], let name = node.scalar?.text else { return nil }
            let others = names.filter { $0 != entry.key.value }
            if others.contains(name) { return nil }
            return Diagnostic(
                .unknownName, at: node.place, "`\(name)` is nobody else of this site",
                fix: Suggestion.fix(for: name, among: others))
        }
    }

    /// Two people with one user would be one person twice, and fill a quorum alone.
    private static func sharedUsers(_ spec: SourceNode?) -> [Diagnostic] {
        var first: [String: String] = [:]
        var diagnostics: [Diagnostic] = []
        for entry in spec?["people"]?.entries ?? [] {
            for key in ["user", "uid"] {
                guard let node = entry.value[key], let text = node.scalar?.text else { continue }
                if let other = first["\(key) \(text)"] {
                    diagnostics.append(
                        Diagnostic(
                            .duplicateName, at: node.place,
                            "\(entry.key.value) and \(other) have the same \(key), \(text)",
                            fix: "one person, one user: a quorum counts distinct people"))
                } else {
                    first["\(key) \(text)"] = entry.key.value
                }
            }
        }
        return diagnostics
    }
}

/// `services.yaml` to model.
package enum CatalogueDecoder {
    /// - Returns: the catalogue as far as it could be read, and every diagnostic.
    package static func decode(_ source: SourceText) -> Diagnosed<Catalogue> {
        let document = Document.read(source, kind: "Catalogue", CatalogueSchema.document)
        guard let root = document.root else { return Diagnosed(nil, document.diagnostics) }
        var diagnostics = document.diagnostics
        var services: [String: CataloguedService] = [:]
        let entries = root["spec"]?["services"]?.entries ?? []
        let names = entries.map(\.key.value)
        for entry in entries {
            services[entry.key.value] = service(entry.key.value, entry.value, &diagnostics)
            for dependency in entry.value["dependencies"]?.elements ?? [] {
                guard let name = dependency.scalar?.text, !names.contains(name) else { continue }
                diagnostics.append(
                    Diagnostic(
                        .unknownName, at: dependency.place, "there is no service `\(name)`",
                        fix: Suggestion.fix(for: name, among: names)))
            }
        }
        return Diagnosed(Catalogue(services: services, digest: Digest.of(source.bytes)), diagnostics)
    }

    private static func service(
        _ name: String, _ node: SourceNode, _ diagnostics: inout [Diagnostic]
    ) -> CataloguedService {
        let reader = NodeReader()
        var pair = (from: ClockName.disrupted, to: ClockName.proven)
        if let written = reader.placedText(node["clocks"]) {
            if let read = clocks(written.value) {
                pair = read
            } else {
                let all = ClockName.allCases.map(\.rawValue).joined(separator: ", ")
                diagnostics.append(
                    Diagnostic(
                        .wrongType, at: written.place, "`\(written.value)` is not a pair of clocks in their order",
                        fix: "write `disrupted..proven`; the clocks are, in order, \(all)"))
            }
        }
        return CataloguedService(
            planned: PlannedService(
                name: name, tier: reader.integer(node["tier"]).map { Int(clamping: $0) } ?? 0,
                owner: reader.text(node["owner"]) ?? "", recoveryTimeObjective: reader.duration(node["rto"]),
                recoveryPointObjective: reader.duration(node["rpo"]),
                maximumTolerableDowntime: reader.duration(node["mtd"]), from: pair.from, to: pair.to),
            title: reader.text(node["title"]),
            dependencies: node["dependencies"]?.elements?.compactMap { reader.text($0) } ?? [])
    }

    private static func clocks(_ text: String) -> (from: ClockName, to: ClockName)? {
        guard let dots = text.firstRange(of: "..") else { return nil }
        let all = ClockName.allCases
        guard let from = ClockName(rawValue: String(text[..<dots.lowerBound])),
            let to = ClockName(rawValue: String(text[dots.upperBound...])), let first = all.firstIndex(of: from),
            let second = all.firstIndex(of: to), first < second
        else { return nil }
        return (from, to)
    }
}
