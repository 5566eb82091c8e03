import DRCrypto
import DRParallel

/// What a step's digest covers: its definition in canonical JSON (with `none` for the digest itself), the paths
/// and digests of the files that it names, and the digests of its needs, sorted. Those cover their own needs in turn.
enum StepDigest {
    /// Takes the digest's place while it is not known: 64 zeros.
    static let none = Digest(repeatElement(0, count: Digest.byteCount)) ?? Digest.of("")

    static func digested(
        _ steps: [PlannedStep], files: FileCollector
    ) throws(RunbookError) -> [PlannedStep] {
        let graph = StepGraph(steps)
        let definitions = try definitions(of: steps)
        var digests = steps.map(\.digest)
        for place in graph.inOrderOfNeeds {
            var text = definitions[place]
            for file in files.files(of: steps[place]) { text += "\n\(file.sha256) \(file.path)".utf8 }
            for digest in graph.directNeeds(of: place).map({ digests[$0] }).sorted() { text += "\n\(digest)".utf8 }
            digests[place] = Digest.of(text)
        }
        var result = steps
        for place in result.indices { result[place].digest = digests[place] }
        return result
    }

    /// Most of the work, and no part of it needs another.
    private static func definitions(of steps: [PlannedStep]) throws(RunbookError) -> [[UInt8]] {
        let parts = Parallel.chunks(of: steps.count, least: 256)
        let results = Parallel.map(parts.count) { part -> Result<[[UInt8]], RunbookError> in
            var definitions: [[UInt8]] = []
            for step in steps[parts[part]] {
                do throws(RunbookError) {
                    definitions.append(try PlanCodec.canonical(step, what: "step \(step.id)"))
                } catch {
                    return .failure(error)
                }
            }
            return .success(definitions)
        }
        var all: [[UInt8]] = []
        for result in results { all += try result.get() }
        return all
    }
}
