internal import DRSystem
internal import FoundationEssentials
package import SystemPackage

/// The part of a sandbox's root that every sandbox has: `/usr`, `/etc` and the library links of the host to read, and
/// a `/tmp`, `/run` and `/var` of its own, because a pathname socket would be reached through a shared folder.
///
/// What on the host only some may read under `/etc` (password hashes, host keys, files that hold secrets) nobody reads
/// inside: a drill of root's would otherwise read all of it.
package enum SandboxRoot {
    /// The program that makes the sandbox.
    package static let bubblewrap = "bwrap"

    /// bubblewrap's arguments.
    /// - Parameter hiding: further files that must not be readable, wherever they are.
    package static func arguments(hiding: [FilePath] = []) -> [String] {
        var arguments = ["--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc"]
        for name in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] { arguments += linked("/" + name) }
        arguments += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run"]
        arguments += ["--dir", "/var", "--symlink", "../run", "/var/run", "--tmpfs", "/var/tmp"]
        for path in privateEntries(of: "/etc", levels: 4) { arguments += masked(path) }
        for path in hiding where path.starts(with: "/etc") || path.starts(with: "/usr") { arguments += masked(path) }
        return arguments
    }

    /// What makes a path unreadable: an empty folder, or nothing, in its place.
    static func masked(_ path: FilePath) -> [String] {
        guard let status = try? FileStatus.ifPresent(at: path) else { return [] }
        switch status.kind {
        case .directory: return ["--tmpfs", path.string]
        case .regular: return ["--ro-bind", "/dev/null", path.string]
        // What a link leads to is masked where it lies; devices and sockets are not to be had inside anyway.
        default: return []
        }
    }

    /// A top-level folder as the host has it: mostly a link into /usr.
    static func linked(_ name: String) -> [String] {
        let path = FilePath(name)
        guard let status = try? FileStatus.ifPresent(at: path) else { return [] }
        switch status.kind {
        case .symbolicLink:
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path.string) else {
                return []
            }
            return ["--symlink", target, path.string]
        case .directory: return ["--ro-bind", path.string, path.string]
        default: return []
        }
    }

    /// The outermost entries below a folder that not everybody may read.
    private static func privateEntries(of folder: FilePath, levels: Int) -> [FilePath] {
        // A folder that this user may not list either holds nothing that a step of this user could read.
        guard levels > 0, let names = try? DurableFile.list(folder) else { return [] }
        return names.flatMap { name -> [FilePath] in
            let path = folder.appending(name)
            guard let status = try? FileStatus.ifPresent(at: path) else { return [] }
            switch status.kind {
            case .regular: return status.permissions & 0o004 == 0 ? [path] : []
            case .directory:
                return status.permissions & 0o005 == 0o005 ? privateEntries(of: path, levels: levels - 1) : [path]
            default: return []
            }
        }
    }

    /// Folders of the shared objects that this process has mapped and that a sandbox would not have: a debug build's
    /// Swift runtime.
    static func loadedLibraryFolders() -> [FilePath] {
        guard let bytes = try? DurableFile.read(at: "/proc/self/maps", limit: 64 << 20) else { return [] }
        var folders: Set<String> = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard let start = line.firstIndex(of: "/") else { continue }
            let path = FilePath(String(line[start...]))
            guard path.lastComponent?.string.contains(".so") == true, !path.starts(with: "/usr"),
                !path.starts(with: "/lib"), !path.starts(with: "/lib64"), !path.starts(with: "/dev")
            else { continue }
            folders.insert(path.removingLastComponent().string)
        }
        return folders.sorted().map { FilePath($0) }
    }
}
