// SPDX-License-Identifier: Apache-2.0
// F14, F28, F31: what others do to the host around the daemon, while the probes run: its bridge is deleted, settings of the kernel change,
// its memory ends.
#include <gtest/gtest.h>

#include <csignal>

#include "tests/integration/fault_host.h"
#include "tests/integration/memory_cgroup.h"

namespace portcullis::test {
namespace {

using nlohmann::json;

class FaultSurroundings : public FaultHost {
   protected:
    // Ports and the uplink, on a bridge of that name which is made for it.
    void rebuild_bridge(const std::string& name) const {
        host.host().ip("link add " + name + " type bridge mcast_snooping 0\nlink set " + name + " up");
        for (const std::string device : {"p1", "p2", "up0"}) {
            host.host().ip("link set " + device + " master " + name);
        }
    }
};

// Devices stay enforced off the bridge and on another one, which nobody has listed.
TEST_F(FaultSurroundings, ABridgeThatIsDeletedAndMadeAgainLetsNothingForbiddenThrough) {
    ASSERT_NO_FATAL_FAILURE(begin());
    for (int done = 0; done < count(3) && !HasFailure(); ++done) {
        for (const auto& [former, next] : {std::pair("br0", "br9"), std::pair("br9", "br0")}) {
            host.host().ip("link del " + std::string(former));
            rebuild_bridge(next);
        }
        say_progress(done + 1, count(3));
    }
    EXPECT_TRUE(wait_until([this] { return run_portcullis(directory, {"status"}).status == 0; }));
    EXPECT_EQ(state_of("p1"), "enforced");
    end_probes();
    expect_kernel_equals_model();
}

class FaultSettings : public FaultSurroundings, public testing::WithParamInterface<const char*> {};

TEST_P(FaultSettings, ThatChangeWhilePacketsFlowChangeNoVerdict) {
    ASSERT_NO_FATAL_FAILURE(begin({"--backend", GetParam()}));
    for (int done = 0; done < count(2) && !HasFailure(); ++done) {
        for (const char* value : {"1", "0"}) {
            for (const char* name :
                 {"net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables", "net/bridge/bridge-nf-call-arptables",
                  "net/bridge/bridge-nf-filter-vlan-tagged", "net/ipv4/conf/all/rp_filter", "net/ipv4/ip_forward",
                  "net/ipv6/conf/all/forwarding", "net/ipv4/conf/all/route_localnet", "net/ipv4/conf/all/proxy_arp"}) {
                host.host().set_sysctl(name, value);
            }
            host.host().ip("link set br0 type bridge ageing_time 0 mcast_snooping " + std::string(value));
            wait_for_connections();
        }
        say_progress(done + 1, count(2));
    }
    end_probes();
    expect_kernel_equals_model();
}

INSTANTIATE_TEST_SUITE_P(, FaultSettings, testing::Values("bpf", "nftables"), [](const auto& one) { return std::string(one.param); });

constexpr std::size_t kMemory = std::size_t{64} << 20U;

// More than that.
json large_model() {
    json model = fault_model(1);
    model["Vpcs"][0]["Comment"] = std::string(3 * kMemory, 'x');
    return model;
}

TEST_F(FaultSurroundings, ADaemonWhoseMemoryEndsLeavesTheLastGoodModelEnforced) {
    ASSERT_NO_FATAL_FAILURE(begin());
    daemon->limit_memory(kMemory);
    const Result<ApiAnswer> answer = put_model(large_model());
    ASSERT_FALSE(answer) << answer->status << answer->body.substr(0, 300);
    EXPECT_EQ(daemon->wait(), 1) << daemon->log();
    ASSERT_NO_FATAL_FAILURE(start());
    end_probes();
    expect_kernel_equals_model();
}

TEST_F(FaultSurroundings, ADaemonThatTheKernelKillsAtItsMemoryLimitLeavesTheLastGoodModelEnforced) {
    const MemoryCgroup cgroup(kMemory);
    ASSERT_NO_FATAL_FAILURE(begin());
    cgroup.take(daemon->pid());
    const Result<ApiAnswer> answer = put_model(large_model());
    ASSERT_FALSE(answer) << answer->status << answer->body.substr(0, 300);
    EXPECT_EQ(daemon->wait(), 128 + SIGKILL) << daemon->log();
    ASSERT_NO_FATAL_FAILURE(start());
    end_probes();
    expect_kernel_equals_model();
}

}  // namespace
}  // namespace portcullis::test
