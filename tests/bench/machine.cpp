// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/machine.h"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

namespace portcullis::bench {

std::string kernel_release() {
    utsname name{};
    return ::uname(&name) == 0 ? name.release : "unknown";
}

std::string machine_description() {
    std::ifstream file("/proc/cpuinfo");
    std::string model = "unknown processor";
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("model name") && line.find(": ") != std::string::npos) {
            model = line.substr(line.find(": ") + 2);
            break;
        }
    }
    return model + ", CPUs: " + std::to_string(last_cpu() + 1);
}

std::size_t last_cpu() { return static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_ONLN) - 1); }

void stay_on_cpu(std::size_t cpu) {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(cpu, &cpus);
    if (::sched_setaffinity(0, sizeof cpus, &cpus) != 0) {
        test::end_test_run("keep a thread on one CPU");
    }
}

void expect_netfilter_calls(const test::NetNamespace& where, bool are_on) {
    const test::NetNamespace::Entered here = where.enter();
    for (const char* family : {"arptables", "iptables", "ip6tables"}) {
        const std::string path = std::string("/proc/sys/net/bridge/bridge-nf-call-") + family;
        int value = -1;
        if (!(std::ifstream(path) >> value) || value != (are_on ? 1 : 0)) {
            errno = EINVAL;
            test::end_test_run("find " + path + (are_on ? " on" : " off"));
        }
    }
}

}  // namespace portcullis::bench
