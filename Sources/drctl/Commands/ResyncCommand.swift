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
        var problems: [String]

        init(_ result: ResyncResult) {
            filesCopied = result.counts.filesCopied
            bytesCopied = result.counts.bytesCopied
            filesDeleted = result.counts.filesDeleted
            filesCompared = result.filesCompared
            sourceDigest = result.sourceDigest?.hex
            targetDigest = result.targetDigest?.hex
            treesEqual = result.treesEqual
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
            return
                "copied \(counted(filesCopied, "file")) (\(ByteCount(bytesCopied))), deleted \(filesDeleted); compared \(filesCompared): \(verdict)"
        }
    }

    func perform() async throws -> Outcome {
        let request = ResyncRequest(
            source: Paths.absolute(from), target: Paths.absolute(to), allowsEmptySource: allowEmptySource)
        let stopping = SignalWatch()
        let done = try await BlockingThread.run {
            try Resync().run(request, isCancelled: { stopping.isRequested })
        }
        let result = Result(done)
        for problem in result.problems.prefix(50) { Output.note(problem) }
        return .verification(result.conditions, text: result.text, result: result)
    }
}
