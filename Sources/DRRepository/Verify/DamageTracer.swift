internal import DRArchive
internal import DRCrypto
internal import DRSystem

/// Tells damage in the user's terms: which files of which snapshots are hurt.
struct DamageTracer {
    /// More are counted, not listed.
    static let mostListed = 1000

    private let reader: TreeReader
    private let lost: Set<ObjectID>
    /// Directories that were looked into and are whole: snapshots share them.
    private var whole: Set<ObjectID> = []
    private(set) var hurt: [HurtFile] = []
    private(set) var hurtCount = 0
    /// What kept a part of a tree from being looked into, other than damage.
    private(set) var obstacles: [RepositoryError] = []

    init(source: any ObjectSource, lost: Set<ObjectID>) {
        reader = TreeReader(source: source)
        self.lost = lost
    }

    /// Looks through one snapshot.
    /// - Returns: how many of its files and directories are hurt.
    mutating func trace(_ snapshot: Snapshot) -> Int {
        let before = hurtCount
        do throws(RepositoryError) {
            for source in try reader.root(snapshot.manifest.root).sources {
                visit(source.content, source.path, snapshot.id)
            }
        } catch {
            blame(error, Array("/".utf8), snapshot.id)
        }
        return hurtCount - before
    }

    private mutating func visit(_ content: EntryContent, _ path: [UInt8], _ snapshot: Digest) {
        switch content {
        case .nothing: return
        case .file(let pieces):
            do throws(RepositoryError) {
                if try isHurt(pieces) { note(path, snapshot, isWholeDirectory: false) }
            } catch {
                blame(error, path, snapshot, isDirectory: false)
            }
        case .directory(let link):
            guard !whole.contains(link.id) else { return }
            let before = hurtCount
            do throws(RepositoryError) {
                for entry in try reader.entries(of: link) {
                    visit(entry.content, path + [UInt8(ascii: "/")] + entry.name.bytes, snapshot)
                }
                if hurtCount == before { whole.insert(link.id) }
            } catch {
                blame(error, path, snapshot)
            }
        }
    }

    private func isHurt(_ pieces: [FilePiece]) throws(RepositoryError) -> Bool {
        if pieces.contains(where: { lost.contains($0.link.id) }) { return true }
        guard pieces.first?.link.kind == .chunkList else { return false }
        return try reader.chunks(of: pieces).contains { lost.contains($0.link.id) }
    }

    private mutating func blame(
        _ error: RepositoryError, _ path: [UInt8], _ snapshot: Digest, isDirectory: Bool = true
    ) {
        // Damage is what is being traced; anything else leaves a part unknown, which is said.
        switch RepositoryCondition(error) {
        case .damaged, .damagedWithCopy, .notAuthentic: note(path, snapshot, isWholeDirectory: isDirectory)
        case .keyMissing, .notEstablished: obstacles.append(error)
        }
    }

    private mutating func note(_ path: [UInt8], _ snapshot: Digest, isWholeDirectory: Bool) {
        hurtCount += 1
        if hurt.count < Self.mostListed {
            hurt.append(HurtFile(snapshot: snapshot, path: path, isWholeDirectory: isWholeDirectory))
        }
    }
}
