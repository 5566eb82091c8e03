package import DRMachine
package import DRSystem
package import SystemPackage

/// Turns in groups that the runs of a state directory share: files under `groups/NAME/`, each locked by the supervisor
/// whose attempt has that place. A lock goes with its process, so nobody has to clean up after anybody.
package struct GroupTurns: Sendable {
    private let folder: FilePath

    /// - Parameter runDirectory: of any run; its state directory holds the groups.
    package init(runDirectory: FilePath) { folder = Self.folder(of: runDirectory) }

    /// Where the groups of a run's state directory lie.
    static func folder(of runDirectory: FilePath) -> FilePath {
        runDirectory.removingLastComponent().removingLastComponent().appending("groups")
    }

    /// Makes the files that attempts lock; those that are there stay. A drill's inside cannot make them.
    /// - Throws: where they cannot be made.
    package func prepare(_ turns: [GroupTurn]) throws(SystemError) {
        // Also where there is none: a drill's inside is built once, and another plan may have some.
        try DurableFile.makeDirectory(at: folder, mode: 0o700)
        for turn in turns {
            let group = folder.appending(turn.group)
            try DurableFile.makeDirectory(at: group, mode: 0o700)
            for place in 0..<turn.limit where try FileStatus.ifPresent(at: file(turn, place)) == nil {
                do throws(SystemError) {
                    try DurableFile.create(at: file(turn, place), with: [], mode: 0o600)
                } catch {
                    // Another run made it meanwhile.
                    if error.errno != .fileExists { throw error }
                }
            }
        }
    }

    /// Takes a place that is free.
    /// - Returns: the lock, which holds while it lives; nil where every place is taken.
    /// - Throws: where a file cannot be opened or locked.
    func take(_ turn: GroupTurn) throws(SystemError) -> HeldTurn? {
        for place in 0..<turn.limit {
            // To read: inside a drill nothing there can be written.
            let file = try Descriptor(openingForReading: file(turn, place), following: false)
            if try file.tryLockAsReader() { return HeldTurn(file) }
        }
        return nil
    }

    private func file(_ turn: GroupTurn, _ place: Int) -> FilePath {
        folder.appending(turn.group).appending("\(place)")
    }
}

/// A place in a group, until it is let go.
final class HeldTurn: Sendable {
    private let file: Descriptor
    init(_ file: consuming Descriptor) { self.file = file }
}
