// SPDX-License-Identifier: Apache-2.0
// F07, F28: what is the whole machine's, or what not every kernel has, while the probes run. For the guests of `tools/dev vm` alone: ctest
// lists it for the configuration `vm`.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <fstream>
#include <thread>

#include "tests/integration/fault_host.h"

namespace portcullis::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A setting that the kernel shows in its first network namespace alone.
void set_everywhere(const std::string& setting, const std::string& value) {
    std::thread([&] {
        const UniqueFd first(::open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC));
        if (::setns(first.value(), CLONE_NEWNET) != 0 || !(std::ofstream("/proc/sys/" + setting) << value << std::flush)) {
            end_test_run("set " + setting);
        }
    }).join();
}

class FaultMachine : public FaultHost {};

TEST_F(FaultMachine, WhoseKernelCompilesNoProgramsIsEnforcedByNftables) {
    const std::string setting = "net/core/bpf_jit_enable";
    set_everywhere(setting, "0");
    begin();
    set_everywhere(setting, "1");
    ASSERT_FALSE(HasFatalFailure());
    EXPECT_THAT(status()["Backend"].get<std::string>(), HasSubstr("nftables"));
    EXPECT_THAT(status()["BackendReason"].get<std::string>(), StartsWith("auto: no BPF back end"));
    EXPECT_EQ(state_of("p1"), "enforced");
    end_probes();
    expect_kernel_equals_model();
}

class FaultVlanFiltering : public FaultHost, public testing::WithParamInterface<const char*> {};

TEST_P(FaultVlanFiltering, ThatIsTurnedOnAndOffChangesNoVerdict) {
    ASSERT_NO_FATAL_FAILURE(begin({"--backend", GetParam()}));
    for (int done = 0; done < count(3) && !HasFailure(); ++done) {
        for (const char* change : {"link set br0 type bridge vlan_filtering 1", "link set br0 type bridge vlan_default_pvid 7",
                                   "link set br0 type bridge vlan_filtering 0", "link set br0 type bridge vlan_default_pvid 1"}) {
            host.host().ip(change);
            wait_for_connections();
        }
        say_progress(done + 1, count(3));
    }
    end_probes();
    expect_kernel_equals_model();
}

INSTANTIATE_TEST_SUITE_P(, FaultVlanFiltering, testing::Values("auto", "nftables"), [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace portcullis::test
