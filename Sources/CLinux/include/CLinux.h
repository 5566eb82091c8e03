/// Inline wrappers for system calls that Swift cannot call: variadic functions, and those libc lacks.
/// Each returns what the call returns, and leaves errno as the call left it.
#ifndef CLINUX_H
#define CLINUX_H

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

/// openat2(2): glibc 2.36 has no wrapper.
static inline int clinux_openat2(int directory, const char *path, unsigned long long flags, unsigned long long mode,
                                 unsigned long long resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

#endif
