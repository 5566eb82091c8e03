internal import DRMachine
package import DRRunbook
package import SystemPackage

/// What a supervisor process is told on its command line, and where things lie that follows from it.
package struct SupervisorConfiguration: Sendable, Equatable {
    package var place: Place
    /// Absolute; its last component is the run's id.
    package var runDirectory: FilePath
    /// The drctl binary, which steps name as `drctl` and actions are carried out by. Absolute.
    package var executable: FilePath
    /// How long a process has between SIGTERM and SIGKILL.
    package var grace: TimeSpan = .seconds(10)
    /// How long a supervisor stays that nobody is connected to and that has nothing under way; its spool stays.
    package var idleLimit: TimeSpan = .minutes(10)
    /// In a drill, what its inside may read beside the system and the run; nil in a real run.
    package var drillReads: [FilePath]?

    package init(place: Place, runDirectory: FilePath, executable: FilePath) {
        self.place = place
        self.runDirectory = runDirectory
        self.executable = executable
    }

    package var run: String { runDirectory.lastComponent?.string ?? "" }

    /// What repository actions are confined to; nil where nothing has to be: in a real run, and inside a drill.
    var confinement: ActionConfinement? {
        guard place == .outside, let drillReads else { return nil }
        return ActionConfinement(runDirectory: runDirectory, executable: executable, readOnlyBinds: drillReads)
    }

    var folder: FilePath { runDirectory.appending(place.rawValue) }
    var spool: FilePath { folder.appending(Self.spoolName) }
    /// What an attempt's environment holds under `DRCTL_ATTEMPT`.
    func name(of attempt: AttemptID) -> String { "\(run)/\(attempt)" }
    func mark(of attempt: AttemptID) -> AttemptMark {
        AttemptMark(attempt: name(of: attempt), results: folder.appending(Self.resultFolder))
    }

    static let socketName = "socket"
    static let spoolName = "spool.jsonl"
    /// What the process itself writes, for people.
    static let logName = "supervisor.log"
    static let outputFolder = "output"
    /// Where `$DRCTL_OUTPUT` lies.
    static let resultFolder = "results"
    static let scriptFolder = "scripts"
    static let folders = [outputFolder, resultFolder, scriptFolder]
}

extension AttemptID {
    /// A file name for this attempt, another one for each: what is not plain in a name is percent-encoded.
    package var fileName: String {
        var name = ""
        for byte in description.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "#"),
                UInt8(ascii: "["), UInt8(ascii: "]"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: ".") where !name.isEmpty: name += "."
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                name += "%" + (digits.count == 1 ? "0" + digits : digits)
            }
        }
        return name
    }
}
