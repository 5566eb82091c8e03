package import DRRunbook
import DRSystem
import FoundationEssentials
package import SystemPackage

/// A run's place in the file system: `STATE/runs/ID/`, with everything that belongs to the run.
package struct RunDirectory: Sendable, Hashable {
    package let path: FilePath

    package init(at path: FilePath) { self.path = path }

    /// The run's id, which is the directory's name.
    package var id: String { path.lastComponent?.string ?? "" }

    /// The frozen plan; event 1 of the journal holds its digest.
    package var plan: FilePath { path.appending("plan.json") }
    package var journal: FilePath { path.appending("journal.jsonl") }
    /// Where everybody but the runner leaves requests.
    package var requests: FilePath { path.appending("requests") }
    /// Copies of the files that the plan names.
    package var files: FilePath { path.appending("files") }
    /// What steps may write.
    package var work: FilePath { path.appending("work") }
    package var record: FilePath { path.appending("record.json") }
    package var report: FilePath { path.appending("report.html") }

    /// A supervisor's socket, spool and step output.
    package func place(_ place: Place) -> FilePath { path.appending(place.rawValue) }

    /// The folder of all runs under a state directory.
    package static func all(in state: FilePath) -> FilePath { state.appending("runs") }

    /// The runs under a state directory, by id. Where there is no folder of runs there are none.
    /// - Throws: when the folder cannot be listed: a failed listing is never an empty one.
    package static func list(in state: FilePath) throws(JournalError) -> [RunDirectory] {
        let folder = all(in: state)
        let names = try journaling("could not list the runs") { () throws(SystemError) -> [String] in
            try FileStatus.ifPresent(at: folder) == nil ? [] : DurableFile.list(folder)
        }
        return names.filter { !$0.hasPrefix(".") }.map { RunDirectory(at: folder.appending($0)) }
    }

    /// The run of this id, or the only one whose id begins so.
    /// - Throws: `notFound`, with the candidates where there are several.
    package static func find(_ id: String, in state: FilePath) throws(JournalError) -> RunDirectory {
        let runs = try list(in: state)
        if let exact = runs.first(where: { $0.id == id }) { return exact }
        let candidates = runs.filter { !id.isEmpty && $0.id.hasPrefix(id) }
        if candidates.count == 1 { return candidates[0] }
        let names = (candidates.isEmpty ? runs : candidates).suffix(5).map { displayEscaped($0.id) }
        throw JournalError(
            .notFound,
            "\(candidates.isEmpty ? "no" : "more than one") run in \(displayEscaped(state.string)) is called \(displayEscaped(id))",
            hint: names.isEmpty
                ? "check the state directory (`--state`)" : "name one of them: \(names.joined(separator: ", "))")
    }
}

extension RunDirectory {
    /// Who may read the run and leave requests, beside its owner.
    package enum Audience: Sendable, Equatable {
        case ownerOnly
        /// Members of this group.
        case group(gid: UInt32)

        /// The group `drctl`, where there is one.
        package static var ofThisHost: Audience {
            Host.groupID(named: "drctl").map { .group(gid: $0) } ?? .ownerOnly
        }

        /// The mode of the files that the audience reads.
        package var fileMode: UInt32 { self == .ownerOnly ? 0o600 : 0o640 }
        fileprivate var folderMode: UInt32 { self == .ownerOnly ? 0o700 : 0o750 }
        /// Sticky: nobody removes another's request. Setgid: a request belongs to the group that the runner reads by.
        fileprivate var requestsMode: UInt32 { self == .ownerOnly ? 0o700 : 0o3770 }
    }

