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
        var pieces: [FilePiece]
        /// The bytes that were read: the sum of the pieces.
        var sizeBytes: Int64
        /// The status before the reading; after it too when the content is stable.
        var status: EntryStatus
        /// Whether nothing changed while it was read, as far as size and times tell.
        var isStable: Bool
    }

    /// A file that changes while it is read is read again, if it is no longer than this.
    private static let rereadBytes: Int64 = 64 << 20
    private static let attempts = 3

    private let sink: any ObjectSink
    private let naming: any ObjectNaming
    private let smallBytes: Int64
    private var reader: ChunkReader

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
            if content.isStable || attempt == Self.attempts || content.sizeBytes > Self.rereadBytes { return content }
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
        var pieces: [FilePiece]
        if before.sizeBytes == 0 {
            // Files of /proc and the like say that they are empty, and are not.
            pieces = try isEmpty(file) ? [] : large(file)
        } else if before.sizeBytes <= smallBytes {
            pieces = try small(file, before.sizeBytes)
        } else {
            pieces = try large(file)
        }
        let sizeBytes = pieces.reduce(0) { $0 + $1.lengthBytes }
        do throws(RepositoryError) { pieces = try ChunkList.pieces(of: pieces, sink: sink) } catch {
            throw .sink(error)
        }
        let after: EntryStatus
        do throws(SystemError) { after = try file.status() } catch { throw .source(error) }
        return Content(
            pieces: pieces, sizeBytes: sizeBytes, status: before,
            isStable: after.sameContent(as: before) && sizeBytes == before.sizeBytes)
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

    /// Whether nothing can be read; the position is at the start again.
    private func isEmpty(_ file: borrowing OpenFile) throws(Failure) -> Bool {
        do throws(SystemError) {
            var byte: [UInt8] = []
            if try file.read(upTo: 1, appendingTo: &byte) == 0 { return true }
            try file.seek(to: 0)
            return false
        } catch { throw .source(error) }
    }

    private mutating func large(_ file: borrowing OpenFile) throws(Failure) -> [FilePiece] {
        file.expectSequentialReading()
        reader.reset()
        var pieces: [FilePiece] = []
        while true {
            let chunk: ChunkReader.Chunk?
            do throws(SystemError) { chunk = try reader.next(from: file) } catch { throw .source(error) }
            guard let chunk else { return pieces }
            if !sink.contains(chunk.id) { try put(chunk.id, reader.content(of: chunk)) }
            pieces.append(FilePiece(link: ObjectLink(.chunk, chunk.id), lengthBytes: Int64(chunk.byteCount)))
        }
    }

    private func put(_ id: ObjectID, _ content: consuming [UInt8]) throws(Failure) {
        do throws(RepositoryError) { try sink.put(NewObject(chunk: content, id: id)) } catch { throw .sink(error) }
    }
}
