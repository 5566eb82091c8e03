/// Paths from the runbook's folder.
enum RelativePath {
    /// The folder of a file; empty: the runbook's own.
    static func folder(of file: String) -> String {
        file.split(separator: "/").dropLast().joined(separator: "/")
    }

    /// A file's own name, without its folder.
    static func name(of file: String) -> String { file.split(separator: "/").last.map(String.init) ?? file }

    /// A path counted from a folder, in its shortest form; nil where it is absolute, leads upwards or is nothing.
    static func joined(_ folder: String, _ path: String) -> String? {
        guard !path.hasPrefix("/") else { return nil }
        let parts = path.split(separator: "/").filter { $0 != "." }
        guard !parts.contains(".."), !parts.isEmpty else { return nil }
        return (folder.isEmpty ? "" : folder + "/") + parts.joined(separator: "/")
    }
}
