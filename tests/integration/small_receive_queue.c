// SPDX-License-Identifier: Apache-2.0
// Loaded before libc into a daemon under test (LD_PRELOAD): a receive queue that it asks for beyond the kernel's limit gets 2 KiB, the
// least that there is, so that its netlink socket overflows with the first few events.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/socket.h>

typedef int set_option(int, int, int, const void*, socklen_t);

int setsockopt(int fd, int level, int name, const void* value, socklen_t length) {
    set_option* next = (set_option*)dlsym(RTLD_NEXT, "setsockopt");
    int least = 2048;

    if (level == SOL_SOCKET && name == SO_RCVBUFFORCE) return next(fd, level, name, &least, sizeof(least));
    return next(fd, level, name, value, length);
}
