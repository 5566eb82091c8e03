import DRCrypto
import DRParallel

/// Runbook text to model. Everything about text and shape is reported here; what names mean is
/// `RunbookValidator`'s.
package enum RunbookDecoder {
    /// - Returns: the runbook as far as it could be read, and every diagnostic.
    package static func decode(_ source: SourceText) -> Diagnosed<Runbook> {
        let document = Document.read(source, kind: "Runbook", RunbookSchema.document)
        guard let root = document.root else { return Diagnosed(nil, document.diagnostics) }
        let reader = NodeReader()
        let metadata = root["metadata"]
        let spec = root["spec"]
        let name = reader.text(metadata?["name"]) ?? ""
        var varReader = NodeReader()
        let vars = variables(spec?["vars"], &varReader)
        let runbook = Runbook(
            name: name, title: reader.text(metadata?["title"]) ?? name, owner: reader.text(metadata?["owner"]) ?? "",
            services: (metadata?["services"]?.elements ?? []).compactMap { reader.placedText($0) },
            accepts: (metadata?["accepts"]?.entries ?? []).reduce(into: [:]) { accepted, entry in
                accepted[entry.key.value] = reader.text(entry.value)
            },
            purpose: reader.choice(spec?["purpose"]) ?? .rehearsal, inputs: inputs(spec?["inputs"]),
            vars: vars, varExpressions: varReader.expressions,
            environments: environments(spec?["environments"]),
            width: reader.integer(spec?["width"]).map { Int(clamping: $0) } ?? 8,
            concurrency: (spec?["concurrency"]?.entries ?? []).reduce(into: [:]) { limits, entry in
                limits[entry.key.value] = reader.integer(entry.value["limit"] ?? entry.value).map { Int(clamping: $0) }
            },
            sharedGroups: (spec?["concurrency"]?.entries ?? []).reduce(into: [:]) { shared, entry in
                if entry.value["across"] != nil { shared[entry.key.value] = entry.key.value }
            },
            rollback: reader.choice(spec?["rollback"]),
            dependencies: dependencies(spec?["dependencies"]),
            steps: withAcceptedEnds(steps(spec?["steps"]?.elements ?? [])),
            cleanup: (spec?["cleanup"]?.elements ?? []).compactMap { StepDefinition.decode($0, isCleanup: true) },
            outputs: outputs(spec?["outputs"]), digest: Digest.of(source.bytes), place: spec?.place ?? root.place)
        return Diagnosed(runbook, document.diagnostics)
    }

    private static func steps(_ nodes: [SourceNode]) -> [StepDefinition] {
        let parts = Parallel.chunks(of: nodes.count, least: 256)
        return Parallel.map(parts.count) { part in nodes[parts[part]].compactMap { StepDefinition.decode($0) } }
            .flatMap { $0 }
    }

    /// A need accepts `succeeded`, `failed` where the needed step lets the run go on after it, and what is written.
    private static func withAcceptedEnds(_ steps: [StepDefinition]) -> [StepDefinition] {
        let mayFail = Set(steps.filter { $0.onFailure == .continue }.map(\.id))
        var steps = steps
        for step in steps.indices {
            for need in steps[step].needs.indices {
                let written = steps[step].needs[need].value
                let accept = Need.Outcome.allCases.filter { end in
                    end == .succeeded || written.accept.contains(end)
                        || (end == .failed && mayFail.contains(written.step))
                }
                if accept != written.accept { steps[step].needs[need].value.accept = accept }
            }
        }
        return steps
    }

    private static func inputs(_ node: SourceNode?) -> [String: InputDefinition] {
        let reader = NodeReader()
        var inputs: [String: InputDefinition] = [:]
        for entry in node?.entries ?? [] {
            inputs[entry.key.value] = InputDefinition(
                type: reader.choice(entry.value["type"]) ?? .string, summary: reader.text(entry.value["description"]),
                defaultValue: reader.placedText(entry.value["default"]),
                oneOf: entry.value["oneOf"]?.elements?.compactMap { reader.text($0) },
                pattern: reader.placedText(entry.value["pattern"]), minimum: reader.integer(entry.value["minimum"]),
                maximum: reader.integer(entry.value["maximum"]), place: entry.key.place)
        }
        return inputs
    }

    private static func dependencies(_ node: SourceNode?) -> [String: DependencyDefinition] {
        var dependencies: [String: DependencyDefinition] = [:]
        for entry in node?.entries ?? [] {
            dependencies[entry.key.value] = DependencyDefinition.decode(
                entry.value, name: entry.key.value, at: entry.key.place)
        }
        return dependencies
    }

    private static func outputs(_ node: SourceNode?) -> [String: Placed<Expression>] {
        var reader = NodeReader()
        var outputs: [String: Placed<Expression>] = [:]
        for entry in node?.entries ?? [] {
            outputs[entry.key.value] = reader.condition(entry.value).map { Placed($0, at: entry.value.place) }
        }
        return outputs
    }

    private static func variables(_ node: SourceNode?, _ reader: inout NodeReader) -> [VariableDefinition] {
        reader.use = .variable
        return (node?.entries ?? []).compactMap { entry in
            reader.template(entry.value).map {
                VariableDefinition(name: entry.key.value, value: Placed($0, at: entry.value.place))
            }
        }
    }

    private static func environments(_ node: SourceNode?) -> [String: EnvironmentDefinition] {
        var environments: [String: EnvironmentDefinition] = [:]
        for entry in node?.entries ?? [] {
            environments[entry.key.value] = environment(entry.value, at: entry.key.place)
        }
        return environments
    }

    private static func environment(_ node: SourceNode, at place: SourcePlace) -> EnvironmentDefinition {
        var reader = NodeReader()
        let isolation = node["isolation"]
        var targets: [String: TargetDefinition] = [:]
        let vars = variables(node["vars"], &reader)
        reader.use = .target
        for entry in node["targets"]?.entries ?? [] {
            var values: [String: Template] = [:]
            for value in entry.value.entries ?? [] where value.key.value != "kind" {
                values[value.key.value] = reader.template(value.value)
            }
            // What could not be read counts as real: nothing that writes is let through to it.
            targets[entry.key.value] = TargetDefinition(
                kind: reader.choice(entry.value["kind"]) ?? .real, values: values, place: entry.key.place)
        }
        var repositories: [String: PlannedRepository] = [:]
        reader.use = .repository
        for entry in node["repositories"]?.entries ?? [] {
            guard let address = reader.template(entry.value["address"]) else { continue }
            repositories[entry.key.value] = PlannedRepository(
                address: address, identity: reader.template(entry.value["identity"]),
                pinnedID: reader.template(entry.value["id"]))
        }
        let isolated = Self.isolation(isolation, &reader)
        let allow = node["http"]?["allow"]?.elements?.compactMap { element in
            reader.template(element).map { Placed($0, at: element.place) }
        }
        return EnvironmentDefinition(
            mode: reader.choice(node["for"]) ?? .drill, vars: vars, targets: targets, repositories: repositories,
            secrets: reader.secretReferences(node["secrets"]), isolation: isolated, httpAllow: allow,
            expressions: reader.expressions, place: place)
    }

    private static func isolation(_ node: SourceNode?, _ reader: inout NodeReader) -> IsolationDefinition {
        reader.use = .isolation
        func placed(_ node: SourceNode?) -> Placed<Template>? {
            guard let node else { return nil }
            return reader.template(node).map { Placed($0, at: node.place) }
        }
        func all(_ node: SourceNode?) -> [Placed<Template>] { (node?.elements ?? []).compactMap { placed($0) } }
        let networks = (node?["networks"]?.elements ?? []).compactMap { network -> NetworkDefinition? in
            guard let interface = placed(network["interface"]), let address = placed(network["address"]) else {
                return nil
            }
            return NetworkDefinition(
                interface: interface, address: address, gateway: placed(network["gateway"]),
                allow: all(network["allow"]), place: network.place)
        }
        return IsolationDefinition(
            mustNotReach: all(node?["mustNotReach"]),
            whenNotDemonstrated: reader.choice(node?["whenNotDemonstrated"]) ?? .refuse,
            whenUnavailable: reader.choice(node?["whenUnavailable"]) ?? .refuse, readOnly: all(node?["readOnly"]),
            networks: networks, place: node?.place)
    }
}

/// A file of the language, read and compared with its shape.
struct Document {
    var root: SourceNode?
    var diagnostics: [Diagnostic]

    static func read(_ source: SourceText, kind: String, _ schema: ObjectSchema) -> Document {
        let diagnostics = source.diagnostics
        guard let node = source.document else { return Document(root: nil, diagnostics: diagnostics) }
        // A file of another kind would only be compared with keys that it never meant to have.
        if let written = node["kind"]?.scalar?.text, written != kind,
            ["Runbook", "Site", "Catalogue"].contains(written)
        {
            let place = node["kind"]?.place ?? node.place
            let wrong = Diagnostic(.kind, at: place, "this is a \(written), and a \(kind) was asked for")
            return Document(root: nil, diagnostics: diagnostics + [wrong])
        }
        return Document(root: node, diagnostics: diagnostics + ShapeCheck.diagnostics(for: node, .object(schema)))
    }

    /// What kind of file a source says it is; nil when it does not say.
    static func kind(of source: SourceText) -> String? { source.document?["kind"]?.scalar?.text }
}
