// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/daemon_process.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include "tests/support/netns.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {
namespace {

std::string program(const std::string& name) { return PORTCULLIS_PROGRAMS "/" + name; }

// Where sd_notify of the child sends to.
UniqueFd bind_notifications(const std::string& path) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
    (void)::unlink(path.c_str());
    const void* generic = &address;
    if (::bind(fd.value(), static_cast<const sockaddr*>(generic), sizeof address) != 0) {
        end_test_run("bind the notification socket");
    }
    return fd;
}

// From now on the system call fails so where its argument of that index is `value`, in this process and whatever it executes; index -1:
// always.
void refuse_call(std::uint32_t call, int index, std::uint32_t value, int error) {
    const std::uint32_t tested =
        index < 0 ? offsetof(seccomp_data, nr) : offsetof(seccomp_data, args) + 8U * static_cast<std::uint32_t>(index);
    std::array<sock_filter, 6> code{
        {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
         BPF_STMT(BPF_LD | BPF_W | BPF_ABS, tested), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, index < 0 ? call : value, 0, 1),
         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
    const sock_fprog program{.len = code.size(), .filter = code.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        ::_exit(126);
    }
}

// The child's program, with its output in `output`. Never returns.
[[noreturn]] void execute(const std::vector<std::string>& command, int output) {
    std::vector<char*> arguments;
    std::vector<std::string> copies = command;
    for (std::string& word : copies) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    (void)::dup2(output, STDOUT_FILENO);
    (void)::dup2(output, STDERR_FILENO);
    (void)::execv(arguments[0], arguments.data());
    ::_exit(127);
}

int wait_for(pid_t pid) {
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid) {
        end_test_run("waitpid");
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

DaemonProcess::DaemonProcess(const TemporaryDirectory& directory, const std::vector<std::string>& more, MissingKernelParts missing)
    : log_path_(directory.path("log")), notifications_(bind_notifications(directory.path("notify"))) {
    std::vector<std::string> command{program("portcullisd"),  "--socket", directory.path("socket"), "--state-dir",
                                     directory.path("state"), "--bpffs",  PrivateBpffs::directory()};
    command.insert(command.end(), more.begin(), more.end());
    const UniqueFd log(::open(log_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    pid_ = ::fork();
    if (pid_ == 0) {
        if (missing.bpf_error != 0) {
            refuse_call(__NR_bpf, -1, 0, missing.bpf_error);
        }
        if (!missing.has_nf_tables) {
            refuse_call(__NR_socket, 2, NETLINK_NETFILTER, EPROTONOSUPPORT);
        }
        (void)::setenv("NOTIFY_SOCKET", directory.path("notify").c_str(), 1);
        execute(command, log.value());
    }
}

DaemonProcess::~DaemonProcess() {
    if (pid_ > 0) {
        signal(SIGKILL);
        (void)wait();
    }
}

bool DaemonProcess::wait_until_told(std::string_view wanted) {
    const auto end = std::chrono::steady_clock::now() + patience(std::chrono::seconds(60));
    std::array<char, 4096> message{};
    while (std::chrono::steady_clock::now() < end) {
        pollfd waiting{.fd = notifications_.value(), .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, 100) > 0) {
            const ssize_t size = ::recv(notifications_.value(), message.data(), message.size(), 0);
            if (std::string_view(message.data(), size > 0 ? static_cast<std::size_t>(size) : 0).find(wanted) != std::string_view::npos) {
                return true;
            }
        }
        siginfo_t ended{};
        if (::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == pid_) {
            return false;
        }
    }
    return false;
}

void DaemonProcess::signal(int number) const { (void)::kill(pid_, number); }

void DaemonProcess::limit_memory(std::size_t more) const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
    std::size_t pages = 0;
    file >> pages;
    const rlim_t bytes = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + more;
    const rlimit limit{.rlim_cur = bytes, .rlim_max = bytes};
    if (::prlimit(pid_, RLIMIT_AS, &limit, nullptr) != 0) {
        end_test_run("limit the memory of the daemon");
    }
}

int DaemonProcess::wait() {
    const int status = wait_for(pid_);
    pid_ = -1;
    return status;
}

std::string DaemonProcess::log() const {
    std::ifstream file(log_path_);
    return {std::istreambuf_iterator<char>(file), {}};
}

FollowedProgram::FollowedProgram(const TemporaryDirectory& directory, const std::vector<std::string>& arguments) {
    std::vector<std::string> command{program("portcullis"), "--socket", directory.path("socket")};
    command.insert(command.end(), arguments.begin(), arguments.end());
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        end_test_run("pipe2");
    }
    output_ = UniqueFd(ends[0]);
    const UniqueFd writer(ends[1]);
    pid_ = ::fork();
    if (pid_ == 0) {
        execute(command, writer.value());
    }
}

FollowedProgram::~FollowedProgram() {
    if (pid_ > 0) {
        signal(SIGKILL);
        (void)wait();
    }
}

std::string FollowedProgram::next_line() {
    std::array<char, 4096> buffer{};
    ssize_t size = 1;
    while (unread_.find('\n') == std::string::npos && size > 0) {
        size = ::read(output_.value(), buffer.data(), buffer.size());
        unread_.append(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    }
    const std::size_t end = std::min(unread_.find('\n'), unread_.size());
    std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    return line;
}

std::string FollowedProgram::rest() {
    std::array<char, 4096> buffer{};
    for (ssize_t size = 0; (size = ::read(output_.value(), buffer.data(), buffer.size())) > 0;) {
        unread_.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return std::exchange(unread_, {});
}

void FollowedProgram::signal(int number) const { (void)::kill(pid_, number); }

int FollowedProgram::wait() {
    const int status = wait_for(pid_);
    pid_ = -1;
    return status;
}

ProgramOutcome run_portcullis(const TemporaryDirectory& directory, const std::vector<std::string>& arguments) {
    FollowedProgram running(directory, arguments);
    ProgramOutcome outcome;
    outcome.output = running.rest();
    outcome.status = running.wait();
    return outcome;
}

ProgramOutcome run_teardown(const TemporaryDirectory& directory) {
    return run_portcullis(directory, {"teardown", "--state-dir", directory.path("state"), "--bpffs", PrivateBpffs::directory()});
}

}  // namespace portcullis::test
