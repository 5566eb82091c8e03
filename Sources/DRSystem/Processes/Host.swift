internal import Glibc
internal import SystemPackage

/// What this machine calls itself, its users and its groups.
package enum Host {
    /// The node name (`uname -n`).
    package static var name: String {
        var names = utsname()
        guard unsafe uname(&names) == 0 else { return "unknown" }
        return unsafe withUnsafeBytes(of: &names.nodename) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// The effective user of this process.
    package static var effectiveUID: UInt32 { geteuid() }

    /// The group that this process acts as.
    package static var effectiveGID: UInt32 { getegid() }

    /// The id of a group; nil when there is none of this name.
    package static func groupID(named name: String) -> UInt32? {
        unsafe lookUp { buffer, size in
            var entry = unsafe Glibc.group()
            var found: UnsafeMutablePointer<Glibc.group>?
            let result = unsafe getgrnam_r(name, &entry, buffer, size, &found)
            return unsafe (result, found == nil ? nil : entry.gr_gid)
        }
    }

    /// The name of a user; nil when there is none with this id.
    package static func userName(of uid: UInt32) -> String? {
        unsafe lookUp { buffer, size in
            var user = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            let result = unsafe getpwuid_r(uid, &user, buffer, size, &found)
            return unsafe (result, found == nil ? nil : String(cString: user.pw_name))
        }
    }

    /// The id of a user; nil when there is none of this name.
    package static func userID(named name: String) -> UInt32? {
        unsafe lookUp { buffer, size in
            var user = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            let result = unsafe getpwnam_r(name, &user, buffer, size, &found)
            return unsafe (result, found == nil ? nil : user.pw_uid)
        }
    }

    /// Calls with a larger buffer until the entry fits.
    private static func lookUp<Entry>(
        _ call: (UnsafeMutablePointer<CChar>, Int) -> (result: Int32, entry: Entry?)
    ) -> Entry? {
        var size = 4096
        while size <= 1 << 20 {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            defer { unsafe buffer.deallocate() }
            let (result, entry) = unsafe call(buffer, size)
            if result != ERANGE { return entry }
            size *= 4
        }
        return nil
    }
}
