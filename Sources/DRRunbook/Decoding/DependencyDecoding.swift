extension DependencyDefinition {
    /// - Returns: nil where its probe could not be read.
    static func decode(_ node: SourceNode, name: String, at place: SourcePlace) -> DependencyDefinition? {
        var reader = NodeReader()
        // There are no steps before it that it could read.
        reader.use = .repository
        guard let check = reader.check(node["probe"]) else { return nil }
        let ifDown = Self.ifDown(node["ifDown"], &reader)
        var values: [String: Placed<Template>] = [:]
        for entry in node["values"]?.entries ?? [] {
            values[entry.key.value] = reader.template(entry.value).map { Placed($0, at: entry.value.place) }
        }
        var gate = StepDefinition(
            id: StepID(name), place: place,
            action: Placed(
                .wait(WaitAction(check: check, holds: .zero, interval: .seconds(1))), at: node["probe"]?.place ?? place),
            needs: [], env: [:], outputs: [:], marks: [], expressions: reader.expressions, words: reader.words,
            isCleanup: false)
        gate.secrets = reader.secrets
        return DependencyDefinition(
            gate: gate, patience: reader.duration(node["timeout"]) ?? .seconds(10),
            freshFor: reader.duration(node["freshFor"]) ?? .seconds(10),
            retryAfter: reader.duration(node["retryAfter"]) ?? .seconds(30), values: values, ifDown: ifDown,
            place: place)
    }

    private static func ifDown(_ node: SourceNode?, _ reader: inout NodeReader) -> IfDown {
        if let time = reader.duration(node?["wait"]) { return .wait(time) }
        if let card = reader.card(node?["manual"]) { return .manual(card) }
        guard let alternate = node?["alternate"] else { return .fail }
        var values: [String: Placed<Template>] = [:]
        for entry in alternate.entries ?? [] {
            values[entry.key.value] = reader.template(entry.value).map { Placed($0, at: entry.value.place) }
        }
        return .alternate(values)
    }
}
