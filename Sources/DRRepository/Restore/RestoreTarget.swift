internal import DRArchive
internal import DRSystem
internal import SystemPackage

/// The directory that is restored into, and the folder in it where files are made before they get their names.
///
/// Every path is looked up from the target's descriptor by the kernel, beneath it and without symbolic links, so that
/// neither a hostile snapshot nor a process that swaps folders for links can lead a write outside.
final class RestoreTarget: Sendable {
    /// Where files are made. Its presence says that a restore is not finished; a file in it named after the root
    /// says which.
    private static let stagingName = ".drctl-partial"
    /// An attribute of the target that says the same between the removal of the staging folder and the end: what is
    /// made or removed in a folder changes its time of modification, an attribute does not.
    private static let unfinishedMark = Array("user.drctl.unfinished".utf8)

    let root: DirectoryHandle
    let staging: DirectoryHandle
    private let stagingFileName: FileName
    private let unfinished: ExtendedAttribute
    let request: RestoreRequest
    let wasResumed: Bool
    /// Whether what is in the way may be replaced.
    let replaces: Bool
    /// Whether the target has a default ACL, which what is made in it would get, whatever the snapshot says.
    let givesACLs: Bool

    /// Opens or creates the target and its staging folder.
    /// - Parameter taken: names that the snapshot itself has there.
    /// - Throws: `targetExists` when it is not empty and may not be overwritten.
    init(_ request: RestoreRequest, avoiding taken: Set<FileName>) throws(RepositoryError) {
        self.request = request
        guard let name = Self.stagingName(avoiding: taken), let marker = FileName(request.root.id.description) else {
            throw RepositoryError(.internalFault, "the staging folder has no name")
        }
        stagingFileName = name
        unfinished = ExtendedAttribute(name: Self.unfinishedMark, value: Array(request.root.id.description.utf8))
        do throws(SystemError) {
            try DurableFile.makeDirectory(at: request.target, mode: 0o700)
            root = try DirectoryHandle(opening: request.target)
        } catch { throw Self.unwritable(error) }
        do throws(SystemError) {
            let names = try root.entries().map(\.name)
            let isMarked = try root.extendedAttributes().contains(unfinished)
            wasResumed = isMarked || names.contains(name) && Self.hasMarker(marker, name, in: root)
            replaces = wasResumed || request.overwrite != .refuse
            if names.contains(name), wasResumed || request.overwrite != .refuse || names.count == 1 {
                _ = try root.removeTree(name)
            }
            if !replaces, names.contains(where: { $0 != name }) {
                throw SystemError(call: "restore into", path: request.target, errno: .directoryNotEmpty)
            }
        } catch {
            throw Self.unusable(request, error)
        }
        do throws(SystemError) {
            try root.makeDirectory(name, permissions: 0o700)
            staging = try root.openDirectory(name)
        } catch { throw Self.unwritable(error) }
        do throws(SystemError) {
            givesACLs = try root.extendedAttributes().contains { $0.name == ExtendedAttribute.defaultACL }
            if givesACLs { try Self.removeACLs(of: staging) }
            _ = try staging.createFile(marker).status()
        } catch { throw Self.unwritable(error) }
    }

    /// Makes a folder ready for what comes into it.
    /// - Parameters:
    ///   - isNew: takes from it what it got from the target's default ACL, so that what is made in it gets nothing
    ///     either.
    ///   - isClosed: lets only this user in until everything is in place.
    func prepared(
        _ directory: consuming DirectoryHandle, isNew: Bool, isClosed: Bool
    ) throws(SystemError) -> DirectoryHandle {
        if givesACLs, isNew { try Self.removeACLs(of: directory) }
        if isClosed { try directory.setPermissions(0o700) }
        return directory
    }

    static func removeACLs(of directory: borrowing DirectoryHandle) throws(SystemError) {
        try directory.removeExtendedAttribute(ExtendedAttribute.defaultACL)
        try directory.removeExtendedAttribute(ExtendedAttribute.accessACL)
    }

