internal import Glibc

/// A TCP port on 127.0.0.1 that accepts connections and does nothing with them: the kernel does, until the backlog
/// is full. What reaches it shares this process's network namespace.
package final class LoopbackListener: Sendable {
    private let socket: Descriptor
    package let port: UInt16

    /// Listens on a free port that the kernel picks.
    package init() throws(SystemError) {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let name = "127.0.0.1"
        let made = Descriptor(
            adopting: try checked("make a socket for", name) { Glibc.socket(AF_INET, type, 0) }, path: name)
        let descriptor = made.rawValue
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = try checked("listen at", name) {
            unsafe withUnsafePointer(to: &address) { typed in
                unsafe typed.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Glibc.bind(descriptor, $0, length)
                }
            }
        }
        _ = try checked("listen at", name) { Glibc.listen(descriptor, 64) }
        _ = try checked("ask for the port of", name) {
            unsafe withUnsafeMutablePointer(to: &address) { typed in
                unsafe typed.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe getsockname(descriptor, $0, &length)
                }
            }
        }
        socket = made
        port = UInt16(bigEndian: address.sin_port)
    }
}
