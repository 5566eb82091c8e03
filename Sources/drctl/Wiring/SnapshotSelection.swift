import ArgumentParser
import DRArchive
import DRCrypto
import DRRepository
import DRSystem

/// A snapshot that was opened to be looked at.
struct OpenedSnapshot: Sendable {
    let snapshot: Snapshot
    let catalog: SnapshotCatalog
    let source: any ObjectSource
    let browser: SnapshotBrowser

    /// - Parameters:
    ///   - text: an id, its beginning, or `latest`.
    ///   - dataset: limits the choice.
    init(_ text: String, dataset: String?, _ options: RepositoryOptions) throws {
        let (repository, identity) = try options.openWithIdentity()
        let ledger = try options.ledger(of: repository)
        let keys = try repository.unlock(identity)
        catalog = repository.snapshots(keys, ledger: ledger)
        snapshot = try catalog.find(text, dataset: dataset)
        source = try repository.reader(keys, ledger: ledger, local: options.localIndex(of: repository)).0
        browser = SnapshotBrowser(source: source)
    }

    var root: ObjectLink { snapshot.manifest.root }

    /// - Throws: where the snapshot has nothing at the path.
    func item(at path: String) throws -> SnapshotBrowser.Item {
        if let item = try browser.item(at: Array(path.utf8), in: root) { return item }
        throw Self.nothing(at: path, in: snapshot)
    }

    static func nothing(at path: String, in snapshot: Snapshot) -> Failure {
        Failure(
            exit: .usage, code: "snapshot.noSuchPath",
            message: "snapshot \(snapshot.id.hex.prefix(16)) has nothing at \(displayEscaped(path))",
            hint:
                "it is of \(snapshot.manifest.paths.map { displayEscaped($0) }.joined(separator: ", ")); see `drctl ls`"
        )
    }
}

/// An entry of a snapshot as lists show it.
struct EntryRow: Encodable, Sendable {
    var path: String
    var kind: String
    /// Octal, as chmod(1) takes it.
    var mode: String
    var uid: UInt32
    var gid: UInt32
    var bytes: Int64
    var modifiedAt: String
    var linkTarget: String?
    /// The attributes' names; ACLs are among them.
    var attributes: [String]?
    var holes: Int?

    init(_ item: SnapshotBrowser.Item) {
        let metadata = item.metadata
        path = displayEscaped(bytes: item.path)
        kind = String(describing: metadata.kind)
        mode = String(metadata.permissions, radix: 8)
        uid = metadata.userID
        gid = metadata.groupID
        bytes = metadata.sizeBytes
        modifiedAt = TimeText.full(seconds: metadata.modified.seconds)
        linkTarget = metadata.kind == .symbolicLink ? displayEscaped(bytes: metadata.linkTarget) : nil
        attributes =
            metadata.extendedAttributes.isEmpty
            ? nil : metadata.extendedAttributes.map { displayEscaped(bytes: $0.name) }
        holes = metadata.holes.isEmpty ? nil : metadata.holes.count
    }

    /// `-rw-r--r--  0:0  12 KB  2026-11-22T15:04:05Z  /path`, a plus sign where there are attributes.
    var line: String {
        let target = linkTarget.map { " -> \($0)" } ?? ""
        let sign = attributes == nil ? " " : "+"
        return "\(modeText)\(sign) \(uid):\(gid)  \(Self.padded(ByteCount(bytes)))  \(modifiedAt)  \(path)\(target)"
    }

    private var modeText: String {
        let letters: [String: String] = [
            "directory": "d", "symbolicLink": "l", "characterDevice": "c", "blockDevice": "b", "fifo": "p",
        ]
        let bits = UInt16(mode, radix: 8) ?? 0
        var text = letters[kind] ?? "-"
        for shift in [6, 3, 0] as [UInt16] {
            text += bits >> shift & 4 == 0 ? "-" : "r"
            text += bits >> shift & 2 == 0 ? "-" : "w"
            let isSet = bits >> shift & 1 != 0
            let special = shift == 6 ? bits & 0o4000 : shift == 3 ? bits & 0o2000 : bits & 0o1000
            let letter = shift == 0 ? "t" : "s"
            text += special == 0 ? (isSet ? "x" : "-") : (isSet ? letter : letter.uppercased())
        }
        return text
    }

    private static func padded(_ count: ByteCount) -> String {
        let text = "\(count)"
        return String(repeating: " ", count: max(0, 9 - text.count)) + text
    }
}
