/// Takes values out of a document that was compared with its shape: what does not fit was reported there
/// and is nil here. Collects the expressions and command words it comes across.
struct NodeReader {
    private(set) var expressions: [PlacedExpression] = []
    private(set) var words: [CommandWord] = []
    private(set) var secrets: [Placed<String>] = []
    /// Channels that cards escalate to.
    var channels: [Placed<String>] = []
    /// What templates that are read from now on are for.
    var use = PlacedExpression.Use.template

    func text(_ node: SourceNode?) -> String? { node?.isNothing == true ? nil : node?.scalar?.text }

    func placedText(_ node: SourceNode?) -> Placed<String>? {
        guard let node, let text = text(node) else { return nil }
        return Placed(text, at: node.place)
    }

    func choice<Choice: RawRepresentable<String>>(_ node: SourceNode?) -> Choice? {
        text(node).flatMap(Choice.init(rawValue:))
    }

    func integer(_ node: SourceNode?) -> Int64? { text(node).flatMap { Int64($0) } }

    func flag(_ node: SourceNode?) -> Bool? { text(node).map { $0 == "true" } }

    func duration(_ node: SourceNode?) -> TimeSpan? { text(node).flatMap { TimeSpan(parsing: $0) } }

    func placedDuration(_ node: SourceNode?) -> Placed<TimeSpan>? {
        guard let node, let span = duration(node) else { return nil }
        return Placed(span, at: node.place)
    }

    /// One element or a list of them.
    func elements(_ node: SourceNode?) -> [SourceNode] { node?.elements ?? node.map { [$0] } ?? [] }

    func outputTypes(_ node: SourceNode?) -> [String: OutputType] {
        var types: [String: OutputType] = [:]
        for entry in node?.entries ?? [] { types[entry.key.value] = choice(entry.value) }
        return types
    }

    mutating func template(_ node: SourceNode?) -> Template? {
        guard let node, let scalar = node.scalar, !node.isNothing || scalar.style != .plain,
            let parsed = try? Template.parse(scalar.text)
        else { return nil }
        for (expression, offset) in zip(parsed.template.expressions, parsed.offsets) {
            expressions.append(
                PlacedExpression(
                    expression: expression, use: use, place: scalar.place(of: offset, from: node.place)))
        }
        return parsed.template
    }

    mutating func condition(_ node: SourceNode?) -> Expression? {
        guard let node, let text = text(node), let expression = try? Expression(source: text) else { return nil }
        expressions.append(
            PlacedExpression(
                expression: expression, use: use == .services ? .services : .condition,
                place: node.scalar?.place(of: 0, from: node.place) ?? node.place))
        return expression
    }

    mutating func templates(_ node: SourceNode?) -> [Template]? {
        let read = node?.elements?.compactMap { template($0) }
        return read?.count == node?.elements?.count ? read : nil
    }

    mutating func templateMap(_ node: SourceNode?) -> [String: Template] {
        var map: [String: Template] = [:]
        for entry in node?.entries ?? [] { map[entry.key.value] = template(entry.value) }
        return map
    }

    /// Where secrets are read, by their names.
    func secretReferences(_ node: SourceNode?) -> [String: SecretReference] {
        var references: [String: SecretReference] = [:]
        for entry in node?.entries ?? [] {
            references[entry.key.value] =
                text(entry.value["file"]).map { .file($0) }
                ?? text(entry.value["environment"]).map { .environment($0) }
                ?? entry.value["command"]?.elements.map { .command($0.compactMap { text($0) }) }
        }
        return references
    }

    /// The name of a secret that is used here.
    mutating func secret(_ node: SourceNode?) -> String? {
        guard let node, let name = text(node["secret"]) else { return nil }
        secrets.append(Placed(name, at: node.place))
        return name
    }

    mutating func command(_ node: SourceNode?) -> Command? {
        if let elements = node?.elements {
            var argv: [Template] = []
            for (index, element) in elements.enumerated() {
                guard let word = template(element) else { return nil }
                argv.append(word)
                words.append(CommandWord(template: word, isProgram: index == 0, place: element.place))
            }
            return argv.isEmpty ? nil : .argv(argv)
        }
        guard let scalar = node?.scalar, scalar.style == .block else { return nil }
        return .script(scalar.text)
    }

    mutating func request(_ node: SourceNode?) -> HTTPRequest? {
        guard let node, let method = StepSchema.methods.first(where: { node[$0] != nil }),
            let url = template(node[method])
        else { return nil }
        let expect = node["expect"]
        let status = elements(expect?["status"]).compactMap { integer($0).map { Int($0) } }
        var headers: [String: Template] = [:]
        var secretHeaders: [String: String] = [:]
        for entry in node["headers"]?.entries ?? [] {
            if let name = secret(entry.value) {
                secretHeaders[entry.key.value] = name
            } else {
                headers[entry.key.value] = template(entry.value)
            }
        }
        return HTTPRequest(
            method: method.uppercased(), url: url, headers: headers,
            secretHeaders: secretHeaders.isEmpty ? nil : secretHeaders, body: template(node["body"]),
            expect: HTTPExpectation(
                status: status.isEmpty ? [200] : status, bodyContains: text(expect?["bodyContains"]),
                json: expect?["json"]?.entries.map { entries in
                    Dictionary(entries.compactMap { entry in text(entry.value).map { (entry.key.value, $0) } }) {
                        first, _ in first
                    }
                }), redirects: integer(node["redirects"]).map { Int($0) }, tls: tls(node["tls"]))
    }

    private mutating func tls(_ node: SourceNode?) -> TLSFiles<Template>? {
        guard let node else { return nil }
        return TLSFiles(
            authorities: file(node["ca"]), certificate: file(node["certificate"]), key: template(node["key"]))
    }

    /// A file of the runbook's folder, which is copied with it, or one with an absolute path.
    private mutating func file(_ node: SourceNode?) -> Template? {
        guard let node, let path = template(node) else { return nil }
        words.append(CommandWord(template: path, isProgram: false, place: node.place))
        return path
    }

    mutating func check(_ node: SourceNode?) -> Check? {
        guard let node else { return nil }
        if let command = command(node["run"]) { return .run(command) }
        if let request = request(node["http"]) { return .http(request) }
        return template(node["tcp"]).map { .tcp($0) }
    }
}
