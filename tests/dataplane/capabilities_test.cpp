// SPDX-License-Identifier: Apache-2.0
#include "loader/capabilities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>

#include "loader/bpf_dataplane.h"
#include "tests/dataplane/small_maps.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {
namespace {

using testing::StartsWith;

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

// Whether this kernel is one of those that README.md promises the BPF back end for: Linux 5.15 or newer.
bool is_new_enough() {
    utsname kernel{};
    unsigned major = 0;
    unsigned minor = 0;
    return ::uname(&kernel) == 0 && std::sscanf(kernel.release, "%u.%u", &major, &minor) == 2 && (major > 5 || (major == 5 && minor >= 15));
}

TEST(Capabilities, AreThoseTheBpfBackEndNeedsFromLinux5Point15On) {
    const Capabilities capabilities = probe_capabilities();
    EXPECT_EQ(capabilities.is_usable(), is_new_enough());
    for (const Capability& capability : capabilities.list) {
        EXPECT_NE(capability.is_present, !capability.reason.empty()) << capability.name << ": " << capability.reason;
    }
}

TEST(Capabilities, OfAnOldKernelAreWhyTheBpfBackEndIsRefused) {
    const PrivateBpffs bpffs;
    const auto made = BpfDataplane::create(
        {.bpffs_directory = PrivateBpffs::directory(), .attach_mode = AttachMode::Auto, .capacities = small_maps(), .log = {}});
    ASSERT_EQ(made.has_value(), is_new_enough());
    if (!made) {
        EXPECT_THAT(made.error().message,
                    StartsWith("this kernel cannot run the BPF back end: cannot load a program that compares and swaps"));
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
