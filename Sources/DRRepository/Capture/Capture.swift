internal import DRArchive
package import DRSystem
internal import SystemPackage

/// Reads source trees and hands their content and structure to a repository.
package struct Capture: Sendable {
    /// Directories below a source that nest deeper are named and left out: each level keeps a descriptor open.
    package static let mostLevels = 400
    /// Further problems are counted, and no longer listed.
    package static let mostProblemsListed = 1000

    private let sink: any ObjectSink

    /// Captures into a repository; one value may capture any number of times.
    package init(into sink: any ObjectSink) { self.sink = sink }

    /// Captures all sources. Blocks; run it on a thread of its own, so that reading, chunking and hashing go on while
    /// the sink's threads compress, seal and write.
    ///
    /// - Parameters:
    ///   - isCancelled: asked between files.
    ///   - progress: told now and then, and once at the end.
    /// - Throws: `sourceUnreadable` when no source could be opened, `invalidArgument` for sources that cannot be
    ///   captured together, `cancelled`, and what the sink throws. A single file that cannot be read is not an error
    ///   but a problem of the result.
    package func run(
        _ request: CaptureRequest, isCancelled: () -> Bool = { false }, progress: (CaptureProgress) -> Void = { _ in }
    ) throws(RepositoryError) -> CaptureResult {
        let paths = try Self.sourcePaths(request.sources)
        return try withoutActuallyEscaping(isCancelled) { isCancelled throws(RepositoryError) in
            try withoutActuallyEscaping(progress) { progress throws(RepositoryError) in
                let walk = CaptureWalk(sink: sink, request: request, isCancelled: isCancelled, progress: progress)
                return try run(walk, paths)
            }
        }
    }

    /// Captures what a stream gives, to its end, as one file: what a database dumps, say. Blocks.
    ///
    /// - Parameters:
    ///   - stream: open for reading; need not be a regular file.
    ///   - name: of the file; its path in the snapshot is a slash and the name.
    ///   - request: its sources are not read.
    /// - Throws: `sourceUnreadable` when the stream fails, `cancelled`, and what the sink throws.
    package func run(
        stream: borrowing OpenFile, as name: FileName, _ request: CaptureRequest, isCancelled: () -> Bool = { false },
        progress: (CaptureProgress) -> Void = { _ in }
    ) throws(RepositoryError) -> CaptureResult {
        return try withoutActuallyEscaping(isCancelled) { isCancelled throws(RepositoryError) in
            try withoutActuallyEscaping(progress) { progress throws(RepositoryError) in
                let walk = CaptureWalk(sink: sink, request: request, isCancelled: isCancelled, progress: progress)
                return try finish(walk, [try walk.stream(stream, as: Array("/".utf8) + name.bytes)])
            }
        }
    }

    private func run(_ walk: CaptureWalk, _ paths: [[UInt8]]) throws(RepositoryError) -> CaptureResult {
        var sources: [TreeRoot.Source] = []
        for path in paths {
            if let source = try walk.source(path, number: sources.count) { sources.append(source) }
        }
        guard !sources.isEmpty else {
            throw RepositoryError(
                .sourceUnreadable, walk.problems.first?.message ?? "nothing to back up could be read",
                hint: "check the path and this user's permissions", cause: walk.problems.first?.cause)
        }
        return try finish(walk, sources)
    }

    private func finish(_ walk: CaptureWalk, _ sources: [TreeRoot.Source]) throws(RepositoryError) -> CaptureResult {
        let hardLinks = try HardLinkTable(grouping: walk.hardLinkGroups).write(to: sink)
        let root = TreeRoot(sources: sources, hardLinks: hardLinks).encoded()
        let link = try sink.putNamed(.treeRoot, body: root.body, links: root.links)
        walk.report()
        return CaptureResult(
            root: link, sources: sources.map(\.path), counts: walk.counts, problems: walk.problems,
            cache: walk.cacheDraft())
    }

    private static func sourcePaths(_ sources: [FilePath]) throws(RepositoryError) -> [[UInt8]] {
        guard !sources.isEmpty else { throw RepositoryError(.invalidArgument, "no source was named") }
        var paths: [[UInt8]] = []
        for source in sources {
            guard source.isAbsolute else {
                throw RepositoryError(.invalidArgument, "the source \(displayEscaped(source.string)) is not absolute")
            }
            paths.append(source.lexicallyNormalized().bytes)
        }
        paths.sort(by: TreeRoot.precedes)
        for (one, next) in zip(paths, paths.dropFirst()) where one == next || TreeRoot.isInside(next, of: one) {
            throw RepositoryError(
                .invalidArgument,
                "the source \(displayEscaped(bytes: next)) lies inside \(displayEscaped(bytes: one))",
                hint: "name the outer one only")
        }
        return paths
    }
}
