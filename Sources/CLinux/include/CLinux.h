/// Wrappers for system calls that Swift cannot call: variadic functions, and those that libc lacks or shows only
/// with _GNU_SOURCE, which Swift's Glibc module is built without (hence nothing is included or inlined here: two
/// views of one header cannot meet in a module). Each returns what the call returns, errno as the call left it.
#ifndef CLINUX_H
#define CLINUX_H

/// openat2(2): glibc 2.36 has no wrapper.
int clinux_openat2(int directory, const char *path, unsigned long long flags, unsigned long long mode,
                   unsigned long long resolve);

/// open(2) and openat(2), which are variadic.
int clinux_open(const char *path, int flags, unsigned int mode);
int clinux_openat(int directory, const char *path, int flags, unsigned int mode);

/// renameat2(2) with its flags, getdents64(2) and syncfs(2).
int clinux_renameat2(int directory, const char *path, int new_directory, const char *new_path, unsigned int flags);
long clinux_getdents64(int directory, void *buffer, unsigned long bytes);
int clinux_syncfs(int descriptor);

/// A non-blocking exclusive lock on the whole file that belongs to the open file description (F_OFD_SETLK),
/// so that closing another descriptor of the same file in this process does not drop it.
int clinux_lock_exclusively(int descriptor);

/// Gives that lock back, also where a child between fork and exec still holds the open file description.
int clinux_unlock(int descriptor);

/// Whether another open file description holds a lock on the file (F_OFD_GETLK): 1, 0, or -1. Takes none itself.
int clinux_is_locked(int descriptor);

/// renameat2(2) with RENAME_NOREPLACE: fails with EEXIST rather than replace what is there.
int clinux_rename_new(const char *from, const char *to);

/// pidfd_open(2) and pidfd_send_signal(2).
int clinux_pidfd_open(int pid);
int clinux_pidfd_send_signal(int descriptor, int signal);

/// Who is at the other end of a local socket (SO_PEERCRED).
struct clinux_peer {
    int pid;
    unsigned int uid;
    unsigned int gid;
};
int clinux_peer_of(int descriptor, struct clinux_peer *peer);

/// accept4(2) with close-on-exec.
int clinux_accept(int descriptor);

/// prctl(2) with PR_SET_CHILD_SUBREAPER, which is variadic.
int clinux_adopt_orphans(void);

/// prctl(2) with PR_SET_DUMPABLE 0: no core file, and no other process of this user's reads or writes its memory.
int clinux_hide_memory(void);

/// Makes a signal write its number, one byte, to the descriptor, whichever thread it is delivered to. The descriptor is
/// one for all signals.
int clinux_tell_signal(int number, int descriptor);

/// wcwidth(3), which is shown only with _XOPEN_SOURCE: columns that a terminal takes for a character; -1 for controls.
int clinux_width_of(unsigned int character);

/// listxattr(2), getxattr(2), setxattr(2) and removexattr(2), of an open file (f…) and of a path's last component
/// itself (l…).
long clinux_flistxattr(int descriptor, char *names, unsigned long bytes);
long clinux_llistxattr(const char *path, char *names, unsigned long bytes);
long clinux_fgetxattr(int descriptor, const char *name, void *value, unsigned long bytes);
long clinux_lgetxattr(const char *path, const char *name, void *value, unsigned long bytes);
int clinux_fsetxattr(int descriptor, const char *name, const void *value, unsigned long bytes);
int clinux_lsetxattr(const char *path, const char *name, const void *value, unsigned long bytes);
int clinux_fremovexattr(int descriptor, const char *name);

/// ioctl(2) with FS_IOC_GETFLAGS and FS_IOC_SETFLAGS: the flags of chattr(1).
int clinux_get_inode_flags(int descriptor, unsigned int *flags);
int clinux_set_inode_flags(int descriptor, unsigned int flags);

/// lseek(2) with SEEK_DATA and SEEK_HOLE.
long clinux_seek_data(int descriptor, long offset);
long clinux_seek_hole(int descriptor, long offset);

/// mallopt(3): one heap for all threads. 1 where that was taken.
int clinux_share_heap(void);

#endif
