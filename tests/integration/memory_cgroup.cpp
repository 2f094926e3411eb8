// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/memory_cgroup.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/netns.h"

namespace portcullis::test {
namespace {

constexpr const char* kMounted = "/sys/fs/cgroup";

void write_to(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text << std::flush;
    if (!file) {
        end_test_run("write " + text + " to " + path);
    }
}

bool has_word(const std::string& path, const std::string& wanted) {
    std::ifstream file(path);
    for (std::string word; file >> word;) {
        if (word == wanted) {
            return true;
        }
    }
    return false;
}

void mount_cgroups(const char* type, const char* options) {
    if (::mount(type, kMounted, type, 0, options) != 0) {
        end_test_run(std::string("mount ") + type);
    }
}

}  // namespace

MemoryCgroup::MemoryCgroup(std::size_t most) : directory_(std::string(kMounted) + "/portcullis-test-" + std::to_string(::getpid())) {
    mount_cgroups("cgroup2", "");
    const bool is_version_2 = has_word(std::string(kMounted) + "/cgroup.controllers", "memory");
    if (!is_version_2) {
        (void)::umount2(kMounted, MNT_DETACH);
        mount_cgroups("cgroup", "memory");
    } else if (!has_word(std::string(kMounted) + "/cgroup.subtree_control", "memory")) {
        write_to(std::string(kMounted) + "/cgroup.subtree_control", "+memory");
    }
    if (::mkdir(directory_.c_str(), 0700) != 0) {
        end_test_run("make " + directory_);
    }
    write_to(directory_ + (is_version_2 ? "/memory.max" : "/memory.limit_in_bytes"), std::to_string(most));
    write_to(directory_ + (is_version_2 ? "/memory.swap.max" : "/memory.swappiness"), "0");
}

MemoryCgroup::~MemoryCgroup() {
    if (::rmdir(directory_.c_str()) != 0 || ::umount2(kMounted, MNT_DETACH) != 0) {
        end_test_run("remove " + directory_);
    }
}

void MemoryCgroup::take(pid_t process) const { write_to(directory_ + "/cgroup.procs", std::to_string(process)); }

}  // namespace portcullis::test
