/// Looks at the values of a step's action, as far as they are known: those that are written, when a runbook is checked;
/// those that inputs and targets gave, when it is planned.
struct ActionPass {
    /// What a drill can see beside its run's directory; nil where this is no drill, or not known yet.
    var drillReads: [String]?

    private let id: StepID
    private let place: SourcePlace
    private var diagnostics: [Diagnostic] = []

    /// - Parameter place: where the action is written.
    static func diagnostics(
        for id: StepID, action: StepAction?, probe: Check?, ready: Check?, at place: SourcePlace,
        drillReads: [String]? = nil
    ) -> [Diagnostic] {
        var pass = ActionPass(drillReads: drillReads, id: id, place: place)
        pass.check(probe)
        pass.check(ready)
        if let action { pass.look(at: action) }
        return pass.diagnostics
    }

    private init(drillReads: [String]?, id: StepID, place: SourcePlace) {
        self.drillReads = drillReads
        self.id = id
        self.place = place
    }

    private mutating func report(_ message: String, fix: String) {
        diagnostics.append(Diagnostic(.input, at: place, "`\(id)`: \(message)", fix: fix))
    }

    private mutating func look(at action: StepAction) {
        switch action {
        case .run(let command): look(at: command)
        case .http(let request): look(at: request)
        case .wait(let wait): check(wait.check)
        case .backup(let backup):
            if backup.dataset.literal == "" { report("a dataset has a name", fix: "write one in `dataset`") }
            for path in backup.paths { source(path) }
        case .restore(let restore): target(restore.to)
        case .resync(let resync):
            source(resync.from)
            target(resync.to)
        case .verify, .manual, .approve, .delay, .notify, .stop, .runbook: break
        }
    }

    private mutating func check(_ check: Check?) {
        switch check {
        case .http(let request)?: look(at: request)
        case .tcp(let address)?:
            guard let text = address.literal, !NetworkAddress.isHostAndPort(text) else { return }
            report("`\(text)` is not a host and a port", fix: "write `HOST:PORT`, with a port from 1 to 65535")
        case .run(let command)?: look(at: command)
        case nil: break
        }
    }

    private mutating func look(at command: Command) {
        guard case .argv(let words) = command else {
            if case .script(let text) = command, Self.isEmpty(text) {
                report("its script does nothing, and would succeed", fix: "write the commands below `run: |`")
            }
            return
        }
        if words.first?.literal == "" { report("there is no program to run", fix: "name it first in `run`") }
        if words.contains(where: { $0.literals.contains { $0.utf8.contains(0) } }) {
            report("an argument holds a NUL, which no program can be given", fix: "leave it out")
        }
    }

    /// Nothing but white space and comments.
    private static func isEmpty(_ script: String) -> Bool {
        script.split(whereSeparator: \.isNewline).allSatisfy { line in
            line.first { !$0.isWhitespace }.map { $0 == "#" } ?? true
        }
    }

    private mutating func look(at request: HTTPRequest) {
        for (name, value) in request.headers.sorted(by: { $0.key < $1.key }) {
            let texts = [name] + value.literals
            guard texts.contains(where: { $0.utf8.contains { $0 < 0x20 || $0 == 0x7F } }) else { continue }
            report("the header `\(name)` holds a line break or another control character", fix: "leave it out")
        }
        if request.redirects != nil, request.method != "GET", request.method != "HEAD" {
            report("a \(request.method) request follows no redirects", fix: "leave `redirects` out")
        }
        if let tls = request.tls, (tls.certificate == nil) != (tls.key == nil) {
            report("a certificate is of no use without its key, nor the key without it", fix: "write both into `tls`")
        }
        for path in [request.tls?.authorities, request.tls?.certificate, request.tls?.key].compactMap({ $0 }) {
            guard let text = path.literal, !text.contains("/") else { continue }
            report(
                "`\(text)` is not a path of a file", fix: "write `FOLDER/FILE` below the runbook, or an absolute path")
        }
        guard case .literal(let start)? = request.url.parts.first else { return }
        guard !start.hasPrefix("http://"), !start.hasPrefix("https://") else { return }
        report("`\(request.url.display)` is not a URL of a web server", fix: "start it with http:// or https://")
    }

    private mutating func source(_ path: Template) {
        guard case .literal(let start)? = path.parts.first else { return }
        guard start.hasPrefix("/") else { return relative(path) }
        guard let drillReads, let text = path.literal, let read = AbsolutePath.normalized(text),
            !drillReads.contains(where: { read == $0 || read.hasPrefix($0 + "/") })
        else { return }
        report(
            "`\(text)` cannot be seen in a drill",
            fix: "add it to `isolation.readOnly` of the environment, or copy it below ${{ run.directory }} first")
    }

    private mutating func target(_ path: Template) {
        guard case .literal(let start)? = path.parts.first else { return }
        guard start.hasPrefix("/") else { return relative(path) }
        guard drillReads != nil else { return }
        report(
            "`\(path.display)` lies outside of the run, where a drill changes nothing",
            fix: "start it with ${{ run.directory }}, or write `inDrill: { skip: REASON }`")
    }

    private mutating func relative(_ path: Template) {
        report("`\(path.display)` is not an absolute path", fix: "start it with / or ${{ run.directory }}")
    }
}

extension Template {
    /// The parts that are written out.
    fileprivate var literals: [String] { parts.compactMap { if case .literal(let text) = $0 { text } else { nil } } }
}

extension RunbookValidator {
    static func actions(_ validation: Validation) -> [Diagnostic] {
        validation.allVariants.flatMap { step in
            ActionPass.diagnostics(
                for: step.id, action: step.action?.value, probe: step.probe?.value, ready: step.background?.value.ready,
                at: step.action?.place ?? step.place)
        }
    }
}
