internal import CLinux
internal import Glibc
internal import SystemPackage

/// One extended attribute of an inode: a name with its namespace (`user.origin`, `security.capability`) and any bytes.
/// POSIX ACLs are the attributes `system.posix_acl_access` and `system.posix_acl_default`, in the kernel's encoding.
package struct ExtendedAttribute: Hashable, Sendable {
    /// XATTR_NAME_MAX and XATTR_SIZE_MAX of linux/limits.h.
    package static let maximumNameBytes = 255
    package static let maximumValueBytes = 65536

    /// What the names and values of one inode may take together.
    package static let mostBytes = 1 << 20

    package static let accessACL = Array("system.posix_acl_access".utf8)
    package static let defaultACL = Array("system.posix_acl_default".utf8)

    /// Without a NUL.
    package var name: [UInt8]
    package var value: [UInt8]

    package init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }

    /// Whether its owner may set it on a file of his own: what lies in `user.`, and ACLs. Anything else takes a
    /// privilege.
    package var isOwners: Bool { name.starts(with: "user.".utf8) || name.starts(with: "system.posix_acl_".utf8) }
}

extension OpenFile {
    /// All extended attributes that this user may see, sorted by the bytes of their names; none where the file system
    /// has no such thing.
    /// - Throws: `fileTooLarge` too, where they take more than ``ExtendedAttribute/mostBytes``.
    package func extendedAttributes() throws(SystemError) -> [ExtendedAttribute] {
        try attributesOfDescriptor(descriptor)
    }

    /// Sets or replaces one. Set ownership before: a change of owner takes `security.capability` away.
    package func setExtendedAttribute(_ attribute: ExtendedAttribute) throws(SystemError) {
        try setAttribute(attribute, ofDescriptor: descriptor)
    }
}

extension DirectoryHandle {
    /// All extended attributes of this directory that this user may see, sorted by the bytes of their names.
    package func extendedAttributes() throws(SystemError) -> [ExtendedAttribute] {
        try attributesOfDescriptor(descriptor)
    }

    /// Sets or replaces one of this directory.
    package func setExtendedAttribute(_ attribute: ExtendedAttribute) throws(SystemError) {
        try setAttribute(attribute, ofDescriptor: descriptor)
    }

    /// Removes one of this directory; one that is not there is no error.
    package func removeExtendedAttribute(_ name: [UInt8]) throws(SystemError) {
        do throws(SystemError) {
            _ = try attempt("remove an extended attribute of the folder", nil) {
                unsafe withTerminated(name) { unsafe clinux_fremovexattr(descriptor, $0) }
            }
        } catch {
            guard error.errno == .noData || error.errno == .notSupported else { throw error }
        }
    }

    /// Those of `name` itself, a symbolic link's own included: for what cannot be opened. Needs /proc.
    package func extendedAttributes(of name: FileName) throws(SystemError) -> [ExtendedAttribute] {
        let path = magicPath(name)
        return try unsafe attributes(
            { buffer, bytes in unsafe withTerminated(path) { unsafe clinux_llistxattr($0, buffer, bytes) } },
            { attribute, buffer, bytes in
                unsafe withTerminated(path) { unsafe clinux_lgetxattr($0, attribute, buffer, bytes) }
            })
    }

    /// Sets or replaces one of `name` itself. Needs /proc.
    package func setExtendedAttribute(_ attribute: ExtendedAttribute, of name: FileName) throws(SystemError) {
        let path = magicPath(name)
        _ = try attempt("set the extended attribute \(displayEscaped(bytes: attribute.name)) of", name.description) {
            unsafe withTerminated(path) { path in
                unsafe withTerminated(attribute.name) { key in
                    unsafe attribute.value.withUnsafeBytes {
                        unsafe clinux_lsetxattr(path, key, $0.baseAddress, UInt($0.count))
                    }
                }
            }
        }
    }

    /// A path that leads through this directory's descriptor to the name, so that no rename can divert it. Until
    /// Linux 6.13 there is no call that takes a descriptor and a name.
    private func magicPath(_ name: FileName) -> [UInt8] {
        Array("/proc/self/fd/\(descriptor)/".utf8) + name.bytes
    }
}

private func attributesOfDescriptor(_ descriptor: Int32) throws(SystemError) -> [ExtendedAttribute] {
    try unsafe attributes(
        { buffer, bytes in unsafe clinux_flistxattr(descriptor, buffer, bytes) },
        { name, buffer, bytes in unsafe clinux_fgetxattr(descriptor, name, buffer, bytes) })
}

private func setAttribute(_ attribute: ExtendedAttribute, ofDescriptor descriptor: Int32) throws(SystemError) {
    _ = try attempt("set the extended attribute \(displayEscaped(bytes: attribute.name))", nil) {
        unsafe withTerminated(attribute.name) { name in
            unsafe attribute.value.withUnsafeBytes {
                unsafe clinux_fsetxattr(descriptor, name, $0.baseAddress, UInt($0.count))
            }
        }
    }
}

/// - Parameters:
///   - list: as listxattr(2).
///   - get: as getxattr(2), with the attribute's name.
private func attributes(
    _ list: (UnsafeMutablePointer<CChar>?, UInt) -> Int,
    _ get: (UnsafePointer<CChar>, UnsafeMutableRawPointer?, UInt) -> Int
) throws(SystemError) -> [ExtendedAttribute] {
    let names: [UInt8]
    do throws(SystemError) {
        names = try unsafe grown("list the extended attributes") { buffer in
            unsafe list(buffer.baseAddress?.assumingMemoryBound(to: CChar.self), UInt(buffer.count))
        }
    } catch {
        // Nothing to list; or a file system of the kernel's, which says so in ways of its own.
        guard error.errno == .notSupported else { throw error }
        return []
    }
    var attributes: [ExtendedAttribute] = []
    var bytes = 0
    for name in names.split(separator: 0) {
        do throws(SystemError) {
            let value = try unsafe grown("read the extended attribute \(displayEscaped(bytes: name))") { buffer in
                unsafe withTerminated(Array(name)) { unsafe get($0, buffer.baseAddress, UInt(buffer.count)) }
            }
            attributes.append(ExtendedAttribute(name: Array(name), value: value))
            bytes += name.count + value.count
        } catch {
            // Removed since it was listed.
            guard error.errno == .noData else { throw error }
        }
    }
    guard bytes <= ExtendedAttribute.mostBytes else {
        throw SystemError(call: "keep the extended attributes", errno: .fileTooLarge)
    }
    return attributes.sorted { $0.name.lexicographicallyPrecedes($1.name) }
}

/// Asks for the size first, which is 0 nearly always, then for the bytes; again when they grew in between.
private func grown(
    _ call: @autoclosure () -> String, _ read: (UnsafeMutableRawBufferPointer) -> Int
) throws(SystemError) -> [UInt8] {
    while true {
        let size = unsafe read(UnsafeMutableRawBufferPointer(start: nil, count: 0))
        if size == 0 { return [] }
        if size > 0 {
            var bytes = [UInt8](repeating: 0, count: size)
            let count = unsafe bytes.withUnsafeMutableBytes { unsafe read($0) }
            if count >= 0 { return Array(bytes.prefix(count)) }
        }
        let cause = Errno(rawValue: errno)
        if cause != .interrupted, cause != .outOfRange { throw SystemError(call: call(), errno: cause) }
    }
}
