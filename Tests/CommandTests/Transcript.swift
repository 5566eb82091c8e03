import DRTestSupport
import FoundationEssentials
import SystemPackage

/// A session at a shell as a text file: commands, what they print, and how they exit.
///
///     # a comment
///     $ drctl verify --repo repo      a command, run by bash in a directory of the transcript's own
///     > --level content               its next line
///       everything that was stored …  what it wrote to standard output, indented
///     ! drctl: …                      what it wrote to standard error
///     [21]                            its exit code, unless 0
///
/// What differs from run to run (ids, times, paths) is shown as a word in angle brackets.
struct Transcript {
    /// Something that the transcript cannot be run with.
    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    /// One command, and what came of it.
    struct Step {
        var command: String
        var output = ""
        var error = ""
        var exit: Int32 = 0

        /// One drctl with `--json`, its output not redirected.
        var printsJSONAlone: Bool {
            command.hasPrefix("drctl ") && command.contains("--json") && !command.contains { ">|;&\n".contains($0) }
        }
    }

    private enum Part {
        case text(String)
        case step(Step)
    }

    private var parts: [Part] = []

    init(_ text: String) {
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("$ ") {
                parts.append(.step(Step(command: String(line.dropFirst(2)))))
            } else if line.hasPrefix("> ") || line == ">", case .step(var step)? = parts.last {
                step.command += "\n" + line.dropFirst(2)
                parts[parts.count - 1] = .step(step)
            } else if line.hasPrefix("#") || (line.isEmpty && parts.isEmpty) {
                parts.append(.text(String(line)))
            }
        }
    }

    var steps: [Step] { parts.compactMap { if case .step(let step) = $0 { step } else { nil } } }

    /// Runs every command, in order.
    mutating func run(_ shell: Shell) throws {
        for index in parts.indices {
            guard case .step(var step) = parts[index] else { continue }
            try shell.run(&step)
            parts[index] = .step(step)
        }
    }

    /// The transcript as the commands made it.
    func text(_ shown: (String) -> String) -> String {
        var lines: [String] = []
        for part in parts {
            switch part {
            case .text(let line):
                if !lines.isEmpty, lines.last?.hasPrefix("#") == false { lines.append("") }
                lines.append(line)
            case .step(let step):
                let command = step.command.split(separator: "\n", omittingEmptySubsequences: false)
                lines.append("$ " + (command.first ?? ""))
                lines += command.dropFirst().map { $0.isEmpty ? ">" : "> " + $0 }
                lines += Self.lines(shown(step.output)).map { $0.isEmpty ? "" : "  " + $0 }
                lines += Self.lines(shown(step.error)).map { "! " + $0 }
                if step.exit != 0 { lines.append("[\(step.exit)]") }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}

/// Where a transcript's commands run: a directory of their own, and an environment with nothing of this process's but
/// a PATH that finds the drctl that was built beside the tests.
struct Shell {
    private let directory = try? TemporaryDirectory()

    private var base: FilePath { directory?.path ?? "/nonexistent" }
    private var work: FilePath { base.appending("here") }

    init() throws {
        for folder in ["here", "home"] {
            try FileManager.default.createDirectory(
                atPath: base.appending(folder).string, withIntermediateDirectories: true)
        }
        let runbooks = GoldenFile("../../Runbooks").path
        try FileManager.default.createSymbolicLink(
            atPath: base.appending("Runbooks").string, withDestinationPath: runbooks)
    }

    /// The folder of the products that were built with these tests.
    static func products() throws -> FilePath {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder = FilePath(own).removingLastComponent()
        guard FileManager.default.isExecutableFile(atPath: folder.appending("drctl").string) else {
            throw Transcript.Fault(description: "drctl was not built beside the tests in \(folder)")
        }
        return folder
    }

    func run(_ step: inout Transcript.Step) throws {
        let script = "cd '\(work)' && exec >../out 2>../err </dev/null\n\(step.command)"
        let ended = try ChildProcess.run([
            "env", "-i", "PATH=\(try Self.products()):/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME=\(base.appending("home"))", "LANG=C.UTF-8", "timeout", "300", "bash", "-c", script,
        ])
        step.exit = ended.exitCode ?? 128 + (ended.signal ?? 0)
        step.output = try text("out")
        step.error = try text("err")
    }

    private func text(_ name: String) throws -> String {
        guard let bytes = FileManager.default.contents(atPath: base.appending(name).string) else {
            throw Transcript.Fault(description: "the command left no \(name)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What differs from run to run as words that do not.
    func shown(_ text: String) -> String {
        let host = (try? ChildProcess.run(["hostname"]).output)?.split(separator: "\n").first.map(String.init) ?? ""
        var text = text.replacing(base.string, with: "<dir>")
        text = text.replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/, with: "<time>")
        text = text.replacing(/\b\d\d:\d\d:\d\dZ/, with: "<time>")
        text = text.replacing(/-\d{8}-\d{6}-[0-9a-f]{4}\b/, with: "-<run>")
        text = text.replacing(/age1[0-9a-z]{8,}/, with: "<recipient>")
        text = text.replacing(/\b[0-9a-f]{12,64}\b/, with: "<hex>")
        text = text.replacing(/pid \d+/, with: "pid <pid>")
        text = text.replacing(/in \d+ commits?/, with: "in <n> commits")
        text = text.replacing(/commit \d+/, with: "commit <n>")
        // Which of the two open packs a chunk goes into is drawn by lot.
        text = text.replacing(/\d+ of \d+ packs, [\d.]+ (bytes|.?B) of [\d.]+ (bytes|.?B)/, with: "<packs>")
        text = text.replacing(/\d+ of \d+ packs/, with: "<packs>")
        text = text.replacing(/stored [\d.]+ .?B/, with: "stored <size>")
        text = text.replacing(/"bytesStored":\d+/, with: "\"bytesStored\":<size>")
        text = text.replacing(/\ *\b\d+(\.\d)?m?s\b/, with: " <span>")
        text = text.replacing(/\d+ packs?( and|) (\d+ snapshots? |)that no log/) {
            "<n> packs\($0.1) \($0.2)that no log"
        }
        text = text.replacing(/\(\d+ %\)/, with: "(<share>)")
        let named = host.isEmpty ? nil : try? Regex("\\b\(host)\\b")
        return named.map { text.replacing($0, with: "<host>") } ?? text
    }
}
