// SPDX-License-Identifier: Apache-2.0
// What a change costs in a large model, counted: sets of groups compiled, and entries and rows written (loader/image_writes.h; that this is
// what the kernel is given is tests/dataplane/'s to show).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "compiler/compile/recompile.h"
#include "compiler/lower_bpf/change.h"
#include "loader/host_image.h"
#include "loader/image_diff.h"
#include "loader/image_writes.h"
#include "tests/unit/compiler/model_builder.h"

namespace portcullis {

void PrintTo(const PlannedWrites& writes, std::ostream* out) { *out << writes.where << ": " << writes.count; }

namespace {

using test::prefix;
using ::testing::ElementsAre;

constexpr std::uint32_t kGroups = 1'000;
constexpr std::uint32_t kRulesPerGroup = 100;
constexpr std::uint32_t kDevices = 100;          // of this host
constexpr std::uint32_t kFarAway = kGroups - 1;  // an interface that is not of this host
constexpr auto kIn = static_cast<std::size_t>(Direction::Inbound);

std::string group_id(std::uint32_t number) { return "sg-" + std::to_string(number); }

// A group with a rule that names another, and prefixes of its own.
SecurityGroup group(std::uint32_t number) {
    SecurityGroup one{.id = group_id(number), .vpc_id = "vpc-1"};
    one.rules[kIn].push_back(
        {.traffic = {.protocol = 6, .from_port = 22, .to_port = 22}, .source = GroupReference{group_id((number + 1) % kGroups)}});
    for (std::uint32_t rule = 1; rule < kRulesPerGroup; ++rule) {
        const Address remote =
            Address::ipv4(100, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(rule));
        const auto port = static_cast<std::uint16_t>(1'000 + rule);
        one.rules[kIn].push_back({.traffic = {.protocol = 6, .from_port = port, .to_port = port}, .source = Prefix::host(remote)});
    }
    return one;
}

// As many interfaces as groups, each in one; one more, which is in the last group and another one, and one that is in the last alone. Those
// of this host are the first ones in the order of ids, the two among them.
Model large_model() {
    Model model;
    model.vpcs = {{.id = "vpc-1", .cidrs = {prefix("10.0.0.0/8")}}};
    model.subnets = {{.id = "subnet-1", .vpc_id = "vpc-1", .cidrs = {prefix("10.0.0.0/16")}}};
    for (std::uint32_t number = 0; number < kGroups + 2; ++number) {
        const auto high = static_cast<std::uint8_t>(number >> 8);
        const auto low = static_cast<std::uint8_t>(number);
        NetworkInterface interface { .id = "eni-" + std::to_string(number), .vpc_id = "vpc-1", .subnet_id = "subnet-1" };
        interface.mac = Mac{{2, 0, 0, 0, high, low}};
        interface.addresses = {Address::ipv4(10, 0, high, low)};
        interface.group_ids = {group_id(std::min(number, kFarAway))};
        if (number < kGroups) {
            model.security_groups.push_back(group(number));
        } else if (number == kGroups) {
            interface.group_ids.push_back(group_id(1));
        }
        model.network_interfaces.push_back(std::move(interface));
    }
    return model;
}

class LargeModel : public ::testing::Test {
   protected:
    LargeModel() : before_(large_model()), model_(before_), ruleset_(*compiler_.compile(model_)) {
        in_force_ = host_image(*lower_bpf(ruleset_, {}, numberings_, {}, &lowered_));
        numberings_.retire_unused();
    }
    HostImage host_image(MapImage policy) {
        std::vector<DeviceBinding> devices;
        for (Index port = 0; port < kDevices; ++port) {
            devices.push_back(
                {.ifindex = 10 + port, .device = "tap" + std::to_string(port), .kind = DeviceBinding::Kind::Bound, .port = port});
        }
        return *plan_host(std::move(policy), {.ruleset = ruleset_, .devices = devices, .facts = {}}, in_force_, slots_);
    }
    // Takes up model_; what is written.
    std::vector<PlannedWrites> change() {
        ruleset_ = *compiler_.change(ruleset_, before_, model_);
        before_ = model_;
        EXPECT_TRUE(goes_on_from(lowered_, ruleset_));
        auto lowered = *lower_bpf_change(ruleset_, in_force_.policy, {}, numberings_, {}, lowered_);
        HostImage image = host_image(std::move(lowered.image));
        auto diff = *diff_images(in_force_, image, 0, &lowered.policies);
        take_policies(image.policy, in_force_.policy, lowered.policies);
        in_force_ = std::move(image);
        numberings_.retire(lowered.policies);
        return planned_writes(diff);
    }
    NetworkInterface& interface(std::uint32_t number) { return model_.network_interfaces[number]; }

    Model before_, model_;
    Compiler compiler_;
    Ruleset ruleset_;
    Numberings numberings_{MapCapacities{}};
    LoweredPolicies lowered_;
    DeviceSlots slots_{1'024};
    HostImage in_force_;
};

// One interface's row: written aside, and settled after the switch. A port here names the group.
TEST_F(LargeModel, AMemberThatJoinsAGroupIsOneSlotWriteAndNothingIsCompiled) {
    ASSERT_EQ(ruleset_.rules.size(), std::size_t{kGroups} * kRulesPerGroup);
    interface(kFarAway).group_ids.push_back(group_id(1));  // as another interface has both, and another one the former alone
    EXPECT_THAT(change(), ElementsAre(PlannedWrites{"pc_interfaces", 2}));
    EXPECT_EQ(compiler_.compiled(), 0U);
    EXPECT_TRUE(ruleset_.revision->rules.empty() && ruleset_.revision->port_sets.empty() && ruleset_.revision->policies.empty());
}

TEST_F(LargeModel, AMemberThatLeavesAGroupIsOneSlotWriteAndThePortThatNamesTheGroup) {
    interface(kFarAway).group_ids.push_back(group_id(1));
    (void)change();
    interface(kFarAway).group_ids.pop_back();
    EXPECT_THAT(change(), ElementsAre(PlannedWrites{"pc_interfaces", 2}, PlannedWrites{"pc_ports", 2}));
    EXPECT_EQ(compiler_.compiled(), 0U);
}

TEST_F(LargeModel, AChangedRuleCompilesOneSetOfGroupsAndWritesItsPolicyAlone) {
    model_.security_groups[kFarAway].rules[kIn].back().traffic.to_port = 50'000;
    std::uint64_t written = 0;
    for (const PlannedWrites& one : change()) {
        written += one.count;
    }
    EXPECT_EQ(compiler_.compiled(), 2U) << "that of the interface in this group, and of the one in two";
    EXPECT_EQ(ruleset_.revision->rules.size(), 2U) << "one goes and one comes";
    EXPECT_LT(written, std::uint64_t{3} * 2 * 2 * kRulesPerGroup);
    EXPECT_GT(written, 0U);
}

}  // namespace
}  // namespace portcullis
