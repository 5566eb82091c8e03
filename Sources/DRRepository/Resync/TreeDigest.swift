package import DRCrypto
internal import DRSystem
package import SystemPackage

/// One digest of a directory with everything in it, that anybody can compute without a repository's keys: equal trees
/// have equal digests on every host.
///
/// It covers names, kinds, modes, times of modification, the content of files, the targets of links and the numbers
/// of devices. It does not cover owners, links' own modes, extended attributes, and which names share a file.
/// Sockets are left out. TreeFormat specifies the bytes.
package struct TreeDigest {
    /// A tree's digest, and how much was read for it.
    package struct Result: Sendable {
        /// Nil when something could not be read: the digest is then not established.
        package var digest: Digest?
        package var files = 0
        package var bytes: Int64 = 0
        /// What could not be read, the first ``Restore/mostFailuresListed``.
        package var problems: [RestoreFailure] = []
        package var problemCount = 0
    }

    private static let directoryLabel = Array("drctl/0/directory\n".utf8)
    private static let treeLabel = Array("drctl/0/tree\n".utf8)

    private var result = Result()
    private var buffer: [UInt8] = []
    private let isCancelled: () -> Bool

    private init(isCancelled: @escaping () -> Bool) { self.isCancelled = isCancelled }

    /// Reads a whole tree. Blocks.
    /// - Throws: when the directory itself cannot be opened, or the reading is cancelled.
    package static func of(
        _ directory: FilePath, isCancelled: () -> Bool = { false }
    ) throws(RepositoryError) -> Result {
        return try withoutActuallyEscaping(isCancelled) { isCancelled throws(RepositoryError) in
            var walk = TreeDigest(isCancelled: isCancelled)
            let digest = try walk.tree(directory)
            if walk.result.problemCount == 0 { walk.result.digest = digest }
            return walk.result
        }
    }

    private mutating func tree(_ directory: FilePath) throws(RepositoryError) -> Digest? {
        let handle: DirectoryHandle
        do throws(SystemError) { handle = try DirectoryHandle(opening: directory) } catch {
            throw RepositoryError(.sourceUnreadable, error.message, hint: error.hint ?? "", cause: error)
        }
        var writer = BodyWriter()
        writer.bytes(Self.treeLabel)
        do throws(SystemError) { writer.digested(try handle.status()) } catch { note([], error) }
        guard let content = try self.directory(handle, [], levels: 0) else { return nil }
        writer.bytes(content.bytes)
        return Digest.of(writer.bytes)
    }

    private mutating func directory(
        _ handle: borrowing DirectoryHandle, _ path: [UInt8], levels: Int
    ) throws(RepositoryError) -> Digest? {
        let entries: [DirectoryEntry]
        do throws(SystemError) { entries = try handle.entries() } catch {
            note(path, error)
            return nil
        }
        var writer = BodyWriter(reserving: 64 * entries.count + 32)
        writer.bytes(Self.directoryLabel)
        for entry in entries {
            if isCancelled() { throw RepositoryError(.cancelled, "the comparison was cancelled") }
            let name = entry.name
            let below = path.isEmpty ? Array(name.bytes) : path + [UInt8(ascii: "/")] + name.bytes
            let status: EntryStatus
            do throws(SystemError) {
                status = try handle.status(of: name)
                if status.kind == .socket { continue }
                writer.string(name.bytes)
                writer.digested(status)
                switch status.kind {
                case .regular: writer.bytes(try content(name, in: handle).bytes)
                case .symbolicLink: writer.string(try handle.target(ofLink: name))
                case .characterDevice, .blockDevice:
                    writer.number(UInt64(status.deviceMajor))
                    writer.number(UInt64(status.deviceMinor))
                case .directory, .fifo, .socket: break
                }
            } catch {
                note(below, error)
                continue
            }
            if status.kind == .directory, let digest = try subdirectory(name, in: handle, below, levels: levels + 1) {
                writer.bytes(digest.bytes)
            }
        }
        return Digest.of(writer.bytes)
    }

    private mutating func subdirectory(
        _ name: FileName, in parent: borrowing DirectoryHandle, _ path: [UInt8], levels: Int
    ) throws(RepositoryError) -> Digest? {
        guard levels < Capture.mostLevels else {
            note(path, SystemError(call: "read", path: nil, errno: .fileNameTooLong))
            return nil
        }
        let handle: DirectoryHandle
        do throws(SystemError) { handle = try parent.openDirectory(name) } catch {
            note(path, error)
            return nil
        }
        return try directory(handle, path, levels: levels)
    }

    private mutating func content(
        _ name: FileName, in directory: borrowing DirectoryHandle
    ) throws(SystemError) -> Digest {
        let file = try directory.openFile(name)
        file.expectSequentialReading()
        var hasher = SHA256()
        repeat {
            buffer.removeAll(keepingCapacity: true)
            result.bytes += Int64(try file.read(upTo: 1 << 20, appendingTo: &buffer))
            hasher.update(buffer)
        } while buffer.count == 1 << 20
        result.files += 1
        return hasher.finish()
    }

    private mutating func note(_ path: [UInt8], _ error: SystemError) {
        result.problemCount += 1
        if result.problems.count < Restore.mostFailuresListed {
            result.problems.append(RestoreFailure(path: path, reason: error.message))
        }
    }
}

extension BodyWriter {
    mutating func bytes(_ value: [UInt8]) { for byte in value { self.byte(byte) } }

    /// The part of a status that a tree's digest covers.
    fileprivate mutating func digested(_ status: EntryStatus) {
        byte(status.kind.rawValue)
        if status.kind != .symbolicLink { number(UInt64(status.permissions)) }
        signed(status.modified.seconds)
        number(UInt64(status.modified.nanoseconds))
        if status.kind == .regular { number(UInt64(status.sizeBytes)) }
    }
}