    /// Gives an entry its attributes back, as far as was asked for. One that cannot be set is noted: the content is
    /// worth having without it.
    func restoreAttributes(
        of metadata: FileMetadata, _ path: @autoclosure () -> [UInt8], _ ledger: RestoreLedger,
        _ set: (ExtendedAttribute) throws(SystemError) -> Void
    ) {
        for attribute in request.restored(metadata.extendedAttributes) {
            do throws(SystemError) { try set(attribute) } catch { ledger.fail(path(), error.message) }
        }
    }

    /// Counts the metadata that takes a privilege, where that was not asked for.
    func countSkipped(_ metadata: FileMetadata, _ ledger: RestoreLedger) {
        if metadata.extendedAttributes.isEmpty, metadata.flags.isEmpty { return }
        let attributes = metadata.extendedAttributes.count - request.restored(metadata.extendedAttributes).count
        let flags = metadata.flags.subtracting(request.restored(metadata.flags)).isEmpty ? 0 : 1
        if attributes + flags > 0 { ledger.count { $0.privilegedMetadataSkipped += attributes + flags } }
    }

    private static func stagingName(avoiding taken: Set<FileName>) -> FileName? {
        var name = FileName(stagingName)
        var number = 1
        while let candidate = name, taken.contains(candidate) {
            name = FileName("\(stagingName)-\(number)")
            number += 1
        }
        return name
    }

    private static func hasMarker(
        _ marker: FileName, _ name: FileName, in root: borrowing DirectoryHandle
    ) -> Bool {
        guard let staging = try? root.openDirectory(name) else { return false }
        return (try? staging.status(of: marker)) != nil
    }

    /// Removes the staging folder. Until ``finish()`` the target itself is marked as unfinished, where its file system
    /// keeps attributes.
    func removeStaging() throws(SystemError) {
        try? root.setExtendedAttribute(unfinished)
        _ = try root.removeTree(stagingFileName)
    }

    /// Removes the mark: from now on the restore counts as finished.
    func finish() throws(SystemError) {
        try FaultPoint.reach("restore.beforeUnmark")
        do throws(SystemError) { try root.removeExtendedAttribute(unfinished.name) } catch {
            // A folder that its owner may not write to keeps its attributes from him too.
            guard error.errno == .permissionDenied else { throw error }
            let bits = try root.status().permissions
            try root.setPermissions(bits | 0o200)
            try root.removeExtendedAttribute(unfinished.name)
            try root.setPermissions(bits)
        }
    }

    /// Gives a finished file its name.
    func publish(
        _ staged: FileName, as name: FileName, in directory: borrowing DirectoryHandle
    ) throws(SystemError) {
        try FaultPoint.reach("restore.beforeRename")
        if !replaces {
            do throws(SystemError) {
                return try staging.rename(staged, to: name, in: directory, .refuse)
            } catch {
                // Some file systems cannot refuse. The target was empty, so nothing of the user's can be in the way.
                guard error.errno == .invalidArgument else { throw error }
            }
        }
        try staging.rename(staged, to: name, in: directory, .replace)
    }

    /// Which permission bits a file gets: set-id bits only when it belongs to whom it belonged.
    func permissions(for metadata: FileMetadata, owner: EntryStatus) -> (bits: UInt16, dropped: Bool) {
        let setIDs = metadata.permissions & 0o6000
        guard setIDs != 0, owner.userID != metadata.userID || owner.groupID != metadata.groupID else {
            return (metadata.permissions, false)
        }
        return (metadata.permissions & 0o1777, true)
    }

    /// Why a target cannot be used.
    static func unusable(_ request: RestoreRequest, _ error: SystemError) -> RepositoryError {
        guard error.errno == .directoryNotEmpty else { return unwritable(error) }
        return RepositoryError(
            .targetExists, "\(displayEscaped(request.target.string)) is not empty; nothing was changed in it",
            hint: "name a new folder, or say with --overwrite what becomes of files that are in the way", cause: error)
    }

    static func unwritable(_ error: SystemError) -> RepositoryError {
        RepositoryError(
            error.errno == .noSpace ? .noSpace : .targetUnwritable, error.message, hint: error.hint ?? "", cause: error)
    }
}
