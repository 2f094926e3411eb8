// SPDX-License-Identifier: Apache-2.0
#include "loader/capabilities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace portcullis::test {
namespace {

// From here on bpf(2) fails in this process and its children.
bool take_bpf_away() {
    std::array<sock_filter, 4> code{{
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, __NR_bpf},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    }};
    const sock_fprog filter{.len = static_cast<unsigned short>(code.size()), .filter = code.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST(Capabilities, ThisKernelRunsTheBpfBackEnd) {
    const Capabilities capabilities = probe_capabilities();
    EXPECT_TRUE(capabilities.is_usable());
    for (const Capability& capability : capabilities.list) {
        EXPECT_NE(capability.is_present, !capability.reason.empty()) << capability.name << ": " << capability.reason;
    }
}

TEST(Capabilities, WithoutTheSystemCallEveryNeededOneIsMissingWithAReason) {
    const pid_t child = ::fork();
    if (child == 0) {
        bool is_right = take_bpf_away();
        const Capabilities capabilities = probe_capabilities();
        is_right = is_right && !capabilities.is_usable() && !capabilities.has("tcx");
        for (const Capability& capability : capabilities.list) {
            is_right = is_right && (!capability.is_needed || capability.reason.ends_with("Operation not permitted"));
        }
        ::_exit(is_right ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace portcullis::test
