/// Looks at what values became, once inputs and targets are in place.
enum ResolvedPass {
    static func diagnostics(for step: PlannedStep, at place: SourcePlace) -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        func report(_ message: String, fix: String) {
            diagnostics.append(Diagnostic(.input, at: place, "`\(step.id)`: \(message)", fix: fix))
        }
        func url(_ request: HTTPRequest) {
            guard case .literal(let start)? = request.url.parts.first else { return }
            guard !start.hasPrefix("http://"), !start.hasPrefix("https://") else { return }
            report("`\(request.url.display)` is not a URL of a web server", fix: "start it with http:// or https://")
        }
        func check(_ check: Check?) {
            switch check {
            case .http(let request)?: url(request)
            case .tcp(let address)?:
                guard let text = address.literal, !NetworkAddress.isHostAndPort(text) else { return }
                report("`\(text)` is not a host and a port", fix: "write `HOST:PORT`, with a port from 1 to 65535")
            default: break
            }
        }
        func path(_ template: Template) {
            guard case .literal(let start)? = template.parts.first, !start.hasPrefix("/") else { return }
            report("`\(template.display)` is not an absolute path", fix: "start it with / or ${{ run.directory }}")
        }
        check(step.probe)
        check(step.background?.ready)
        switch step.action {
        case .http(let request): url(request)
        case .wait(let wait): check(wait.check)
        case .backup(let backup): backup.paths.forEach(path)
        case .restore(let restore): path(restore.to)
        case .resync(let resync):
            path(resync.from)
            path(resync.to)
        default: break
        }
        return diagnostics
    }
}

enum NetworkAddress {
    /// `name:80`, `10.0.0.1:443`, `[::1]:22`.
    static func isHostAndPort(_ text: String) -> Bool {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65535).contains(port)
        else { return false }
        let host = text[..<colon]
        if host.hasPrefix("[") { return host.hasSuffix("]") && host.count > 2 }
        return !host.isEmpty && !host.contains { $0 == ":" || $0 == "/" || $0.isWhitespace }
    }
}

enum AbsolutePath {
    /// A path without `.`, `..`, doubled or closing slashes; nil where it is relative or leads above `/`.
    static func normalized(_ text: String) -> String? {
        guard text.hasPrefix("/") else { return nil }
        var parts: [Substring] = []
        for part in text.split(separator: "/") where part != "." {
            if part == ".." {
                guard parts.popLast() != nil else { return nil }
            } else {
                parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    static func join(_ folder: String, _ path: String) -> String {
        path.hasPrefix("/") ? path : folder + "/" + path
    }

    /// Whether binding a path would undo what a drill masks: `/` and what holds sockets and devices.
    static func opensWhatIsMasked(_ path: String) -> Bool {
        let masked = ["/run", "/var/run", "/tmp", "/dev", "/proc", "/sys"]
        return masked.contains { $0 == path || $0.hasPrefix(path == "/" ? path : path + "/") }
            || ["/run/", "/dev/", "/proc/", "/sys/"].contains { path.hasPrefix($0) }
    }
}
