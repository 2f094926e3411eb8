// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/workers.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/support/netns.h"

namespace portcullis::test {
namespace {

struct Shared {
    Tally* tallies = nullptr;  // by process, in memory that all of them have
    std::size_t bytes = 0;
};

Shared share(std::uint64_t processes) {
    const std::size_t bytes = processes * sizeof(Tally);
    void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        end_test_run("share memory with a process");
    }
    return {.tallies = static_cast<Tally*>(memory), .bytes = bytes};
}

}  // namespace

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

Tally run_in_processes(std::uint64_t processes, const std::function<Tally(std::uint64_t)>& work) {
    const Shared shared = share(processes);
    std::vector<pid_t> children;
    std::fflush(nullptr);
    for (std::uint64_t number = 0; number < processes; ++number) {
        const pid_t child = ::fork();
        if (child == 0) {
            shared.tallies[number] = work(number);
            std::fflush(nullptr);
            ::_exit(testing::Test::HasFailure() ? 1 : 0);  // the kernel frees what the process has: namespaces, maps, mounts
        }
        if (child < 0) {
            end_test_run("fork");
        }
        children.push_back(child);
    }
    Tally sum;
    for (std::uint64_t number = 0; number < processes; ++number) {
        int status = 0;
        (void)::waitpid(children[number], &status, 0);  // a child of ours
        EXPECT_EQ(status, 0) << "process " << number << " of " << processes << " failed";
        sum.add(shared.tallies[number]);
    }
    (void)::munmap(shared.tallies, shared.bytes);  // ours
    return sum;
}

}  // namespace portcullis::test
