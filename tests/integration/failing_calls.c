// SPDX-License-Identifier: Apache-2.0
// Loaded before libc into a daemon under test (LD_PRELOAD): calls to the kernel fall out as failing_calls.h has it.
#define _GNU_SOURCE
#include "tests/integration/failing_calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/changing_commands.h"

static struct failing_calls* wanted;

__attribute__((constructor)) static void find_what_is_wanted(void) {
    const char* path = getenv("PORTCULLIS_FAILING_CALLS");
    const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void* shared = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*wanted), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (shared == MAP_FAILED) abort();
    wanted = shared;
    (void)close(fd);
}

// Whether this call is the one that is to fail.
static bool is_the_one(int* calls_left) {
    return __atomic_load_n(calls_left, __ATOMIC_RELAXED) > 0 && __atomic_fetch_sub(calls_left, 1, __ATOMIC_RELAXED) == 1;
}

static bool changes_something(long command) { return changes_enforcement(command) || command == BPF_MAP_CREATE; }

typedef long call_kernel(long, ...);

// The program begins with a read from beyond its stack, which the kernel's verifier refuses in its own words.
static long load_unverifiable(call_kernel* next, const union bpf_attr* attr, long size) {
    const struct bpf_insn beyond = {.code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_0, .src_reg = BPF_REG_10, .off = 8};
    const size_t bytes = attr->insn_cnt * sizeof(beyond);
    struct bpf_insn* code = malloc(bytes);
    union bpf_attr changed = *attr;

    memcpy(code, (const void*)(uintptr_t)attr->insns, bytes);
    code[0] = beyond;
    changed.insns = (uintptr_t)code;
    const long result = next(SYS_bpf, BPF_PROG_LOAD, &changed, size);
    const int error = errno;
    free(code);
    errno = error;
    return result;
}

long syscall(long number, ...) {
    call_kernel* next = (call_kernel*)dlsym(RTLD_NEXT, "syscall");
    long arguments[6];
    va_list list;

    va_start(list, number);
    for (int i = 0; i < 6; ++i) arguments[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_bpf && changes_something(arguments[0]) && is_the_one(&wanted->bpf_calls_left)) {
        errno = wanted->error;
        return -1;
    }
    if (number == SYS_bpf && arguments[0] == BPF_PROG_LOAD) {
        const union bpf_attr* attr = (const union bpf_attr*)arguments[1];
        if (attr->prog_name[0] && strcmp(attr->prog_name, wanted->unverifiable) == 0) return load_unverifiable(next, attr, arguments[2]);
    }
    return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

typedef ssize_t receive(int, void*, size_t, int);

static bool is_of_netfilter(int fd) {
    int domain = 0, protocol = 0;
    socklen_t length = sizeof(int);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_NETLINK &&
           getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 && protocol == NETLINK_NETFILTER;
}

ssize_t recv(int fd, void* buffer, size_t bytes, int flags) {
    receive* next = (receive*)dlsym(RTLD_NEXT, "recv");
    const ssize_t got = next(fd, buffer, bytes, flags);

    if (got <= 0 || !is_of_netfilter(fd) || !is_the_one(&wanted->answers_left)) return got;
    errno = ENOBUFS;
    return -1;
}
