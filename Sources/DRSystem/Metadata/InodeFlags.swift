internal import CLinux
internal import Glibc
internal import SystemPackage

/// The flags of chattr(1) that are kept: those that say something about the file and can be given back. The rest
/// belongs to the file system (extents, indexes, encryption, verity) or can be set on an empty file only (no copy on
/// write).
package struct InodeFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    // FS_…_FL of linux/fs.h.
    package static let compressed = InodeFlags(rawValue: 0x4)
    package static let synchronous = InodeFlags(rawValue: 0x8)
    package static let immutable = InodeFlags(rawValue: 0x10)
    package static let appendOnly = InodeFlags(rawValue: 0x20)
    package static let noDump = InodeFlags(rawValue: 0x40)
    package static let noAccessTime = InodeFlags(rawValue: 0x80)
    package static let synchronousDirectory = InodeFlags(rawValue: 0x10000)
    package static let topDirectory = InodeFlags(rawValue: 0x20000)

    package static let kept: InodeFlags = [
        .compressed, .synchronous, .immutable, .appendOnly, .noDump, .noAccessTime, .synchronousDirectory,
        .topDirectory,
    ]

    /// Those that only a privileged user may set, and that keep everybody from changing the file.
    package static let privileged: InodeFlags = [.immutable, .appendOnly]
}

extension OpenFile {
    /// The kept flags of this file; none where the file system has no such thing.
    package func flags() throws(SystemError) -> InodeFlags { try flagsOfDescriptor(descriptor) }

    /// Adds these to the file's flags.
    package func addFlags(_ flags: InodeFlags) throws(SystemError) { try add(flags, toDescriptor: descriptor) }

    /// Takes these from the file's flags.
    package func removeFlags(_ flags: InodeFlags) throws(SystemError) {
        try change(flagsOf: descriptor) { $0.subtracting(flags) }
    }
}

extension DirectoryHandle {
    /// The kept flags of this directory; none where the file system has no such thing.
    package func flags() throws(SystemError) -> InodeFlags { try flagsOfDescriptor(descriptor) }

    /// Adds these to the directory's flags.
    package func addFlags(_ flags: InodeFlags) throws(SystemError) { try add(flags, toDescriptor: descriptor) }
}

private func flagsOfDescriptor(_ descriptor: Int32) throws(SystemError) -> InodeFlags {
    var flags: UInt32 = 0
    do throws(SystemError) {
        _ = try attempt("read the flags of", nil) { unsafe clinux_get_inode_flags(descriptor, &flags) }
    } catch {
        // What a file system that has no flags answers: ENOTTY, or one of the others.
        guard [.inappropriateIOCTLForDevice, .notSupported, .noFunction, .invalidArgument].contains(error.errno) else {
            throw error
        }
        return []
    }
    return InodeFlags(rawValue: flags).intersection(.kept)
}

private func add(_ flags: InodeFlags, toDescriptor descriptor: Int32) throws(SystemError) {
    try change(flagsOf: descriptor) { $0.union(flags) }
}

private func change(flagsOf descriptor: Int32, _ change: (InodeFlags) -> InodeFlags) throws(SystemError) {
    var current: UInt32 = 0
    _ = try attempt("read the flags of", nil) { unsafe clinux_get_inode_flags(descriptor, &current) }
    let wanted = change(InodeFlags(rawValue: current)).rawValue
    if wanted != current {
        _ = try attempt("set the flags of", nil) { clinux_set_inode_flags(descriptor, wanted) }
    }
}
