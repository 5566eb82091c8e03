internal import Glibc
package import SystemPackage

/// Waits until something is put into a folder, without looking again and again (inotify(7)).
@safe package final class FolderWatch: Sendable {
    private let descriptor: CInt

    /// nil where the machine has none left to give: whoever watches looks now and then instead.
    package init?(_ path: FilePath) {
        let descriptor = inotify_init1(CInt(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else { return nil }
        let watch = unsafe path.withPlatformString { name in
            unsafe inotify_add_watch(descriptor, name, UInt32(IN_MOVED_TO | IN_CREATE | IN_ATTRIB))
        }
        guard watch >= 0 else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Blocks the thread until something was put there since the last call, or the time is over.
    package func wait(atMost milliseconds: Int32) {
        var asked = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&asked, 1, milliseconds) > 0 else { return }
        // What it was does not matter: the folder is listed.
        var events = [UInt8](repeating: 0, count: 4096)
        while unsafe read(descriptor, &events, events.count) > 0 {}
    }
}
