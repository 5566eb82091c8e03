import ArgumentParser
import DRRepository
import DRSystem
import SystemPackage

/// What of the sources a backup leaves out.
struct CaptureOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Leave out what matches: *.tmp at any depth, /var/cache from the root, tmp/ folders only. `!` keeps.",
            valueName: "pattern"))
    var exclude: [String] = []
    @Option(help: ArgumentHelp("Leave out what the lines of this file match.", valueName: "file"))
    var excludeFrom: [String] = []
    @Flag(help: "Leave out what lies beside a valid CACHEDIR.TAG.")
    var excludeCaches = false
    @Flag(help: "Keep of other file systems' mount points the folder alone.")
    var oneFileSystem = false
    @Flag(help: "Do not heed .drctlignore files.")
    var noIgnoreFiles = false

    private static let mostRuleBytes = 4 << 20

    /// - Throws: usage, where a pattern can match nothing or a file of patterns cannot be read.
    func rules() throws -> CaptureRules {
        var rules: [PathRule] = []
        for file in excludeFrom {
            let path = try Paths.absolute(file)
            let (list, wrongLine) = PathRule.list(try DurableFile.read(at: path, limit: Self.mostRuleBytes))
            if let wrongLine { throw Self.wrong("line \(wrongLine) of \(displayEscaped(path.string))") }
            rules += list
        }
        for pattern in exclude {
            guard let rule = PathRule(Array(pattern.utf8)) else {
                throw Self.wrong("the pattern `\(displayEscaped(pattern))`")
            }
            rules.append(rule)
        }
        return CaptureRules(
            excludes: rules, leavesOutCaches: excludeCaches, readsIgnoreFiles: !noIgnoreFiles,
            staysOnFileSystem: oneFileSystem)
    }

    static func wrong(_ what: String) -> Failure {
        Failure(
            exit: .usage, code: "backup.pattern", message: "\(what) can match nothing",
            hint: "write a name (`*.tmp`), a path from the root (`/var/cache`), or names without `..`, `.` and `//`")
    }
}
