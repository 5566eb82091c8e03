internal import DRArchive
internal import DRSystem
internal import SystemPackage

/// Reads the content of regular files, cuts and names it, and hands what is new to the sink.
struct FileCapture: ~Copyable {
    enum Failure: Error {
        /// This file cannot be read; others may be.
        case source(SystemError)
        /// Nothing more can be stored.
        case sink(RepositoryError)
    }

    struct Content {
        var file: CapturedFile
        /// Why attributes or flags are not in the metadata; nil when they are.
        var attributesError: SystemError?
        /// The status before the reading; after it too when the content is stable.
        var status: EntryStatus
        /// Whether nothing changed while it was read, as far as size and times tell.
        var isStable: Bool

        /// The bytes that were read: the sum of the pieces.
        var bytesRead: Int64 { file.metadata.dataBytes }
    }

    /// A file that changes while it is read is read again, if it is no longer than this.
    private static let rereadBytes: Int64 = 64 << 20
    private static let attempts = 3

    private let sink: any ObjectSink
    private let naming: any ObjectNaming
    private let smallBytes: Int64
    private var reader: ChunkReader
    /// Told how many bytes were read, chunk by chunk; what it throws ends the reading.
    var step: (Int) throws(RepositoryError) -> Void = { (_: Int) throws(RepositoryError) in }

    init(sink: any ObjectSink, parameters: ChunkerParameters) {
        self.sink = sink
        naming = sink.naming
        smallBytes = Int64(parameters.minimumBytes)
        reader = ChunkReader(
            chunker: Chunker(seed: sink.naming.seed(for: "gear"), parameters: parameters), naming: sink.naming)
    }

    /// Reads a file, up to three times while it changes.
    mutating func read(_ name: FileName, in directory: borrowing DirectoryHandle) throws(Failure) -> Content {
        var attempt = 1
        while true {
            let content = try readOnce(name, in: directory)
            if content.isStable || attempt == Self.attempts || content.bytesRead > Self.rereadBytes { return content }
            attempt += 1
        }
    }

    private mutating func readOnce(
        _ name: FileName, in directory: borrowing DirectoryHandle
    ) throws(Failure) -> Content {
        let file: OpenFile
        let before: EntryStatus
        do throws(SystemError) { file = try directory.openFile(name) } catch { throw .source(error) }
        do throws(SystemError) {
            before = try file.status()
            // Something else took the name since it was listed; a device must not be read.
            guard before.kind == .regular else {
                throw SystemError(call: "read", path: nil, errno: .tooManySymbolicLinkLevels)
            }
        } catch { throw .source(error) }
        var metadata = FileMetadata(before)
        var pieces = try content(of: file, &metadata, before)
        do throws(RepositoryError) { pieces = try ChunkList.pieces(of: pieces, sink: sink) } catch {
            throw .sink(error)
        }
        var attributesError: SystemError?
        do throws(SystemError) { try file.complete(&metadata) } catch { attributesError = error }
        let after: EntryStatus
        do throws(SystemError) { after = try file.status() } catch { throw .source(error) }
        return Content(
            file: CapturedFile(metadata: metadata, pieces: pieces), attributesError: attributesError, status: before,
            isStable: after.sameContent(as: before) && metadata.sizeBytes == before.sizeBytes)
    }

    /// Reads the data, and sets size and holes to what was found.
    private mutating func content(
        of file: borrowing OpenFile, _ metadata: inout FileMetadata, _ status: EntryStatus
    ) throws(Failure) -> [FilePiece] {
        let sizeBytes = metadata.sizeBytes
        if sizeBytes > status.blocks * 512 {
            do throws(SystemError) {
                metadata.holes = try file.holes(
                    sizeBytes: sizeBytes, mostHoles: FileMetadata.mostHoles,
                    leastBytes: FileMetadata.leastSkippedHoleBytes)
                try file.seek(to: 0)
            } catch { throw .source(error) }
            if !metadata.holes.isEmpty { return try sparse(file, &metadata) }
        }
        let pieces: [FilePiece]
        if sizeBytes == 0 {
            // Files of /proc and the like say that they are empty, and are not.
            pieces = try isEmpty(file) ? [] : large(file)
        } else if sizeBytes <= smallBytes {
            pieces = try small(file, sizeBytes)
        } else {
            pieces = try large(file)
        }
        metadata.sizeBytes = pieces.reduce(0) { $0 + $1.lengthBytes }
        return pieces
    }

    /// Reads what lies between the holes.
    private mutating func sparse(
        _ file: borrowing OpenFile, _ metadata: inout FileMetadata
    ) throws(Failure) -> [FilePiece] {
        var pieces: [FilePiece] = []
        let end = FileHole(offsetBytes: metadata.sizeBytes, lengthBytes: 1)
        var position: Int64 = 0
        for hole in metadata.skippedHoles + [end] {
            do throws(SystemError) { try file.seek(to: position) } catch { throw .source(error) }
            let part = try large(file, limitBytes: hole.offsetBytes - position)
            pieces += part
            position = part.reduce(position) { $0 + $1.lengthBytes }
            if position < hole.offsetBytes {
                // It was cut meanwhile: what is kept ends here.
                metadata.holes.removeAll { $0.endBytes > position }
                metadata.sizeBytes = position
                return pieces
            }
            position = hole.endBytes
        }
        return pieces
    }

    /// One chunk, read in one call into the buffer that is handed over.
    private func small(_ file: borrowing OpenFile, _ sizeBytes: Int64) throws(Failure) -> [FilePiece] {
        var content: [UInt8] = []
        do throws(SystemError) { _ = try file.read(upTo: Int(sizeBytes), appendingTo: &content) } catch {
            throw .source(error)
        }
        if content.isEmpty { return [] }
        let id = naming.chunkID(of: content)
        let length = Int64(content.count)
        try put(id, content)
        return [FilePiece(link: ObjectLink(.chunk, id), lengthBytes: length)]
    }

    /// Reads what comes, to its end.
    mutating func read(stream file: borrowing OpenFile) throws(Failure) -> [FilePiece] {
        let pieces = try large(file)
        do throws(RepositoryError) { return try ChunkList.pieces(of: pieces, sink: sink) } catch {
            throw .sink(error)
        }
    }

    /// Whether nothing can be read; the position is at the start again.
    private func isEmpty(_ file: borrowing OpenFile) throws(Failure) -> Bool {
        do throws(SystemError) {
            var byte: [UInt8] = []
            if try file.read(upTo: 1, appendingTo: &byte) == 0 { return true }
            try file.seek(to: 0)
            return false
        } catch { throw .source(error) }
    }

    private mutating func large(
        _ file: borrowing OpenFile, limitBytes: Int64 = .max
    ) throws(Failure) -> [FilePiece] {
        file.expectSequentialReading()
        reader.reset(limitBytes: limitBytes)
        var pieces: [FilePiece] = []
        while true {
            let chunk: ChunkReader.Chunk?
            do throws(SystemError) { chunk = try reader.next(from: file) } catch { throw .source(error) }
            guard let chunk else { return pieces }
            do throws(RepositoryError) { try step(chunk.byteCount) } catch { throw .sink(error) }
            if !sink.contains(chunk.id) { try put(chunk.id, reader.content(of: chunk)) }
            pieces.append(FilePiece(link: ObjectLink(.chunk, chunk.id), lengthBytes: Int64(chunk.byteCount)))
        }
    }

    private func put(_ id: ObjectID, _ content: consuming [UInt8]) throws(Failure) {
        do throws(RepositoryError) { try sink.put(NewObject(chunk: content, id: id)) } catch { throw .sink(error) }
    }
}
