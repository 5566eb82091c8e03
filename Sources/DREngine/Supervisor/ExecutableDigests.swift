internal import DRCrypto
internal import DRSystem
internal import Synchronization
internal import SystemPackage

/// SHA-256 of executables, computed again only when a file's identity or size changed.
final class ExecutableDigests: Sendable {
    private let known = Mutex<[FilePath: (status: FileStatus, digest: Digest)]>([:])

    /// Blocks while it reads the file.
    func digest(of path: FilePath) throws(SystemError) -> Digest {
        let status = try FileStatus.following(path)
        if let found = known.withLock({ $0[path] }), found.status == status { return found.digest }
        let file = try Descriptor(opening: path, flags: 0)
        var hasher = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = try file.read(into: &buffer)
            if count == 0 { break }
            hasher.update(buffer.span.extracting(first: count))
        }
        let digest = hasher.finish()
        known.withLock { $0[path] = (status, digest) }
        return digest
    }
}
