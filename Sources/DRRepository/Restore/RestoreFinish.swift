internal import DRArchive
internal import DRSystem
internal import SystemPackage

/// The last part of a restore, when every file's content is in place.
struct RestoreFinish {
    let plan: RestorePlan
    let target: RestoreTarget
    let ledger: RestoreLedger

    /// Gives hard-linked files their further names.
    func linkNames(where isFinished: (Int) -> Bool) {
        for link in plan.hardLinks {
            let path = plan.path(link.name, in: link.directory)
            guard isFinished(link.file) else {
                ledger.fail(path, "the file that it is another name of was not restored")
                continue
            }
            let file = plan.files[link.file]
            do throws(SystemError) {
                let folder = try target.root.openDirectory(beneath: plan.directories[link.directory].path)
                let origin = try target.root.openDirectory(beneath: plan.directories[file.directory].path)
                guard let staged = FileName("link") else { continue }
                try target.staging.makeHardLink(staged, to: file.name, in: origin)
                try target.publish(staged, as: link.name, in: folder)
                ledger.count { $0.files += 1 }
            } catch { ledger.fail(path, error.message) }
        }
    }

    /// Sets modes, owners and times of directories, inner ones first; makes all of it durable; removes the staging
    /// folder, then the mark, and only then is the restore finished.
    func closeDirectories(where isFinished: (Int) -> Bool) throws(RepositoryError) {
        setFlags(where: isFinished)
        for directory in plan.directories.dropFirst().reversed() {
            close(directory)
            setFlags(directory)
        }
        do throws(SystemError) {
            try FaultPoint.reach("restore.beforeSync")
            try target.root.syncFileSystem()
            try FaultPoint.reach("restore.beforeFinish")
            try target.removeStaging()
        } catch { throw RestoreTarget.unwritable(error) }
        close(plan.directories[0])
        do throws(SystemError) {
            // On the device first: whoever is told that it is finished, or finds no mark, may rely on it.
            try target.root.syncFileSystem()
            try target.finish()
            if setFlags(plan.directories[0]) { try target.root.syncFileSystem() }
        } catch { throw RestoreTarget.unwritable(error) }
    }

    /// Sets files' flags, after their last name: an immutable file takes none.
    private func setFlags(where isFinished: (Int) -> Bool) {
        for (number, file) in plan.files.enumerated() where !file.metadata.flags.isEmpty && isFinished(number) {
            let flags = target.request.restored(file.metadata.flags)
            if flags.isEmpty { continue }
            do throws(SystemError) {
                let folder = try target.root.openDirectory(beneath: plan.directories[file.directory].path)
                try folder.openFile(file.name).addFlags(flags)
            } catch { ledger.fail(plan.path(of: number), error.message) }
        }
    }

    private func close(_ directory: RestorePlan.Directory) {
        guard let metadata = directory.metadata else { return }
        do throws(SystemError) {
            let handle = try target.root.openDirectory(beneath: directory.path)
            if target.request.restoresOwners {
                try handle.setOwner(userID: metadata.userID, groupID: metadata.groupID)
            }
            if target.givesACLs { try RestoreTarget.removeACLs(of: handle) }
            target.restoreAttributes(of: metadata, directory.path, ledger) { attribute throws(SystemError) in
                try handle.setExtendedAttribute(attribute)
            }
            let permissions = target.permissions(for: metadata, owner: try handle.status())
            try handle.setPermissions(permissions.bits)
            try handle.setModified(metadata.modified)
        } catch { ledger.fail(directory.path, error.message) }
    }

    /// Sets a directory's flags, after all else: an immutable one takes nothing more.
    /// - Returns: whether there were any.
    @discardableResult
    private func setFlags(_ directory: RestorePlan.Directory) -> Bool {
        let flags = target.request.restored(directory.metadata?.flags ?? [])
        if flags.isEmpty { return false }
        do throws(SystemError) {
            try target.root.openDirectory(beneath: directory.path).addFlags(flags)
        } catch { ledger.fail(directory.path, error.message) }
        return true
    }
}
