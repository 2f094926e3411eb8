// SPDX-License-Identifier: Apache-2.0
// A daemon that dies at any step of a change leaves the former policy or the new one, whole, and the next one goes on from there. Some
// steps for every change of ours, every one of them in the long form (tests/README.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "loader/bpf_dataplane.h"
#include "tests/dataplane/crash_points.h"
#include "tests/dataplane/small_maps.h"
#include "tests/dataplane/two_instances.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {
namespace {

int stride() {
    const char* const text = std::getenv("PORTCULLIS_CRASH_STRIDE");
    return text == nullptr ? 29 : std::atoi(text);
}

class BpfDataplaneCrash : public ::testing::TestWithParam<AttachMode> {
   protected:
    static std::unique_ptr<BpfDataplane> start() {
        auto started = BpfDataplane::create(
            {.bpffs_directory = PrivateBpffs::directory(), .attach_mode = GetParam(), .capacities = small_maps(), .log = {}});
        EXPECT_TRUE(started) << started.error().message;
        return started ? std::move(*started) : nullptr;
    }
    ApplyReport apply(BpfDataplane& dataplane, const TestPolicy& policy) const {
        const auto report = dataplane.apply(ruleset_of(policy), net_.devices(policy), {});
        EXPECT_TRUE(report) << report.error().message;
        return report ? *report : ApplyReport{};
    }
    // The number of steps tried, until one comes to its end.
    int die_at_every_step(const TestPolicy& former, const TestPolicy& next) {
        int tried = 0;
        for (int step = 1;; step += stride(), ++tried) {
            SCOPED_TRACE("step " + std::to_string(step));
            apply(*start(), former);
            EXPECT_TRUE(net_.delivers(former.udp_port));
            const bool has_died = dies_at_step(step, [&] { apply(*start(), next); });
            const bool is_former = net_.delivers(former.udp_port);
            const bool is_next = net_.delivers(next.udp_port);
            EXPECT_NE(is_former, is_next);
            EXPECT_FALSE(net_.delivers(60));
            const auto daemon = start();
            EXPECT_EQ(net_.delivers(former.udp_port), is_former);
            apply(*daemon, next);
            EXPECT_TRUE(net_.delivers(next.udp_port));
            EXPECT_FALSE(net_.delivers(former.udp_port));
            EXPECT_FALSE(net_.delivers(60));
            EXPECT_EQ(apply(*daemon, next).kernel_writes, 0U);
            if (!has_died || HasFailure()) {
                return tried;
            }
        }
    }
    PrivateBpffs bpffs_;
    TwoInstances net_;
    NetNamespace::Entered here_ = net_.host().enter();
};

TEST_P(BpfDataplaneCrash, AtAnyStepLeavesOnePolicyWholeAndTheNextDaemonGoesOn) {
    const int tried = die_at_every_step({.udp_port = 53, .other_members = {"10.0.0.20"}}, {.udp_port = 54, .other_members = {"10.0.0.21"}});
    EXPECT_GT(tried * stride(), 50);
    RecordProperty("steps", tried);
}

INSTANTIATE_TEST_SUITE_P(Hooks, BpfDataplaneCrash, ::testing::Values(AttachMode::Tcx, AttachMode::Clsact),
                         [](const auto& mode) { return std::string(to_string(mode.param)); });

}  // namespace
}  // namespace portcullis::test
