import DRCrypto
import DRRepository
import DRSystem
import FoundationEssentials
import SystemPackage

/// Makes a repository and its key files so that a crash at any moment is mended by doing it again.
///
/// A plan is written into the repository's folder first: it names the key files with their digests, and while it lies
/// there nobody opens the repository. Removing it is the moment from which the repository is there. A rerun that finds a
/// plan takes back what it names, and nothing else; a file that was there before is never replaced or removed.
struct RepositorySetup {
    /// The folder that becomes the repository; absent, or empty.
    var repository: FilePath
    /// Where each key file goes.
    var destinations: [KeyFile: FilePath]

    enum KeyFile: String, CaseIterable {
        case owner, writer, identity
    }

    private struct Plan: Codable {
        struct File: Codable {
            var path: String
            var sha256: String
        }
        var keyFiles: [File]
    }

    private var planFile: FilePath { repository.appending(StoragePath.setup.text) }
    private var lockFile: FilePath { repository.appending(".setup.lock") }

    /// - Parameter draw: draws the keys; called before anything is written.
    /// - Returns: the repository, durable together with its key files.
    /// - Throws: `repositoryExists`; `heldByAnother`; whatever failed, with everything taken back.
    func make(_ draw: () throws -> NewRepository) throws -> Repository {
        try refuseWhatIsThere()
        let new = try draw()
        try DurableFile.makeDirectory(at: repository, mode: 0o700)
        guard let lock = try FileLock.tryAcquire(at: lockFile) else {
            throw RepositoryError(
                .heldByAnother, "somebody else is making a repository in \(displayEscaped(repository.string))",
                hint: "wait until that has ended")
        }
        try takeBack()
        for path in [planFile] + destinations.values { try DurableFile.removeTemporaries(of: path) }
        // Again, now that nobody else can be at it.
        try refuseWhatIsThere()
        try refuseKeyFiles()
        do {
            try putInPlace(new)
        } catch {
            try? takeBack()
            throw error
        }
        try FaultPoint.reach("repository.setup.beforeEnd")
        try DurableFile.remove(planFile)
        try DurableFile.syncDirectory(repository)
        try? DurableFile.remove(lockFile)
        _ = consume lock
        return try Repository(opening: LocalStorage(root: repository), pinned: new.id)
    }

    // MARK: What is there already

    private func refuseWhatIsThere() throws {
        guard try FileStatus.ifPresent(at: repository) != nil, try FileStatus.ifPresent(at: planFile) == nil else {
            return
        }
        guard try DurableFile.list(repository).allSatisfy(Self.isOfNoAccount) else {
            throw RepositoryError(
                .repositoryExists, "\(displayEscaped(repository.string)) is there already, and not empty",
                hint: "choose another folder; nothing there was changed")
        }
    }

    /// What an empty disk has, and what an earlier attempt can leave.
    private static func isOfNoAccount(_ name: String) -> Bool {
        name == "lost+found" || name == ".setup.lock" || (name.hasPrefix(".setup.json.") && name.hasSuffix(".tmp"))
    }

    private func refuseKeyFiles() throws {
        for file in KeyFile.allCases {
            guard let destination = destinations[file], try FileStatus.ifPresent(at: destination) != nil else {
                continue
            }
            throw RepositoryError(
                .repositoryExists, "there is a file at \(displayEscaped(destination.string)) already",
                hint: "it may be the only key of another repository: move it away, or choose another name")
        }
    }

    // MARK: Effects

    private func putInPlace(_ new: NewRepository) throws {
        let files = KeyFile.allCases.compactMap { file -> (path: FilePath, content: SecretBytes)? in
            guard let path = destinations[file], let content = Self.content(of: file, in: new) else { return nil }
            return (path, content)
        }
        let plan = Plan(
            keyFiles: files.map { .init(path: $0.path.string, sha256: $0.content.withBytes { Digest.of($0) }.hex) })
        try DurableFile.create(at: planFile, with: Array(JSONEncoder().encode(plan)))
        try FaultPoint.reach("repository.setup.beforeStore")
        _ = try new.store(in: LocalStorage(root: repository))
        for file in files {
            try FaultPoint.reach("repository.setup.beforeKeyFile")
            try DurableFile.makeDirectory(at: file.path.removingLastComponent(), mode: 0o700)
            try file.content.create(at: file.path)
        }
    }

    private static func content(of file: KeyFile, in new: NewRepository) -> SecretBytes? {
        switch file {
        case .owner: new.ownerFile
        case .writer: new.writerFile
        case .identity: new.identityFile
        }
    }

    /// Undoes an attempt that did not come to its end, the plan last.
    private func takeBack() throws {
        guard try FileStatus.ifPresent(at: planFile) != nil else { return }
        let plan = try readPlan()
        for folder in [StorageFolder.packs, .snapshots, .logs] {
            guard try LocalStorage(root: repository).list(folder.path).isEmpty else {
                throw RepositoryError(
                    .repositoryExists, "\(displayEscaped(repository.string)) holds backups, and a plan to make it",
                    hint: "nothing was changed; remove \(displayEscaped(planFile.string)) to open it")
            }
        }
        for file in plan.keyFiles {
            let path = FilePath(file.path)
            guard let status = try FileStatus.ifPresent(at: path), status.kind == .regular,
                status.sizeBytes <= Self.keyFileLimit
            else { continue }
            let read = try SecretBytes.read(limit: Self.keyFileLimit) { span throws(SystemError) in
                try DurableFile.read(at: path, into: &span)
            }
            // Whoever can write to the storage can plant a plan. Of a key file nobody else knows the digest; of others,
            // anybody may, and they are not this plan's to remove.
            guard let content = read, content.withBytes({ Digest.of($0) }).hex == file.sha256,
                Identity.isKeyFile(content)
            else {
                continue
            }
            try DurableFile.remove(path)
            try DurableFile.syncDirectory(path.removingLastComponent())
        }
        for folder in StorageFolder.allCases {
            let path = repository.appending(folder.rawValue)
            if try FileStatus.ifPresent(at: path) != nil { try FileManager.default.removeItem(atPath: path.string) }
        }
        try DurableFile.syncDirectory(repository)
        try DurableFile.remove(planFile)
        try DurableFile.syncDirectory(repository)
    }

    private static let keyFileLimit = 64 << 10

    private func readPlan() throws -> Plan {
        let bytes = try DurableFile.read(at: planFile, limit: Self.keyFileLimit)
        guard let plan = try? JSONDecoder().decode(Plan.self, from: Data(bytes)) else {
            throw RepositoryError(
                .repositoryExists, "\(displayEscaped(planFile.string)) is none that drctl wrote",
                hint: "choose another folder; nothing there was changed")
        }
        return plan
    }
}
