internal import DRSystem
package import SystemPackage

/// What this host saw last of a repository, kept outside of it: a repository that goes back behind it was rolled
/// back, forked, or had entries deleted. One JSON object, `Anchor`.
package struct AnchorFile: Sendable {
    private static let mostBytes = 16 << 20

    package let path: FilePath

    package init(at path: FilePath) { self.path = path }

    /// - Returns: nil where nothing was seen before.
    /// - Throws: `storageFailed` or `damaged`: then nothing is known about what was seen, and nobody may act as if
    ///   nothing had been.
    package func read() throws(RepositoryError) -> Anchor? {
        let bytes: [UInt8]
        do throws(SystemError) {
            guard try FileStatus.ifPresent(at: path) != nil else { return nil }
            bytes = try DurableFile.read(at: path, limit: Self.mostBytes)
        } catch {
            throw RepositoryError(
                .storageFailed, "what this host saw of the repository cannot be read: \(error.message)",
                hint: error.hint ?? "see to \(path)", cause: error)
        }
        return try JSON.decode(Anchor.self, from: bytes, name: displayEscaped(path.string))
    }

    /// Replaces the file; durable on return.
    package func write(_ anchor: Anchor) throws(RepositoryError) {
        let bytes = try JSON.encode(anchor)
        do throws(SystemError) {
            try DurableFile.makeDirectory(at: path.removingLastComponent(), mode: 0o700)
            try DurableFile.replace(at: path, with: bytes, mode: 0o600)
        } catch {
            throw RepositoryError(
                .storageFailed, "what this host saw of the repository could not be kept: \(error.message)",
                hint: error.hint ?? "", cause: error)
        }
    }

    /// Compares the repository with what was seen of it before.
    /// - Returns: `notEstablished` where nothing was.
    /// - Throws: as `read`.
    package func verdict(on repository: Repository, ledger: Ledger) throws(RepositoryError) -> Verdict {
        guard let seen = try read() else {
            return .notEstablished("this host sees the repository for the first time")
        }
        return seen.verdict(on: repository, ledger: ledger)
    }
}
