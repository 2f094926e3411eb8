// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/apart.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "core/unique_fd.h"
#include "tests/bench/table_text.h"
#include "tests/support/netns.h"

namespace portcullis::bench {
namespace {

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written <= 0) {
            test::end_test_run("hand over what was measured");
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

std::string read_all(int fd) {
    std::string text;
    std::array<char, 65'536> part{};
    for (ssize_t bytes = 0; (bytes = ::pread(fd, part.data(), part.size(), static_cast<off_t>(text.size()))) != 0;) {
        if (bytes < 0) {
            test::end_test_run("take over what was measured");
        }
        text.append(part.data(), static_cast<std::size_t>(bytes));
    }
    return text;
}

}  // namespace

std::optional<Tables> measure_apart(const std::function<Tables()>& measure) {
    // Memory, not a pipe: whoever is left behind would keep a pipe open.
    const UniqueFd measured(::memfd_create("measured", MFD_CLOEXEC));
    if (!measured.is_open()) {
        test::end_test_run("prepare for what is measured");
    }
    std::cout << std::flush;  // once, not twice
    const pid_t self = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) {
        test::end_test_run("start a process");
    }
    if (child == 0) {
        // A group of its own, so that all of it can be ended; it does not outlive who waits for it.
        if (::setpgid(0, 0) != 0 || ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != self) {
            test::end_test_run("prepare a process");
        }
        write_all(measured.value(), to_text(measure()));
        ::_exit(EXIT_SUCCESS);
    }
    int status = 0;
    siginfo_t ended{};
    if (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) != 0) {
        test::end_test_run("wait for a process");
    }
    (void)::kill(-child, SIGKILL);  // whom it started and left; there is nobody, usually
    if (::waitpid(child, &status, 0) != child) {
        test::end_test_run("wait for a process");
    }
    return status == 0 ? std::optional(tables_of(read_all(measured.value()))) : std::nullopt;
}

}  // namespace portcullis::bench
