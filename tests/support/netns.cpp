// SPDX-License-Identifier: Apache-2.0
#include "tests/support/netns.h"

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace portcullis::test {
namespace {

UniqueFd current_namespace() {
    UniqueFd fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!fd.is_open()) {
        end_test_run("open /proc/thread-self/ns/net");
    }
    return fd;
}

void move_to(int namespace_fd) {
    if (::setns(namespace_fd, CLONE_NEWNET) != 0) {
        end_test_run("setns");
    }
}

// Runs `ip -batch -` with the text as its input, in the calling thread's namespace.
void run_ip(std::string_view batch) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        end_test_run("pipe2");
    }
    UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    posix_spawn_file_actions_t actions;
    (void)::posix_spawn_file_actions_init(&actions);  // cannot fail in glibc
    (void)::posix_spawn_file_actions_adddup2(&actions, reader.value(), STDIN_FILENO);
    char program[] = "ip";
    char option[] = "-batch";
    char input[] = "-";
    char* arguments[] = {program, option, input, nullptr};
    char path[] = "PATH=/usr/sbin:/sbin:/usr/bin:/bin";
    char* environment[] = {path, nullptr};
    pid_t child = -1;
    const int error = ::posix_spawn(&child, "/sbin/ip", &actions, nullptr, arguments, environment);
    (void)::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        errno = error;
        end_test_run("run /sbin/ip");
    }
    reader.reset();
    for (std::string_view rest = batch; !rest.empty();) {
        const ssize_t written = ::write(writer.value(), rest.data(), rest.size());
        if (written <= 0) {
            end_test_run("write to ip");
        }
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    writer.reset();
    int status = 0;
    if (::waitpid(child, &status, 0) != child || status != 0) {
        std::fprintf(stderr, "ip -batch failed at one of:\n%.*s\n", static_cast<int>(batch.size()), batch.data());
        errno = EINVAL;
        end_test_run("set up the namespace");
    }
}

ifreq named(const std::string& device) {
    ifreq request{};
    device.copy(request.ifr_name, IFNAMSIZ - 1);
    return request;
}

}  // namespace

void end_test_run(std::string_view doing) {
    std::fprintf(stderr, "cannot go on testing: %.*s: %s\n", static_cast<int>(doing.size()), doing.data(), std::strerror(errno));
    std::abort();
}

void stay_on_one_cpu() {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(::sched_getcpu(), &cpus);
    if (::sched_setaffinity(0, sizeof cpus, &cpus) != 0) {
        end_test_run("stay on one CPU");
    }
}

NetNamespace::NetNamespace() {
    const UniqueFd former = current_namespace();
    if (::unshare(CLONE_NEWNET) != 0) {
        end_test_run("unshare(CLONE_NEWNET)");
    }
    fd_ = current_namespace();
    run_ip("link set lo up");
    move_to(former.value());
}

NetNamespace::Entered::Entered(int namespace_fd) : former_(current_namespace()) { move_to(namespace_fd); }
NetNamespace::Entered::~Entered() { move_to(former_.value()); }

void NetNamespace::ip(std::string_view batch) const {
    const Entered here = enter();
    run_ip(batch);
}

void NetNamespace::set_sysctl(const std::string& path, std::string_view value) const {
    const Entered here = enter();
    const UniqueFd file(::open(("/proc/sys/" + path).c_str(), O_WRONLY | O_CLOEXEC));
    if (!file.is_open() || ::write(file.value(), value.data(), value.size()) != static_cast<ssize_t>(value.size())) {
        end_test_run("set " + path);
    }
}

std::uint32_t NetNamespace::ifindex_of(const std::string& device) const {
    const Entered here = enter();
    const unsigned index = ::if_nametoindex(device.c_str());
    if (index == 0) {
        end_test_run("find device " + device);
    }
    return index;
}

Mac NetNamespace::mac_of(const std::string& device) const {
    const Entered here = enter();
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request = named(device);
    if (::ioctl(socket.value(), SIOCGIFHWADDR, &request) != 0) {
        end_test_run("read the MAC of " + device);
    }
    Mac mac;
    std::copy_n(reinterpret_cast<const std::uint8_t*>(request.ifr_hwaddr.sa_data), mac.bytes.size(), mac.bytes.begin());
    return mac;
}

std::string NetNamespace::path() const { return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd_.value()); }

std::chrono::seconds patience(std::chrono::seconds usual) {
    static const char* const factor = std::getenv("PORTCULLIS_PATIENCE");
    return usual * (factor == nullptr ? 1 : std::atoi(factor));
}

bool wait_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience(std::chrono::seconds(10));
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        (void)::poll(nullptr, 0, 1);  // lets the kernel's other work run; the deadline alone decides
    }
    return true;
}

std::set<std::string> host_inventory() {
    std::set<std::string> found;
    struct if_nameindex* devices = ::if_nameindex();
    for (const struct if_nameindex* device = devices; device != nullptr && device->if_index != 0; ++device) {
        found.insert("device " + std::string(device->if_name));
    }
    ::if_freenameindex(devices);
    std::error_code none_there;
    for (const auto& entry : std::filesystem::directory_iterator("/run/netns", none_there)) {
        found.insert("namespace " + entry.path().string());
    }
    std::ifstream mounts("/proc/self/mounts");
    for (std::string line; std::getline(mounts, line);) {
        found.insert("mount " + line);
    }
    return found;
}

}  // namespace portcullis::test
