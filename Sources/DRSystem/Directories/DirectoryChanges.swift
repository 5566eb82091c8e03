internal import CLinux
internal import Glibc
internal import SystemPackage

/// What a rename does when the new name is taken.
package enum RenameRule: Sendable {
    /// The old holder of the name is gone in the same instant.
    case replace
    /// Fails with `fileExists`.
    case refuse
    /// The two change places in one instant; both names must exist.
    case exchange

    fileprivate var flags: UInt32 {
        switch self {
        case .replace: 0
        case .refuse: 1  // RENAME_NOREPLACE
        case .exchange: 2  // RENAME_EXCHANGE
        }
    }
}

/// Changes of names below an open directory. Each acts on the name itself, never on what a symbolic link of that
/// name points to, and none is durable before a sync.
extension DirectoryHandle {
    /// - Throws: `fileExists` where the name is taken.
    package func makeDirectory(_ name: FileName, permissions: UInt16) throws(SystemError) {
        _ = try attempt("create the folder", name.description) {
            unsafe name.withPointer { unsafe mkdirat(descriptor, $0, mode_t(permissions)) }
        }
    }

    /// Makes a symbolic link with exactly this target; durable once the directory is synced.
    package func makeSymbolicLink(_ name: FileName, to target: [UInt8]) throws(SystemError) {
        _ = try attempt("create the link", name.description) {
            unsafe withTerminated(target) { target in
                unsafe name.withPointer { unsafe symlinkat(target, descriptor, $0) }
            }
        }
    }

    /// Gives the inode of `existing` in `directory` another name here.
    package func makeHardLink(
        _ name: FileName, to existing: FileName, in directory: borrowing DirectoryHandle
    ) throws(SystemError) {
        let origin = directory.descriptor
        _ = try attempt("create the hard link", name.description) {
            unsafe existing.withPointer { existing in
                unsafe name.withPointer { unsafe linkat(origin, existing, descriptor, $0, 0) }
            }
        }
    }

    /// Creates a fifo or a device node, with no permissions beyond its owner's until they are set.
    /// - Throws: `notPermitted` for devices without the privilege; `invalidArgument` for other kinds.
    package func makeNode(
        _ name: FileName, kind: FileKind, deviceMajor: UInt32 = 0, deviceMinor: UInt32 = 0
    ) throws(SystemError) {
        let type: mode_t
        switch kind {
        case .fifo: type = S_IFIFO
        case .characterDevice: type = S_IFCHR
        case .blockDevice: type = S_IFBLK
        default: throw SystemError(call: "create the node", path: name.description, errno: .invalidArgument)
        }
        let major = UInt64(deviceMajor)
        let minor = UInt64(deviceMinor)
        let device =
            (major & 0xFFFF_F000) << 32 | (major & 0xFFF) << 8 | (minor & 0xFFFF_FF00) << 12 | minor & 0xFF
        _ = try attempt("create the node", name.description) {
            unsafe name.withPointer { unsafe mknodat(descriptor, $0, type | 0o600, dev_t(device)) }
        }
    }

    /// Moves `name` to `newName` in `directory`, atomically.
    package func rename(
        _ name: FileName, to newName: FileName, in directory: borrowing DirectoryHandle, _ rule: RenameRule = .replace
    ) throws(SystemError) {
        let destination = directory.descriptor
        _ = try attempt("rename", newName.description) {
            unsafe name.withPointer { name in
                unsafe newName.withPointer { newName in
                    unsafe clinux_renameat2(descriptor, name, destination, newName, rule.flags)
                }
            }
        }
    }

    /// Removes a name that is not a directory's.
    package func removeFile(_ name: FileName) throws(SystemError) {
        _ = try attempt("delete", name.description) { unsafe name.withPointer { unsafe unlinkat(descriptor, $0, 0) } }
    }

    /// Removes an empty directory.
    package func removeDirectory(_ name: FileName) throws(SystemError) {
        _ = try attempt("delete the folder", name.description) {
            unsafe name.withPointer { unsafe unlinkat(descriptor, $0, AT_REMOVEDIR) }
        }
    }

    /// Removes a name and everything below it, following no link.
    /// - Returns: the number of names removed that were not directories'.
    package func removeTree(_ name: FileName) throws(SystemError) -> Int {
        if try status(of: name).kind != .directory {
            try removeFile(name)
            return 1
        }
        var removed = 0
        let directory = try openDirectory(name)
        // A folder without write permission would keep its entries; it is about to go anyway.
        try? directory.setPermissions(0o700)
        for entry in try directory.entries() { removed += try directory.removeTree(entry.name) }
        try removeDirectory(name)
        return removed
    }

    /// Sets all twelve permission bits of this directory.
    package func setPermissions(_ permissions: UInt16) throws(SystemError) {
        _ = try attempt("set the mode of the folder", nil) { fchmod(descriptor, mode_t(permissions)) }
    }

    /// Sets the owner of this directory.
    package func setOwner(userID: UInt32, groupID: UInt32) throws(SystemError) {
        _ = try attempt("set the owner of the folder", nil) { fchown(descriptor, userID, groupID) }
    }

    /// Sets this directory's time of the last modification.
    package func setModified(_ time: FileTime) throws(SystemError) {
        unsafe try setModifiedTime(time, nil) { times in unsafe futimens(descriptor, times) }
    }

    /// Sets the time of the last modification of `name` itself: for symbolic links and nodes, which cannot be opened.
    package func setModified(of name: FileName, _ time: FileTime) throws(SystemError) {
        unsafe try setModifiedTime(time, name.description) { times in
            unsafe name.withPointer { unsafe utimensat(descriptor, $0, times, AT_SYMLINK_NOFOLLOW) }
        }
    }

    /// Sets the owner of `name` itself.
    package func setOwner(of name: FileName, userID: UInt32, groupID: UInt32) throws(SystemError) {
        _ = try attempt("set the owner of", name.description) {
            unsafe name.withPointer { unsafe fchownat(descriptor, $0, userID, groupID, AT_SYMLINK_NOFOLLOW) }
        }
    }

    /// Sets the permissions of a fifo or device node that was just created here.
    /// - Throws: `notSupported` when the name has become a symbolic link.
    package func setPermissions(of name: FileName, _ permissions: UInt16) throws(SystemError) {
        guard try status(of: name).kind != .symbolicLink else {
            throw SystemError(call: "set the mode of", path: name.description, errno: .notSupported)
        }
        _ = try attempt("set the mode of", name.description) {
            unsafe name.withPointer { unsafe fchmodat(descriptor, $0, mode_t(permissions), 0) }
        }
    }
}
