import ArgumentParser
import DRSystem
import FoundationEssentials
import SystemPackage

/// Where runs, anchors and caches are kept: `--state`, `DRCTL_STATE`, `$STATE_DIRECTORY` (systemd),
/// /var/lib/drctl if it exists, else the user's XDG state directory.
struct StateOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where runs and caches are kept (default: DRCTL_STATE, STATE_DIRECTORY, /var/lib/drctl, or the XDG state directory).",
            valueName: "dir"))
    var state: String?

    /// Absolute; not necessarily there yet.
    func root() throws -> FilePath {
        let environment = ProcessInfo.processInfo.environment
        if let named = state ?? environment["DRCTL_STATE"], !named.isEmpty { return try Paths.absolute(named) }
        // systemd separates several state directories by colons; the first is ours.
        if let first = environment["STATE_DIRECTORY"]?.split(separator: ":").first { return FilePath(String(first)) }
        if FileManager.default.isWritableFile(atPath: "/var/lib/drctl") { return FilePath("/var/lib/drctl") }
        if let xdg = environment["XDG_STATE_HOME"], xdg.hasPrefix("/") { return FilePath(xdg).appending("drctl") }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw Failure(
                exit: .usage, code: "state.unknown", message: "no directory to keep runs in: HOME is not set",
                hint: "give --state DIR or set DRCTL_STATE")
        }
        return FilePath(home).appending(".local/state/drctl")
    }
}

/// Options whose empty value is a variable that was not set.
enum Words {
    /// - Throws: usage, for an empty one.
    static func given(_ word: String?, for option: String) throws -> String? {
        if word?.isEmpty != true { return word }
        throw Failure(
            exit: .usage, code: "usage", message: "\(option) was given an empty value",
            hint: "check the variable that it came from, or leave the option out")
    }
}

/// Paths as people give them.
enum Paths {
    /// Relative paths start at the working directory.
    /// - Throws: usage, for an empty one: it names no place, least of all the working directory.
    static func absolute(_ path: String) throws -> FilePath {
        guard !path.isEmpty else {
            throw Failure(
                exit: .usage, code: "usage", message: "a path that was given is empty",
                hint: "check the variable that it came from")
        }
        let given = FilePath(path)
        if given.isAbsolute { return given.lexicallyNormalized() }
        return FilePath(FileManager.default.currentDirectoryPath).appending(given.components).lexicallyNormalized()
    }

    /// Where a file is to be written that takes the place of the one before: asked before the work, not after it.
    /// - Throws: usage, where what is there is no file: a device, a pipe or a link would be gone afterwards.
    static func replaceable(_ path: String, for option: String) throws -> FilePath {
        let place = try absolute(path)
        if let status = try? FileStatus.ifPresent(at: place), status.kind != .regular {
            throw Failure(
                exit: .usage, code: "usage.noFile",
                message: "\(option): \(displayEscaped(place.string)) is there and is no file",
                hint: "name a file that may be replaced; a link's target has to be named itself")
        }
        return place
    }
}
