// SPDX-License-Identifier: Apache-2.0
// What a further port adds to the tables. The kernel finds a set by walking the list of all sets of the table for each name in a rule, so a
// port must add few sets, and few rules that name sets.
#include <gtest/gtest.h>

#include <string>

#include "compiler/compile/compile.h"
#include "compiler/lower_nft/lower_nft.h"
#include "tests/unit/compiler/model_builder.h"

namespace portcullis {
namespace {

struct Objects {
    std::size_t sets = 0, chains = 0, rules = 0;
};

// Each port with a group of its own, which nobody else has.
Model model_of(unsigned ports) {
    Model model = test::base_model();
    for (unsigned i = 1; i <= ports; ++i) {
        const std::string number = std::to_string(i);
        model.security_groups.push_back(test::group("sg-" + number,
                                                    {test::from_group("sg-" + number, test::tcp(static_cast<std::uint16_t>(1000 + i)))},
                                                    {test::from("198.51.100.0/24", test::udp(static_cast<std::uint16_t>(2000 + i)))}));
        model.network_interfaces.push_back(test::interface("eni-" + number, static_cast<std::uint8_t>(i), {"sg-" + number}));
        model.ports.push_back({.network_interface_id = "eni-" + number, .device = "tap" + number});
    }
    return model;
}

Objects objects_of(unsigned ports) {
    const Ruleset ruleset = *compile(model_of(ports));
    std::vector<DeviceBinding> devices = {{.ifindex = 100, .device = "br0", .kind = DeviceBinding::Kind::Bridge, .bridge = 100}};
    for (Index i = 0; i < ruleset.ports.size(); ++i) {
        devices.push_back(
            {.ifindex = 1 + i, .device = ruleset.ports[i].device, .kind = DeviceBinding::Kind::Bound, .port = i, .bridge = 100});
    }
    Objects objects;
    for (const NftTable& table : lower_nft(ruleset, devices, {}, NftBindings({}, ruleset, devices, {})).tables) {
        objects.sets += table.sets.size();
        objects.chains += table.chains.size();
        for (const NftChain& chain : table.chains) {
            objects.rules += chain.rules.size();
        }
    }
    return objects;
}

TEST(NftScale, AFurtherPortAddsFewObjects) {
    constexpr unsigned kFew = 10, kMore = 30, kBetween = kMore - kFew;
    const Objects few = objects_of(kFew);
    const Objects more = objects_of(kMore);
    EXPECT_LE(more.sets - few.sets, 14 * kBetween);
    EXPECT_LE(more.chains - few.chains, 90 * kBetween);
    EXPECT_LE(more.rules - few.rules, 160 * kBetween);
}

}  // namespace
}  // namespace portcullis
