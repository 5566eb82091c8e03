internal import Glibc

/// A moment as a file system keeps it.
package struct FileTime: Hashable, Sendable, Comparable {
    /// Seconds since 1970-01-01T00:00:00Z, negative before it.
    package var seconds: Int64
    /// 0..<1,000,000,000.
    package var nanoseconds: UInt32

    package init(seconds: Int64, nanoseconds: UInt32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    init(_ time: timespec) {
        self.init(seconds: Int64(time.tv_sec), nanoseconds: UInt32(truncatingIfNeeded: time.tv_nsec))
    }

    var timespec: timespec { Glibc.timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds)) }

    /// Earlier before later.
    package static func < (one: FileTime, other: FileTime) -> Bool {
        (one.seconds, one.nanoseconds) < (other.seconds, other.nanoseconds)
    }
}

/// What kind of thing an inode is.
package enum FileKind: UInt8, Sendable, Hashable, CaseIterable {
    case regular = 1
    case directory = 2
    case symbolicLink = 3
    case characterDevice = 4
    case blockDevice = 5
    case fifo = 6
    case socket = 7

    /// For people: `symbolic link`.
    package var words: String {
        switch self {
        case .regular: "regular file"
        case .directory: "directory"
        case .symbolicLink: "symbolic link"
        case .characterDevice: "character device"
        case .blockDevice: "block device"
        case .fifo: "fifo"
        case .socket: "socket"
        }
    }

    init?(mode: UInt32) {
        switch mode & UInt32(S_IFMT) {
        case UInt32(S_IFREG): self = .regular
        case UInt32(S_IFDIR): self = .directory
        case UInt32(S_IFLNK): self = .symbolicLink
        case UInt32(S_IFCHR): self = .characterDevice
        case UInt32(S_IFBLK): self = .blockDevice
        case UInt32(S_IFIFO): self = .fifo
        case UInt32(S_IFSOCK): self = .socket
        default: return nil
        }
    }
}

/// What fstatat(2) says of an inode, as values.
package struct EntryStatus: Hashable, Sendable {
    package var kind: FileKind
    /// Permission bits with set-user-id, set-group-id and sticky: `mode & 0o7777`.
    package var permissions: UInt16
    package var userID: UInt32
    package var groupID: UInt32
    package var sizeBytes: Int64
    /// The space it takes, in blocks of 512 bytes: less than the size where a file has holes or is compressed.
    package var blocks: Int64
    package var modified: FileTime
    /// When the inode changed last; nobody can set it.
    package var changed: FileTime
    package var device: UInt64
    package var inode: UInt64
    package var linkCount: UInt64
    /// Of a device node: its numbers.
    package var deviceMajor: UInt32
    package var deviceMinor: UInt32

    init?(_ status: stat) {
        guard let kind = FileKind(mode: UInt32(status.st_mode)) else { return nil }
        self.kind = kind
        permissions = UInt16(truncatingIfNeeded: status.st_mode & 0o7777)
        userID = status.st_uid
        groupID = status.st_gid
        sizeBytes = Int64(status.st_size)
        blocks = Int64(status.st_blocks)
        modified = FileTime(status.st_mtim)
        changed = FileTime(status.st_ctim)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        linkCount = UInt64(status.st_nlink)
        let number = UInt64(status.st_rdev)
        // The kernel's 64-bit encoding, as glibc's gnu_dev_major and gnu_dev_minor take it apart.
        deviceMajor = UInt32(truncatingIfNeeded: (number >> 8) & 0xFFF | (number >> 32) & 0xFFFF_F000)
        deviceMinor = UInt32(truncatingIfNeeded: number & 0xFF | (number >> 12) & 0xFFFF_FF00)
    }

    /// Whether two looks at one inode saw the same content, as far as its times and size tell.
    package func sameContent(as other: EntryStatus) -> Bool {
        device == other.device && inode == other.inode && kind == other.kind && sizeBytes == other.sizeBytes
            && modified == other.modified && changed == other.changed
    }
}
