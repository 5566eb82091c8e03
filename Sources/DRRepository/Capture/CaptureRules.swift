internal import DRSystem

/// What of the sources is left out. What a rule leaves out is counted, and never a problem.
package struct CaptureRules: Sendable {
    /// Where a folder holds this file, its lines are patterns of what below it is left out.
    package static let ignoreFileName = ".drctlignore"
    /// A folder that holds this file, and the file the signature, is a cache (bford.info/cachedir).
    static let cacheTagName = "CACHEDIR.TAG"
    static let cacheTagSignature = Array("Signature: 8a477f597d28d172789f06886806bc55".utf8)

    /// Based at the root, in the order in which they were given: the last one that matches a path decides.
    package var excludes: [PathRule]
    /// Keep of a folder with a valid `CACHEDIR.TAG` the folder and the tag alone.
    package var leavesOutCaches: Bool
    /// Heed files of the name ``ignoreFileName``.
    package var readsIgnoreFiles: Bool
    /// Keep of a folder on another file system than its source's the folder alone.
    package var staysOnFileSystem: Bool

    package init(
        excludes: [PathRule] = [], leavesOutCaches: Bool = false, readsIgnoreFiles: Bool = false,
        staysOnFileSystem: Bool = false
    ) {
        self.excludes = excludes
        self.leavesOutCaches = leavesOutCaches
        self.readsIgnoreFiles = readsIgnoreFiles
        self.staysOnFileSystem = staysOnFileSystem
    }
}

/// One line of a list of patterns.
package struct PathRule: Hashable, Sendable {
    package var pattern: PathPattern
    /// Keeps what an earlier line left out: the line began with `!`.
    package var keeps: Bool

    /// - Returns: nil for a pattern that could match nothing.
    package init?(_ line: some Collection<UInt8>) {
        keeps = line.first == UInt8(ascii: "!")
        guard let pattern = PathPattern(keeps ? Array(line.dropFirst()) : Array(line)) else { return nil }
        self.pattern = pattern
    }

    /// The rules of a file: one a line; empty lines and those that begin with `#` are none. A carriage return at a
    /// line's end is dropped.
    /// - Returns: nil with the number of the line, from 1, that could match nothing.
    package static func list(_ bytes: [UInt8]) -> (rules: [PathRule], wrongLine: Int?) {
        var rules: [PathRule] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
            guard let rule = PathRule(line) else { return (rules, number + 1) }
            rules.append(rule)
        }
        return (rules, nil)
    }
}

/// The rules that hold where a walk is: those of the request, and those of the ignore files above.
struct ActiveRules {
    private struct Layer {
        var rules: [PathRule]
        /// How many names of the absolute path lead to the folder that they are based at.
        var depth: Int
    }

    private var layers: [Layer] = []

    var isEmpty: Bool { layers.isEmpty }

    init(_ rules: [PathRule]) {
        if !rules.isEmpty { layers = [Layer(rules: rules, depth: 0)] }
    }

    mutating func push(_ rules: [PathRule], depth: Int) { layers.append(Layer(rules: rules, depth: depth)) }

    mutating func pop() { layers.removeLast() }

    /// Whether an absolute path is left out: the innermost layer with a rule that matches decides, by its last one.
    func leavesOut(_ path: [UInt8], isFolder: Bool) -> Bool {
        let names = path.split(separator: UInt8(ascii: "/"))
        for layer in layers.reversed() {
            let below = names.dropFirst(layer.depth)
            if let rule = layer.rules.last(where: { $0.pattern.matches(below, isFolder: isFolder) }) {
                return !rule.keeps
            }
        }
        return false
    }
}
