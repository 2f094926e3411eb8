// SPDX-License-Identifier: Apache-2.0
// Changes of a large policy that are compiled and lowered as changes: what they write, and that packets and the kernel's maps then are as
// the whole says. 100,000 rules, or 100 for each of PORTCULLIS_GROUPS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "compiler/compile/recompile.h"
#include "loader/bpf_dataplane.h"
#include "tests/dataplane/differences.h"
#include "tests/dataplane/small_maps.h"
#include "tests/dataplane/two_instances.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {
namespace {

using ::testing::IsEmpty;

constexpr std::uint32_t kRulesPerGroup = 100;
constexpr auto kIn = static_cast<std::size_t>(Direction::Inbound);

std::uint32_t groups() {
    const char* const given = std::getenv("PORTCULLIS_GROUPS");
    return given == nullptr ? 1'000 : static_cast<std::uint32_t>(std::stoul(given));
}

std::string far_group(std::uint32_t number) { return "sg-far-" + std::to_string(number); }

MapCapacities large_maps() {
    MapCapacities capacities = small_maps();
    const std::uint32_t rules = groups() * kRulesPerGroup;
    capacities.rules = capacities.port_sets = rules + 10'000;
    capacities.port_set_entries = capacities.cidrs4 = capacities.names = 2 * rules + 10'000;
    capacities.policies = capacities.group_sets = capacities.groups = capacities.interfaces = 4 * groups() + 64;
    capacities.owners = capacities.members4 = capacities.members6 = 4 * groups() + 64;
    capacities.addresses4 = capacities.addresses6 = capacities.address_sets = 4 * groups() + 64;
    return capacities;
}

NetworkInterface far_interface(std::uint32_t number, std::vector<std::string> group_ids) {
    const auto high = static_cast<std::uint8_t>(number >> 8);
    const auto low = static_cast<std::uint8_t>(number);
    NetworkInterface interface { .id = "eni-far-" + std::to_string(number), .vpc_id = "vpc-1", .subnet_id = "subnet-1" };
    interface.mac = Mac{{2, 0, 1, 0, high, low}};
    interface.addresses = {Address::ipv4(10, 0, static_cast<std::uint8_t>(high + 1), low)};
    interface.group_ids = std::move(group_ids);
    return interface;
}

// Groups of other hosts with an interface each, one interface more that is in the first of them and in that of the two instances, and one
// that is in the first alone.
Model large_model() {
    Model model = model_of({.udp_port = 53});
    for (std::uint32_t number = 0; number < groups(); ++number) {
        SecurityGroup group{.id = far_group(number), .vpc_id = "vpc-1"};
        for (std::uint32_t rule = 0; rule < kRulesPerGroup; ++rule) {
            const Address remote = Address::ipv4(100, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number),
                                                 static_cast<std::uint8_t>(rule));
            const auto port = static_cast<std::uint16_t>(1'000 + rule);
            group.rules[kIn].push_back({.traffic = {.protocol = 6, .from_port = port, .to_port = port}, .source = Prefix::host(remote)});
        }
        model.security_groups.push_back(std::move(group));
        model.network_interfaces.push_back(far_interface(number, {far_group(number)}));
    }
    model.network_interfaces.push_back(far_interface(groups(), {far_group(0), "sg-1"}));
    model.network_interfaces.push_back(far_interface(groups() + 1, {far_group(0)}));
    return model;
}

class LargePolicy : public ::testing::Test {
   protected:
    void SetUp() override {
        auto created = BpfDataplane::create({.bpffs_directory = PrivateBpffs::directory(), .capacities = large_maps(), .log = {}});
        ASSERT_TRUE(created) << created.error().message;
        dataplane_ = std::move(*created);
        auto compiled = compiler_.compile(accepted_);
        ASSERT_TRUE(compiled) << compiled.error().message;
        ruleset_ = std::move(*compiled);
        apply();
    }
    ApplyReport apply() {
        std::vector<DeviceBinding> devices = net_.devices();
        std::string next = "eni-1";
        for (DeviceBinding& device : devices) {
            if (device.kind == DeviceBinding::Kind::Bound) {
                const auto port = std::ranges::find(ruleset_.ports, std::exchange(next, "eni-2"), &Port::interface_id);
                device.port = static_cast<Index>(port - ruleset_.ports.begin());
            }
        }
        const auto report = dataplane_->apply(ruleset_, devices, {});
        EXPECT_TRUE(report) << report.error().message;
        return report ? *report : ApplyReport{};
    }
    ApplyReport change_to(const Model& model) {
        auto changed = compiler_.change(ruleset_, accepted_, model);
        EXPECT_TRUE(changed) << changed.error().message;
        ruleset_ = std::move(*changed);
        accepted_ = model;
        return apply();
    }

    PrivateBpffs bpffs_;
    TwoInstances net_;
    NetNamespace::Entered here_ = net_.host().enter();
    std::unique_ptr<BpfDataplane> dataplane_;
    Model accepted_ = large_model();
    Compiler compiler_;
    Ruleset ruleset_;
};

// The row of pc_interfaces, aside and settled, although both ports here name the group.
TEST_F(LargePolicy, AMemberThatJoinsAGroupIsOneSlotWriteAndTheSwitch) {
    Model model = accepted_;
    const auto far = std::ranges::find(model.network_interfaces, "eni-far-0", &NetworkInterface::id);
    far->group_ids.emplace_back("sg-1");
    const std::uint64_t before = apply().generation;
    const ApplyReport joined = change_to(model);
    EXPECT_EQ(joined.kernel_writes, 2U);
    EXPECT_EQ(joined.generation, before + 1);
    EXPECT_EQ(compiler_.compiled(), 0U);
    EXPECT_THAT(differences_of(*dataplane_), IsEmpty());
}

TEST_F(LargePolicy, OneRuleAfterTheOtherHoldsFromTheSwitchOnAndLeavesNothingBehind) {
    ASSERT_TRUE(net_.delivers(53));
    Model model = accepted_;
    for (std::uint16_t port = 100; port < 120; ++port) {
        const auto group = std::ranges::find(model.security_groups, "sg-1", &SecurityGroup::id);
        group->rules[kIn].front().traffic.from_port = group->rules[kIn].front().traffic.to_port = port;
        change_to(model);
        ASSERT_TRUE(net_.delivers(port)) << port;
        ASSERT_FALSE(net_.delivers(static_cast<std::uint16_t>(port - 1))) << port;
        ASSERT_FALSE(net_.delivers(53)) << port;
        ASSERT_EQ(compiler_.compiled(), 2U) << "that of the instances, and of the interface in two groups";
    }
    EXPECT_THAT(differences_of(*dataplane_), IsEmpty());
    EXPECT_EQ(apply().kernel_writes, 0U);
}

}  // namespace
}  // namespace portcullis::test
