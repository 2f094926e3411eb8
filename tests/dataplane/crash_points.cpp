// SPDX-License-Identifier: Apache-2.0
#include "tests/dataplane/crash_points.h"

#include <dlfcn.h>
#include <linux/bpf.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "tests/support/changing_commands.h"

namespace portcullis::test {
namespace {

std::atomic<int> steps_left = 0;  // 0: they are not counted

void take_step() {
    if (steps_left != 0 && --steps_left == 0) {
        (void)::raise(SIGKILL);
    }
}

bool changes_something(long command) { return changes_enforcement(command) || command == BPF_LINK_DETACH; }

template <class Function>
Function* next_of(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

bool dies_at_step(int step, const std::function<void()>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
        steps_left = step;
        work();
        ::_exit(0);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || (!WIFSIGNALED(status) && WEXITSTATUS(status) != 0)) {
        std::perror("cannot go on testing: the process that is to die did something else");
        std::abort();
    }
    return WIFSIGNALED(status);
}

}  // namespace portcullis::test

// What libbpf and the loader call.
extern "C" {

long syscall(long number, ...) noexcept {
    std::va_list list;
    va_start(list, number);
    long arguments[6];
    for (long& argument : arguments) {
        argument = va_arg(list, long);
    }
    va_end(list);
    if (number == SYS_bpf && portcullis::test::changes_something(arguments[0])) {
        portcullis::test::take_step();
    }
    static auto* const next = portcullis::test::next_of<long(long, ...)>("syscall");
    return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

ssize_t send(int socket, const void* buffer, std::size_t bytes, int flags) {
    portcullis::test::take_step();
    static auto* const next = portcullis::test::next_of<ssize_t(int, const void*, std::size_t, int)>("send");
    return next(socket, buffer, bytes, flags);
}

int rename(const char* from, const char* to) noexcept {
    portcullis::test::take_step();
    static auto* const next = portcullis::test::next_of<int(const char*, const char*)>("rename");
    return next(from, to);
}

int unlink(const char* path) noexcept {
    portcullis::test::take_step();
    static auto* const next = portcullis::test::next_of<int(const char*)>("unlink");
    return next(path);
}
}
