import ArgumentParser
import DRCrypto
import DRRepository
import DRSystem

struct ResyncCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "resync",
        abstract: "Make one directory equal to another, and prove it by digests of both.",
        discussion: """
            Files that differ are made beside their place and renamed over it; what the source lacks is deleted.

            Example:  drctl resync /srv/dr-site /srv/primary
            """)

    @Argument(help: "The directory that is right.", completion: .directory)
    var from: String
    @Argument(help: "The directory to be made equal to it.", completion: .directory)
    var to: String
    @Flag(help: "Allow an empty source, which empties the target.")
    var allowEmptySource = false
    @OptionGroup var output: OutputOptions

    struct Result: Encodable, Sendable {
        var filesCopied: Int
        var bytesCopied: Int64
        var filesDeleted: Int
        var filesCompared: Int
        var sourceDigest: String?
        var targetDigest: String?
        /// Null: not established.
        var treesEqual: Bool?
        var socketsSkipped: Int
        /// Names that shared a file in the source.
        var hardLinksSplit: Int
        var ownersNotKept: Int
        var problems: [String]

        init(_ result: ResyncResult) {
            filesCopied = result.counts.filesCopied
            bytesCopied = result.counts.bytesCopied
            filesDeleted = result.counts.filesDeleted
            filesCompared = result.filesCompared
            sourceDigest = result.sourceDigest?.hex
            targetDigest = result.targetDigest?.hex
            treesEqual = result.treesEqual
            socketsSkipped = result.counts.socketsSkipped
            hardLinksSplit = result.counts.hardLinksSplit
            ownersNotKept = result.counts.ownersNotKept
            problems = result.problems.map(\.message)
        }

        var conditions: [ExitStatus] {
            switch treesEqual {
            case true?: []
            case false?: [.partial]
            case nil: [.notEstablished]
            }
        }

        var text: String {
            let verdict =
                switch treesEqual {
                case true?: "both trees are equal, by digest"
                case false?: "the trees DIFFER"
                case nil: "not established whether the trees are equal"
                }
            var lines = [
                "copied \(counted(filesCopied, "file")) (\(ByteCount(bytesCopied))), deleted \(filesDeleted); compared \(filesCompared): \(verdict)"
            ]
            if socketsSkipped > 0 { lines.append("left out: \(counted(socketsSkipped, "socket"))") }
            if hardLinksSplit > 0 {
                lines.append(
                    "hard links: \(counted(hardLinksSplit, "name")) shared a file, and in the target each is its own")
            }
            if ownersNotKept > 0 {
                lines.append("owners not kept: \(ownersNotKept), which needs the privilege")
            }
            return lines.joined(separator: "\n")
        }
    }

    func perform() async throws -> Outcome {
        let request = ResyncRequest(
            source: try Paths.absolute(from), target: try Paths.absolute(to), allowsEmptySource: allowEmptySource)
        let stopping = SignalWatch()
        let done: ResyncResult
        do {
            done = try await BlockingThread.run { try Resync().run(request, isCancelled: { stopping.isRequested }) }
        } catch let error as RepositoryError where error.code == .cancelled {
            throw stopping.failure(
                code: "resync.interrupted",
                message: "interrupted; every name of the target holds its old content or its new one, whole",
                hint: "run the same command again: it goes on where it stopped")
        }
        let result = Result(done)
        for problem in result.problems.prefix(50) { Output.note(problem) }
        return .verification(result.conditions, text: result.text, result: result)
    }
}
