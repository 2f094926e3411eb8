// SPDX-License-Identifier: Apache-2.0
// The ways from the hooks to the chains of a port, and what of a port is its own where chains are the same for all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "compiler/compile/compile.h"
#include "compiler/lower_nft/lower_nft.h"
#include "compiler/lower_nft/nft_words.h"
#include "tests/unit/compiler/model_builder.h"

namespace portcullis {
namespace {

// The ports of `cut` have another option than the others. The devices' numbers are those of the ports.
NftTable bridge_of(const std::set<unsigned>& ports, const std::set<unsigned>& cut = {}) {
    Model model = test::base_model();
    model.security_groups = {test::group("sg-1", {test::from("198.51.100.0/24", test::udp(53))})};
    for (const unsigned number : ports) {
        const std::string id = "eni-" + std::to_string(number);
        model.network_interfaces.push_back(test::interface(id, static_cast<std::uint8_t>(number), {"sg-1"}));
        model.ports.push_back({.network_interface_id = id, .device = "tap" + std::to_string(number)});
        model.ports.back().on_revoke = cut.contains(number) ? OnRevoke::Cut : OnRevoke::Keep;
    }
    const Ruleset ruleset = *compile(model);
    std::vector<DeviceBinding> devices = {{.ifindex = 100, .device = "br0", .kind = DeviceBinding::Kind::Bridge, .bridge = 100}};
    for (Index i = 0; i < ruleset.ports.size(); ++i) {
        const std::string device = ruleset.ports[i].device;
        devices.push_back({.ifindex = static_cast<std::uint32_t>(std::stoul(device.substr(3))),
                           .device = device,
                           .kind = DeviceBinding::Kind::Bound,
                           .port = i,
                           .bridge = 100});
    }
    const NftImage image = lower_nft(ruleset, devices, {}, NftBindings({}, ruleset, devices, {}));
    return *find_table(image, NftFamily::Bridge);
}

std::map<NftBytes, std::string> chains_by_key(const NftTable& table, const std::string& map) {
    std::map<NftBytes, std::string> chains;
    for (const NftElement& element : find_set(table, map)->elements) {
        chains.emplace(element.from, element.verdict->chain);
    }
    return chains;
}

NftBytes number_of(const NftTable& table, const std::string& hook, std::uint32_t ifindex) {
    for (const NftElement& element : find_set(table, "port.alike-" + hook)->elements) {
        if (element.from == nft_ifindex(ifindex)) {
            return element.data;
        }
    }
    return {};
}

// A packet may read the number before a change of other ports and the chain after it.
TEST(NftDispatch, ANumberOfBeforeAChangeLeadsNoPortToAnothersChain) {
    const NftTable before = bridge_of({1, 2});
    for (const NftTable& after : {bridge_of({1, 2}, {1}), bridge_of({2}), bridge_of({1, 2, 3}, {3})}) {
        for (const std::string hook : {"prerouting", "forward", "output"}) {
            const auto ways = chains_by_key(after, "port.ways-" + hook);
            ASSERT_FALSE(number_of(before, hook, 2).empty());
            const auto led = ways.find(number_of(before, hook, 2));
            if (led != ways.end()) {
                EXPECT_EQ(led->second, ways.at(number_of(after, hook, 2))) << hook;
            }
        }
    }
}

TEST(NftDispatch, ADeviceOfOursThatIsLedNowhereGoesNoFurther) {
    const NftTable table = bridge_of({1, 3}, {3});
    for (const NftChain& chain : table.chains) {
        if (!chain.hook) {
            continue;
        }
        ASSERT_THAT(chain.rules, testing::SizeIs(2)) << chain.name;
        EXPECT_NE(std::get_if<NftVerdict>(&chain.rules[1].statements.back()), nullptr) << chain.name;
        EXPECT_THAT(find_set(table, "port.ours-" + chain.name)->elements, testing::SizeIs(2)) << chain.name;
    }
}

// Its rules are those of all ports, and would be one chain by their content.
TEST(NftDispatch, EachPortRemembersFirstFragmentsUnderALimitOfItsOwn) {
    for (const char* const map : {"port.remember-out4", "port.remember-in4", "port.remember-out6", "port.remember-in6"}) {
        std::set<std::string> chains;
        for (const auto& [ifindex, chain] : chains_by_key(bridge_of({1, 2}), map)) {
            chains.insert(chain);
        }
        EXPECT_THAT(chains, testing::SizeIs(2)) << map;
    }
}

}  // namespace
}  // namespace portcullis
