#define _GNU_SOURCE
#include <malloc.h>
#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <wchar.h>

int clinux_openat2(int directory, const char *path, unsigned long long flags, unsigned long long mode,
                   unsigned long long resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int clinux_open(const char *path, int flags, unsigned int mode) { return open(path, flags, mode); }

int clinux_openat(int directory, const char *path, int flags, unsigned int mode) {
    return openat(directory, path, flags, mode);
}

int clinux_renameat2(int directory, const char *path, int new_directory, const char *new_path, unsigned int flags) {
    return renameat2(directory, path, new_directory, new_path, flags);
}

long clinux_getdents64(int directory, void *buffer, unsigned long bytes) {
    return getdents64(directory, buffer, bytes);
}

int clinux_syncfs(int descriptor) { return syncfs(descriptor); }

int clinux_lock_exclusively(int descriptor) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(descriptor, F_OFD_SETLK, &lock);
}

int clinux_unlock(int descriptor) {
    struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    return fcntl(descriptor, F_OFD_SETLK, &lock);
}

int clinux_is_locked(int descriptor) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(descriptor, F_OFD_GETLK, &lock) < 0) return -1;
    return lock.l_type != F_UNLCK;
}

int clinux_rename_new(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

int clinux_pidfd_open(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int clinux_pidfd_send_signal(int descriptor, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0);
}

int clinux_peer_of(int descriptor, struct clinux_peer *peer) {
    struct ucred credentials = {0};
    socklen_t length = sizeof credentials;
    int result = getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length);
    peer->pid = credentials.pid;
    peer->uid = credentials.uid;
    peer->gid = credentials.gid;
    return result;
}

int clinux_accept(int descriptor) { return accept4(descriptor, NULL, NULL, SOCK_CLOEXEC); }

int clinux_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

int clinux_hide_memory(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

int clinux_width_of(unsigned int character) { return wcwidth((wchar_t)character); }

long clinux_flistxattr(int descriptor, char *names, unsigned long bytes) {
    return flistxattr(descriptor, names, bytes);
}

long clinux_llistxattr(const char *path, char *names, unsigned long bytes) { return llistxattr(path, names, bytes); }

long clinux_fgetxattr(int descriptor, const char *name, void *value, unsigned long bytes) {
    return fgetxattr(descriptor, name, value, bytes);
}

long clinux_lgetxattr(const char *path, const char *name, void *value, unsigned long bytes) {
    return lgetxattr(path, name, value, bytes);
}

int clinux_fsetxattr(int descriptor, const char *name, const void *value, unsigned long bytes) {
    return fsetxattr(descriptor, name, value, bytes, 0);
}

int clinux_lsetxattr(const char *path, const char *name, const void *value, unsigned long bytes) {
    return lsetxattr(path, name, value, bytes, 0);
}

int clinux_fremovexattr(int descriptor, const char *name) { return fremovexattr(descriptor, name); }

int clinux_get_inode_flags(int descriptor, unsigned int *flags) { return ioctl(descriptor, FS_IOC_GETFLAGS, flags); }

int clinux_set_inode_flags(int descriptor, unsigned int flags) { return ioctl(descriptor, FS_IOC_SETFLAGS, &flags); }

long clinux_seek_data(int descriptor, long offset) { return lseek(descriptor, offset, SEEK_DATA); }

long clinux_seek_hole(int descriptor, long offset) { return lseek(descriptor, offset, SEEK_HOLE); }

static volatile int told_signals = -1;

static void tell_signal(int number) {
    int kept = errno;
    unsigned char byte = (unsigned char)number;
    // A full pipe has told enough already.
    ssize_t ignored = write(told_signals, &byte, 1);
    (void)ignored;
    errno = kept;
}

int clinux_tell_signal(int number, int descriptor) {
    struct sigaction action = {.sa_handler = tell_signal, .sa_flags = SA_RESTART};
    told_signals = descriptor;
    return sigaction(number, &action, NULL);
}

int clinux_share_heap(void) {
    return mallopt(M_ARENA_MAX, 1);
}