    /// Makes the run's folders under a name of its own that `list` does not show, fills them by the body, and then
    /// gives them the run's name at once: a run is there whole, or not at all, and of several that are made at once
    /// one gets the name.
    ///
    /// Durable on return, as far as the body's own files are.
    /// - Returns: the run's directory under its final name.
    /// - Throws: `alreadyExists`; what the body throws. What a killed process left, with a name beginning with a dot,
    ///   is removed after a day by the next one.
    package static func create(
        _ id: String, in state: FilePath, audience: Audience = .ofThisHost,
        filling body: (_ unfinished: RunDirectory, _ final: RunDirectory) throws(JournalError) -> Void
    ) throws(JournalError) -> RunDirectory {
        guard isValid(id) else {
            throw JournalError(
                .misuse, "\(displayEscaped(id)) cannot be a run's id", hint: "use letters, digits, - and .")
        }
        let folder = all(in: state)
        let final = RunDirectory(at: folder.appending(id))
        let mark = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        let unfinished = RunDirectory(at: folder.appending(".\(id).\(mark)\(unfinishedSuffix)"))
        try journaling("could not make the run's directory") { () throws(SystemError) in
            try makeFolder(state, audience, mode: audience.folderMode)
            try makeFolder(folder, audience, mode: audience.folderMode)
        }
        let present = try journaling { () throws(SystemError) in try FileStatus.ifPresent(at: final.path) }
        guard present == nil else { throw alreadyExists(final) }
        do throws(JournalError) {
            try makeFolders(of: unfinished, audience)
            removeLeftovers(in: folder, olderThan: unfinished)
            try body(unfinished, final)
            try journaling { () throws(SystemError) in try FaultPoint.reach("run.beforeRename") }
        } catch {
            remove(unfinished)
            throw error
        }
        do throws(SystemError) {
            try DurableFile.renameNew(unfinished.path, to: final.path)
        } catch {
            remove(unfinished)
            if error.errno == .fileExists { throw alreadyExists(final) }
            throw JournalError(error, while: "could not give the run its name")
        }
        try journaling("could not give the run its name") { () throws(SystemError) in
            try DurableFile.syncDirectory(folder)
        }
        return final
    }

    private static let unfinishedSuffix = ".unfinished"
    private static let dayNanoseconds: Int64 = 86_400_000_000_000

    private static func alreadyExists(_ run: RunDirectory) -> JournalError {
        JournalError(
            .alreadyExists, "there is a run \(run.id) already at \(displayEscaped(run.path.string))",
            hint: "give another --id, or go on with that one: drctl resume \(run.id)")
    }

    private static func makeFolders(of run: RunDirectory, _ audience: Audience) throws(JournalError) {
        try journaling("could not make the run's directory") { () throws(SystemError) in
            try makeFolder(run.path, audience, mode: audience.folderMode)
            try makeFolder(run.requests, audience, mode: audience.requestsMode)
            for own in [run.files, run.work, run.place(.outside), run.place(.inside)] {
                try DurableFile.makeDirectory(at: own, mode: 0o700)
            }
        }
    }

    /// What is in the way of nobody: a failure to remove it is no failure of the run's.
    private static func remove(_ run: RunDirectory) {
        try? FileManager.default.removeItem(atPath: run.path.string)
    }

    private static func removeLeftovers(in folder: FilePath, olderThan new: RunDirectory) {
        guard let names = try? DurableFile.list(folder), let now = try? FileStatus(of: new.path).changedAt else {
            return
        }
        for name in names where name.hasPrefix(".") && name.hasSuffix(unfinishedSuffix) {
            let left = RunDirectory(at: folder.appending(name))
            guard let status = try? FileStatus(of: left.path), status.changedAt < now - dayNanoseconds else { continue }
            remove(left)
        }
    }

    private static func isValid(_ id: String) -> Bool {
        !id.isEmpty && id.utf8.count <= 128 && id.first != "."
            && id.unicodeScalars.allSatisfy {
                $0.properties.isASCIIHexDigit || ("a"..."z").contains($0)
                    || ("A"..."Z").contains($0) || $0 == "-" || $0 == "."
            }
    }

    /// Leaves a folder that is there as it is.
    private static func makeFolder(_ path: FilePath, _ audience: Audience, mode: UInt32) throws(SystemError) {
        if try FileStatus.ifPresent(at: path) != nil { return }
        try DurableFile.makeDirectory(at: path, mode: 0o700)
        if case .group(let gid) = audience {
            try DurableFile.setGroup(of: path, to: gid)
        }
        // After the group: changing it clears setgid.
        try DurableFile.setPermissions(of: path, to: mode)
    }
}
