// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/memory_use.h"

#include <cerrno>
#include <fstream>
#include <string>

#include "tests/support/netns.h"

namespace portcullis::bench {
namespace {

constexpr std::int64_t kKibibyte = 1024;

// A line "NAME:   NUMBER kB".
std::int64_t line_of(const char* path, const std::string& name) {
    std::ifstream file(path);
    for (std::string word; file >> word;) {
        std::int64_t number = 0;
        if (word == name + ":" && file >> number) {
            return number * kKibibyte;
        }
    }
    errno = ENOENT;
    test::end_test_run("find " + name + " in " + path);
}

}  // namespace

std::int64_t kernel_memory() {
    std::int64_t sum = 0;
    for (const char* name : {"SUnreclaim", "VmallocUsed", "Percpu"}) {
        sum += line_of("/proc/meminfo", name);
    }
    return sum;
}

void forget_peak() {
    std::ofstream file("/proc/self/clear_refs");
    if (!(file << "5" << std::flush)) {  // since Linux 4.0
        test::end_test_run("forget the peak of memory");
    }
}

std::int64_t peak_memory() { return line_of("/proc/self/status", "VmHWM"); }
std::int64_t present_memory() { return line_of("/proc/self/status", "VmRSS"); }

}  // namespace portcullis::bench
