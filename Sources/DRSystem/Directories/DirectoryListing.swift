internal import CLinux
internal import Glibc
internal import SystemPackage

/// One entry of a directory as getdents64(2) gives it.
package struct DirectoryEntry: Sendable {
    package var name: FileName
    /// Nil where the file system does not say.
    package var kind: FileKind?
}

extension DirectoryHandle {
    /// All entries but `.` and `..`, sorted by the bytes of their names. Reads from the start each time.
    /// - Throws: an error also when a name cannot be one (a damaged file system): a listing is whole or failed.
    package func entries() throws(SystemError) -> [DirectoryEntry] {
        var entries: [DirectoryEntry] = []
        _ = try attempt("list", nil) { lseek(descriptor, 0, SEEK_SET) }
        let capacity = 64 << 10
        var buffer = [UInt8](repeating: 0, count: capacity)
        while true {
            let count = try attempt("list", nil) {
                unsafe buffer.withUnsafeMutableBytes {
                    unsafe clinux_getdents64(descriptor, $0.baseAddress, UInt(capacity))
                }
            }
            if count == 0 { break }
            try parse(buffer.span.extracting(first: Int(count)), into: &entries)
        }
        // Small directories often come sorted already; the check is cheaper than the sort.
        var sorted = true
        for index in entries.indices.dropFirst() where entries[index].name < entries[index - 1].name {
            sorted = false
            break
        }
        if !sorted { entries.sort { $0.name < $1.name } }
        return entries
    }

    /// `struct linux_dirent64`: inode (8 bytes), offset (8), record length (2), type (1), name with its NUL.
    private func parse(_ bytes: Span<UInt8>, into entries: inout [DirectoryEntry]) throws(SystemError) {
        var start = 0
        while start < bytes.count {
            guard start + 19 < bytes.count else { throw damagedListing }
            let length = Int(bytes[start + 16]) | Int(bytes[start + 17]) << 8
            guard length > 19, start + length <= bytes.count else { throw damagedListing }
            let kind = FileKind(directoryType: bytes[start + 18])
            var end = start + 19
            while end < start + length, bytes[end] != 0 { end += 1 }
            let record = bytes.extracting(start + 19..<end)
            start += length
            if record.count == 1, record[0] == UInt8(ascii: ".") { continue }
            if record.count == 2, record[0] == UInt8(ascii: "."), record[1] == UInt8(ascii: ".") {
                continue
            }
            guard let name = FileName(span: record) else { throw damagedListing }
            entries.append(DirectoryEntry(name: name, kind: kind))
        }
    }

    private var damagedListing: SystemError { SystemError(call: "list", path: nil, errno: .ioError) }
}

extension FileKind {
    /// getdents64's `d_type`.
    fileprivate init?(directoryType: UInt8) {
        switch Int(directoryType) {
        case Int(DT_REG): self = .regular
        case Int(DT_DIR): self = .directory
        case Int(DT_LNK): self = .symbolicLink
        case Int(DT_CHR): self = .characterDevice
        case Int(DT_BLK): self = .blockDevice
        case Int(DT_FIFO): self = .fifo
        case Int(DT_SOCK): self = .socket
        default: return nil
        }
    }
}
