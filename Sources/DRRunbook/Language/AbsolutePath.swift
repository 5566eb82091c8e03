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
