import DRCrypto
import DRRepository
import DRSystem
import FoundationEssentials
import SystemPackage

/// Makes a repository and its key files so that a crash at any moment is mended by doing it again: everything is
/// made in a staging folder beside the repository first, then moved into place piece by piece, the repository last.
/// A file that is there already is never replaced.
struct RepositorySetup {
    /// The folder that becomes the repository; absent, or empty.
    var repository: FilePath
    /// Where each key file goes.
    var destinations: [KeyFile: FilePath]

    enum KeyFile: String, CaseIterable {
        case owner, writer, identity
    }

    private var staging: FilePath {
        repository.removingLastComponent().appending(".\(repository.lastComponent?.string ?? "repository").unfinished")
    }
    private var stagedRepository: FilePath { staging.appending("repository") }
    /// Written last: with it, the staging folder holds everything.
    private var marker: FilePath { staging.appending("complete") }

    private func staged(_ file: KeyFile) -> FilePath { staging.appending("\(file.rawValue).key") }

    /// - Returns: the repository, in its place, and durable together with its key files.
    func make(_ draw: () throws -> NewRepository) throws -> Repository {
        try refuseWhatIsThere()
        if try FileStatus.ifPresent(at: marker) == nil {
            try removeStaging()
            try refuseKeyFiles()
            try stage(try draw())
        }
        try moveIntoPlace()
        return try Repository(opening: LocalStorage(root: repository), pinned: nil)
    }

    private func refuseWhatIsThere() throws {
        guard try FileStatus.ifPresent(at: repository) != nil else { return }
        guard try DurableFile.list(repository).isEmpty else {
            throw RepositoryError(
                .repositoryExists, "\(displayEscaped(repository.string)) is there already, and not empty",
                hint: "choose another folder; nothing there was changed")
        }
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

    private func stage(_ new: NewRepository) throws {
        try DurableFile.makeDirectory(at: staging, mode: 0o700)
        try DurableFile.makeDirectory(at: stagedRepository, mode: 0o700)
        for file in KeyFile.allCases {
            guard destinations[file] != nil, let content = Self.content(of: file, in: new) else { continue }
            try DurableFile.create(at: staged(file), with: content.copiedBytes(), mode: 0o600)
        }
        _ = try new.store(in: LocalStorage(root: stagedRepository))
        try FaultPoint.reach("repository.setup.beforeMarker")
        try DurableFile.create(at: marker, with: Array("complete\n".utf8), mode: 0o600)
    }

    private static func content(of file: KeyFile, in new: NewRepository) -> SecretBytes? {
        switch file {
        case .owner: new.ownerFile
        case .writer: new.writerFile
        case .identity: new.identityFile
        }
    }

    private func moveIntoPlace() throws {
        for file in KeyFile.allCases {
            guard let destination = destinations[file], try FileStatus.ifPresent(at: staged(file)) != nil else {
                continue
            }
            try FaultPoint.reach("repository.setup.beforeKeyFile")
            try DurableFile.makeDirectory(at: destination.removingLastComponent(), mode: 0o700)
            try DurableFile.renameNew(staged(file), to: destination)
            try DurableFile.syncDirectory(destination.removingLastComponent())
        }
        try FaultPoint.reach("repository.setup.beforeRename")
        if try FileStatus.ifPresent(at: repository) != nil {
            try FileManager.default.removeItem(atPath: repository.string)
        }
        try DurableFile.renameNew(stagedRepository, to: repository)
        try DurableFile.syncDirectory(repository.removingLastComponent())
        try removeStaging()
    }

    private func removeStaging() throws {
        if try FileStatus.ifPresent(at: staging) != nil { try FileManager.default.removeItem(atPath: staging.string) }
    }
}
