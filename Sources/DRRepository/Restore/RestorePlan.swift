internal import DRArchive
internal import DRSystem

/// What is left to do once the directories are there: which chunk goes where, and what is set at the end.
struct RestorePlan: Sendable {
    struct Directory {
        /// Below the target, names joined with `/`.
        var path: [UInt8]
        /// Nil for a directory that only leads to a source.
        var metadata: FileMetadata?
    }

    struct File {
        var directory: Int
        var name: FileName
        var metadata: FileMetadata
        var chunkCount: Int
    }

    /// A chunk's place in a file.
    struct Use {
        var chunk: ObjectID
        var file: Int
        var lengthBytes: Int32
        var offsetBytes: Int64
    }

    struct HardLink {
        var directory: Int
        var name: FileName
        /// The file that it is another name of.
        var file: Int
    }

    /// Parents come before what lies in them. The first is the target itself.
    var directories: [Directory] = []
    var files: [File] = []
    var uses: [Use] = []
    var hardLinks: [HardLink] = []

    func path(of file: Int) -> [UInt8] { path(files[file].name, in: files[file].directory) }

    func path(_ name: FileName, in directory: Int) -> [UInt8] {
        let parent = directories[directory].path
        return parent.isEmpty ? Array(name.bytes) : parent + [UInt8(ascii: "/")] + name.bytes
    }
}

/// The chunks of one pack, with all the places they go to.
struct RestoreBatch: Sendable {
    struct Chunk: Sendable {
        var link: ObjectLink
        /// Of the sorted uses.
        var uses: Range<Int>
    }

    var chunks: [Chunk]
}

extension RestorePlan {
    /// Sorts the uses by chunk and groups the chunks by the pack that they lie in, so that each pack is read once,
    /// front to back, however many files its chunks belong to.
    mutating func batches(from source: any ObjectSource) throws(RepositoryError) -> [RestoreBatch] {
        uses.sort { $0.chunk < $1.chunk }
        var located: [(location: PackLocation?, chunk: RestoreBatch.Chunk)] = []
        var start = 0
        while start < uses.count {
            var end = start + 1
            while end < uses.count, uses[end].chunk == uses[start].chunk { end += 1 }
            let link = ObjectLink(.chunk, uses[start].chunk)
            located.append((try source.location(of: link), RestoreBatch.Chunk(link: link, uses: start..<end)))
            start = end
        }
        located.sort { one, other in
            guard let left = one.location, let right = other.location else { return one.location != nil }
            return left.pack != right.pack ? left.pack < right.pack : left.offsetBytes < right.offsetBytes
        }
        var batches: [RestoreBatch] = []
        for (index, item) in located.enumerated() {
            if index > 0, located[index - 1].location?.pack == item.location?.pack {
                batches[batches.count - 1].chunks.append(item.chunk)
            } else {
                batches.append(RestoreBatch(chunks: [item.chunk]))
            }
        }
        return batches
    }
}
