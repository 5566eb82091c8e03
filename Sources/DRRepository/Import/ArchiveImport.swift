internal import DRArchive
internal import DRSystem

/// Makes of a tar archive what a capture makes of source trees: the content goes to the repository as it comes, the
/// tree at the end. Nothing is made on this host, so no name and no link of an archive can lead anywhere.
///
/// What ``SnapshotExport`` wrote comes in as the tree that it was: the topmost members are the sources.
package struct ArchiveImport: Sendable {
    /// What an archive may ask for at most.
    package struct Limits: Hashable, Sendable {
        /// Members; each takes some 300 bytes of memory until the end.
        package var entries: Int
        /// Content, holes not counted.
        package var contentBytes: Int64

        package init(entries: Int = 2_000_000, contentBytes: Int64 = 1_000_000_000_000) {
            self.entries = entries
            self.contentBytes = contentBytes
        }
    }

    private let sink: any ObjectSink

    /// Imports into a repository; one value may import any number of times.
    package init(into sink: any ObjectSink) { self.sink = sink }

    /// Imports a whole archive. Blocks.
    ///
    /// - Parameters:
    ///   - descriptor: of the archive, open for reading; it is not closed.
    ///   - request: its sources are not read.
    /// - Throws: `damaged` where the archive is cut or wrong, `unsupportedFormat` for a member that cannot be kept as it
    ///   is, `invalidArgument` for one that no tree can hold (`..` in its path, a child of a symbolic link, a hard link to
    ///   what is not there) and beyond the limits, `sourceUnreadable`, `cancelled`, and what the sink throws. Nothing of
    ///   the archive is in a snapshot then.
    package func run(
        descriptor: Int32, limits: Limits, _ request: CaptureRequest, isCancelled: () -> Bool = { false },
        progress: (CaptureProgress) -> Void = { _ in }
    ) throws(RepositoryError) -> CaptureResult {
        var tree = ArchivedTree(mostEntries: limits.entries)
        var counts = CaptureProgress()
        var problems: [CaptureProblem] = []
        do {
            var reader = try TarReader(descriptor: descriptor)
            var chunks = ChunkReader(
                chunker: Chunker(seed: sink.naming.seed(for: "gear"), parameters: request.chunker),
                naming: sink.naming)
            var warningsSeen = 0
            while let entry = try reader.next() {
                if isCancelled() { throw RepositoryError(.cancelled, "the import was cancelled") }
                let place = try tree.place(of: entry)
                for warning in reader.warnings[warningsSeen...] {
                    counts.problemCount += 1
                    guard problems.count < Capture.mostProblemsListed else { continue }
                    problems.append(CaptureProblem(kind: .notUnderstood(warning), path: place))
                }
                warningsSeen = reader.warnings.count
                let contentBytes = entry.hardLinkTarget == nil ? entry.metadata.dataBytes : 0
                guard contentBytes <= limits.contentBytes - counts.bytesRead else {
                    throw Self.beyond("\(ByteCount(limits.contentBytes)) of content", "--limit-size")
                }
                var pieces: [FilePiece] = []
                if entry.hardLinkTarget == nil, entry.metadata.kind == .regular {
                    pieces = try content(of: entry.metadata, &reader, &chunks) { bytes throws(RepositoryError) in
                        if isCancelled() { throw RepositoryError(.cancelled, "the import was cancelled") }
                        counts.bytesRead += Int64(bytes)
                        progress(counts)
                    }
                }
                try tree.add(entry, at: place, pieces)
            }
        } catch let error as ArchiveError {
            throw Self.failure(error)
        } catch let error as RepositoryError {
            throw error
        } catch {
            throw RepositoryError(.internalFault, "an import failed in an unknown way", cause: error)
        }
        let written = try tree.write(to: sink, now: request.time.wallNanoseconds())
        counts.filesRead = written.counts.filesRead
        counts.directories = written.counts.directories
        counts.otherEntries = written.counts.otherEntries
        progress(counts)
        return CaptureResult(
            root: written.root, sources: written.sources, counts: counts, problems: problems, cache: nil)
    }

    private func content(
        of metadata: FileMetadata, _ reader: inout TarReader, _ chunks: inout ChunkReader,
        step: (Int) throws(RepositoryError) -> Void
    ) throws -> [FilePiece] {
        var pieces: [FilePiece] = []
        var position: Int64 = 0
        let end = FileHole(offsetBytes: metadata.sizeBytes, lengthBytes: 0)
        for hole in metadata.skippedHoles + [end] {
            chunks.reset(limitBytes: hole.offsetBytes - position)
            while let chunk = try chunks.next(reading: { (count, bytes) throws(ArchiveError) in
                try reader.read(upTo: count, appendingTo: &bytes)
            }) {
                try step(chunk.byteCount)
                if !sink.contains(chunk.id) {
                    try sink.put(NewObject(chunk: chunks.content(of: chunk), id: chunk.id))
                }
                pieces.append(FilePiece(link: ObjectLink(.chunk, chunk.id), lengthBytes: Int64(chunk.byteCount)))
            }
            if hole.lengthBytes > 0 { try reader.skip(hole: hole) }
            position = hole.endBytes
        }
        return try ChunkList.pieces(of: pieces, sink: sink)
    }

    static func beyond(_ limit: String, _ option: String) -> RepositoryError {
        RepositoryError(
            .invalidArgument, "the archive has more than \(limit); nothing was imported",
            hint: "if that is what it should have, raise \(option)")
    }

    private static func failure(_ error: ArchiveError) -> RepositoryError {
        let code: RepositoryError.Code =
            switch error.code {
            case .damaged: .damaged
            case .ioFailed: .sourceUnreadable
            case .unsupported: .unsupportedFormat
            case .limitExceeded, .invalidEntry: .invalidArgument
            case .outOfMemory: .storageFailed
            }
        return RepositoryError(
            code, "the archive could not be imported: \(error.message)",
            hint: error.hint.isEmpty ? "nothing of it is in a snapshot" : error.hint)
    }
}
