internal import DRArchive
internal import DRCrypto
internal import DRSystem

extension FileCache {
    /// Goes through a cache in step with the walk, so that nothing but one page of it is in memory.
    struct Cursor: ~Copyable {
        private var pages: FileCachePages.Reader
        private var bytes: [UInt8] = []
        private var position = 0
        /// The path of the entry whose status starts at `position`; nil past the last.
        private var path: [UInt8]?

        /// - Parameter pages: what does not parse all the same ends the cache there.
        init(_ pages: consuming FileCachePages.Reader) {
            self.pages = pages
            path = []
            readPath()
        }

        private var end: Int { bytes.count }

        /// When the walk began that saw what this holds.
        var scanTime: ScanTime { pages.scanTime }

        /// What was captured of a file whose status is as it was; nil when it changed or was not known. An unchanged
        /// time of change says that its attributes, flags and holes are as they were, too.
        /// Must be asked in the order of the walk.
        mutating func file(at wanted: [UInt8], _ status: EntryStatus) -> CapturedFile? {
            while let path, TreeRoot.precedes(path, wanted) {
                guard skipStatus(), skipFile() else { break }
                readPath()
            }
            guard path == wanted else { return nil }
            var expected = BodyWriter(reserving: 64)
            expected.status(status)
            let statusStart = position
            guard skipStatus() else { return nil }
            let isSame = bytes[statusStart..<position].elementsEqual(expected.bytes)
            let file = isSame ? readFile(status) : nil
            if !isSame { _ = skipFile() }
            readPath()
            return file
        }

        private mutating func readPath() {
            if position == end {
                bytes = pages.next() ?? []
                position = 0
            }
            guard let last = path, position < end, let shared = number(), shared <= last.count,
                let length = number(), length <= end - position
            else {
                path = nil
                return
            }
            path = Array(last[..<shared]) + bytes[position..<position + length]
            position += length
        }

        private mutating func number() -> Int? {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while position < end, shift < 63 {
                let byte = bytes[position]
                position += 1
                value |= UInt64(byte & 0x7F) << shift
                if byte & 0x80 == 0 { return Int(exactly: value) }
                shift += 7
            }
            return nil
        }

        /// Seven numbers of any size.
        private mutating func skipStatus() -> Bool {
            for _ in 0..<7 {
                while position < end, bytes[position] & 0x80 != 0 { position += 1 }
                guard position < end else { return false }
                position += 1
            }
            return true
        }

        private mutating func skipFile() -> Bool { readExtensions() != nil && readPieces() != nil }

        private mutating func readFile(_ status: EntryStatus) -> CapturedFile? {
            var metadata = FileMetadata(status)
            guard let extensions = readExtensions(), let pieces = readPieces() else { return nil }
            if extensions.count > 1 {
                var reader = BodyReader(extensions: extensions)
                guard (try? reader.extensions(of: &metadata)) != nil else { return nil }
            }
            return CapturedFile(metadata: metadata, pieces: pieces)
        }

        private mutating func readExtensions() -> ArraySlice<UInt8>? {
            guard let length = number(), length <= end - position else { return nil }
            position += length
            return bytes[position - length..<position]
        }

        private mutating func readPieces() -> [FilePiece]? {
            guard let count = number(), count <= end - position else { return nil }
            var pieces: [FilePiece] = []
            pieces.reserveCapacity(count)
            for _ in 0..<count {
                guard position < end, let kind = ObjectKind(rawValue: bytes[position]) else { return nil }
                position += 1
                guard let length = number(), position + Digest.byteCount <= end,
                    let id = ObjectID(bytes[position..<position + Digest.byteCount])
                else { return nil }
                position += Digest.byteCount
                pieces.append(FilePiece(link: ObjectLink(kind, id), lengthBytes: Int64(length)))
            }
            return pieces
        }
    }
}
