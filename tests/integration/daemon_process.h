// SPDX-License-Identifier: Apache-2.0
// The programs as their users run them: portcullisd in the background, portcullis to its end, both in the network and mount namespaces of
// the calling thread. The programs are those of the same build, beside the test's own.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/unique_fd.h"
#include "tests/support/temporary_directory.h"

namespace portcullis::test {

// What the kernel under a program lacks or refuses.
struct MissingKernelParts {
    int bpf_error = 0;          // what bpf(2) fails with; 0: it works
    bool has_nf_tables = true;  // sockets of NETLINK_NETFILTER can be made
};

// A running portcullisd. Killed when it goes, unless it ended before.
class DaemonProcess {
   public:
    // Its socket and state are in `directory`, its pins below the private bpffs; `more` follows those flags.
    DaemonProcess(const TemporaryDirectory& directory, const std::vector<std::string>& more, MissingKernelParts missing = {});
    DaemonProcess(const DaemonProcess&) = delete;
    DaemonProcess& operator=(const DaemonProcess&) = delete;
    ~DaemonProcess();

    // Whether it says READY (sd_notify) before it ends, within a minute.
    [[nodiscard]] bool wait_until_ready() { return wait_until_told("READY=1"); }
    // The same for any of its messages to systemd from now on.
    [[nodiscard]] bool wait_until_told(std::string_view message);
    void signal(int number) const;
    // From now on it gets that many bytes of address space more than it has, and no others.
    void limit_memory(std::size_t more) const;
    [[nodiscard]] pid_t pid() const { return pid_; }
    // Waits for its end: the exit status, or 128 + the signal's number.
    int wait();
    [[nodiscard]] std::string log() const;

   private:
    std::string log_path_;
    UniqueFd notifications_;
    pid_t pid_ = -1;
};

struct ProgramOutcome {
    int status = -1;
    std::string output;  // stdout and stderr
    [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(output); }
};

// portcullis that goes on and prints meanwhile, with the socket of the daemon in `directory`. Killed when it goes, unless it ended before.
class FollowedProgram {
   public:
    FollowedProgram(const TemporaryDirectory& directory, const std::vector<std::string>& arguments);
    FollowedProgram(const FollowedProgram&) = delete;
    FollowedProgram& operator=(const FollowedProgram&) = delete;
    ~FollowedProgram();

    // Waits for it; what it printed behind the last line where it ends before.
    [[nodiscard]] std::string next_line();
    // All that it prints until it ends.
    [[nodiscard]] std::string rest();
    void signal(int number) const;
    // As DaemonProcess::wait.
    int wait();

   private:
    UniqueFd output_;
    std::string unread_;
    pid_t pid_ = -1;
};

// portcullis with the socket of the daemon in `directory`.
[[nodiscard]] ProgramOutcome run_portcullis(const TemporaryDirectory& directory, const std::vector<std::string>& arguments);
// Teardown of what that daemon made.
[[nodiscard]] ProgramOutcome run_teardown(const TemporaryDirectory& directory);

}  // namespace portcullis::test
