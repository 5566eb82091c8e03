internal import DRSystem
internal import SystemPackage

/// Makes one directory equal to another, and proves it.
///
/// Every file's content is compared, whatever its times say. A file that differs is made beside its place and renamed
/// over it, so that at any moment every name of the target holds either its old content or its new one, whole. An
/// interrupted resync is taken up by running it again; a second run of a finished one changes nothing.
package struct Resync: Sendable {
    package init() {}

    /// Blocks; run it on a thread of its own.
    /// - Throws: `sourceUnreadable`, `invalidArgument` when one directory lies in the other or the source is empty,
    ///   `targetUnwritable`, `noSpace`, `cancelled`. What cannot be copied or deleted by itself is a problem of the
    ///   result, and `treesEqual` tells.
    package func run(
        _ request: ResyncRequest, isCancelled: () -> Bool = { false }, progress: (ResyncProgress) -> Void = { _ in }
    ) throws(RepositoryError) -> ResyncResult {
        let source: DirectoryHandle
        do throws(SystemError) { source = try DirectoryHandle(opening: request.source) } catch {
            throw RepositoryError(
                .sourceUnreadable, error.message, hint: "check the source; the target was not touched", cause: error)
        }
        let target: DirectoryHandle
        do throws(SystemError) {
            try DurableFile.makeDirectory(at: request.target, mode: 0o755)
            target = try DirectoryHandle(opening: request.target)
        } catch { throw RestoreTarget.unwritable(error) }
        try Self.checkApart(request)
        try Self.checkSource(source, target, request)
        let walk = ResyncWalk()
        try walk.tree(source, target, isCancelled, progress)
        do throws(SystemError) {
            try FaultPoint.reach("resync.beforeSync")
            try target.syncFileSystem()
        } catch { throw RestoreTarget.unwritable(error) }
        let sourceNow = try TreeDigest.of(request.source, isCancelled: isCancelled)
        let targetNow = try TreeDigest.of(request.target, isCancelled: isCancelled)
        progress(walk.counts)
        return ResyncResult(
            counts: walk.counts, problems: Self.once(walk.problems + sourceNow.problems + targetNow.problems),
            filesCompared: sourceNow.files, sourceDigest: sourceNow.digest, targetDigest: targetNow.digest)
    }

    /// What could not be copied could mostly not be compared either: said once for each path.
    private static func once(_ problems: [RestoreFailure]) -> [RestoreFailure] {
        var paths = Set<[UInt8]>()
        return problems.filter { paths.insert($0.path).inserted }
    }

    /// Neither directory may be, or lie in, the other: deleting what is too much would then delete the source.
    private static func checkApart(_ request: ResyncRequest) throws(RepositoryError) {
        let paths: (source: [UInt8], target: [UInt8])
        do throws(SystemError) {
            paths = (try request.source.resolved().bytes, try request.target.resolved().bytes)
        } catch { throw RepositoryError(.invalidArgument, error.message, hint: error.hint ?? "", cause: error) }
        if paths.source == paths.target || TreeRoot.isInside(paths.source, of: paths.target)
            || TreeRoot.isInside(paths.target, of: paths.source)
        {
            throw RepositoryError(
                .invalidArgument,
                "\(displayEscaped(request.source.string)) and \(displayEscaped(request.target.string)) are not apart",
                hint: "name two directories of which neither lies in the other")
        }
    }

    private static func checkSource(
        _ source: borrowing DirectoryHandle, _ target: borrowing DirectoryHandle, _ request: ResyncRequest
    ) throws(RepositoryError) {
        do throws(SystemError) {
            // A new file system is empty but for its own folder.
            let wanted = try source.entries().filter { !$0.name.bytes.elementsEqual("lost+found".utf8) }
            guard !request.allowsEmptySource, wanted.isEmpty, try !target.entries().isEmpty else { return }
        } catch { throw RepositoryError(.sourceUnreadable, error.message, hint: error.hint ?? "", cause: error) }
        throw RepositoryError(
            .invalidArgument,
            "\(displayEscaped(request.source.string)) is empty and \(displayEscaped(request.target.string)) is not; "
                + "nothing was deleted",
            hint: "check that the source is mounted, or allow an empty source")
    }
}
