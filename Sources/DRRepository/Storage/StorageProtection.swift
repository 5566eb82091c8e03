internal import DRSystem
internal import SystemPackage

/// Whether a storage keeps what it was given, whoever asks: keys deny reading, only storage denies changing.
package enum StorageProtection: Hashable, Sendable {
    /// This user can neither overwrite nor delete.
    case appendOnly
    /// What this user can do to a file that is stored.
    case changeable(String)
    /// Why it is not known.
    case notEstablished(String)
}

extension Storage {
    /// A file that means nothing, for trying on: beside the packs, and passed over by every listing.
    package static var canary: StoragePath { StoragePath("packs/.canary") }

    /// Not established, where a backend has no way to try.
    package func protection() -> StorageProtection {
        .notEstablished("there is no way to try it on this kind of storage")
    }
}

extension LocalStorage {
    /// Writes a canary and tries to overwrite it in its place, to put another file in its place, and to delete it.
    /// It stays only where nothing can delete it.
    package func protection() -> StorageProtection {
        let canary = root.pushing(FilePath(Self.canary.text))
        let content = Array("drctl tries here whether files can be changed; it means nothing\n".utf8)
        do throws(SystemError) {
            // As a pack's folder is made, but never a repository's: one on a disk that is not mounted is not there.
            _ = try FileStatus(of: root)
            try DurableFile.makeDirectory(at: canary.removingLastComponent())
            if try FileStatus.ifPresent(at: canary) == nil { try DurableFile.create(at: canary, with: content) }
        } catch { return .notEstablished("no file can be written there to try it on: \(error.message)") }
        let attempts: [(can: String, attempt: () throws(SystemError) -> Void)] = [
            (
                "overwrite files",
                { () throws(SystemError) in
                    // Its mode is this user's own to change, so it protects from nothing.
                    try? DurableFile.setPermissions(of: canary, to: 0o600)
                    try Descriptor(opening: canary, flags: Self.writeOnly).writeAll(content)
                }
            ),
            ("replace files", { () throws(SystemError) in try DurableFile.replace(at: canary, with: content) }),
            ("delete files", { () throws(SystemError) in try DurableFile.remove(canary) }),
        ]
        var able: [String] = []
        var doubt: String?
        for (can, attempt) in attempts {
            do throws(SystemError) {
                try attempt()
                able.append(can)
            } catch {
                let isDenied = [.permissionDenied, .notPermitted, .readOnlyFileSystem].contains(error.errno)
                if !isDenied { doubt = error.message }
            }
        }
        if !able.isEmpty { return .changeable("this user can " + able.joined(separator: ", ")) }
        return doubt.map { .notEstablished($0) } ?? .appendOnly
    }

    private static let writeOnly: Int32 = 1
}
