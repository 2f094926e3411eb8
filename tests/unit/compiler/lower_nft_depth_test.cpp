// SPDX-License-Identifier: Apache-2.0
// The kernel refuses chains that lead to one another more than fifteen deep, jumps and gotos alike (NFT_JUMP_STACK_SIZE), whatever a packet
// would meet on the way.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <variant>

#include "compiler/compile/compile.h"
#include "compiler/lower_nft/lower_nft.h"
#include "tests/unit/compiler/model_builder.h"
#include "tests/unit/compiler/random_model.h"

namespace portcullis {
namespace {

using test::RandomKind;
using test::RandomModel;

constexpr int kDeepest = 15;

class Depth {
   public:
    explicit Depth(const NftTable& table) {
        for (const NftChain& chain : table.chains) {
            chains_.emplace(chain.name, &chain);
        }
        for (const NftSet& set : table.sets) {
            sets_.emplace(set.name, &set);
        }
    }

    // The longest way from the chain, "a > b > c".
    struct Way {
        int depth = 0;
        std::string text;
    };
    const Way& of(const std::string& name) {
        if (const auto known = ways_.find(name); known != ways_.end()) {
            return known->second;
        }
        Way longest{.depth = 0, .text = name};
        const auto follow = [&](const NftVerdict& verdict) {
            if (verdict.chain.empty()) {
                return;
            }
            const Way& way = of(verdict.chain);
            if (way.depth + 1 > longest.depth) {
                longest = {.depth = way.depth + 1, .text = name + " > " + way.text};
            }
        };
        for (const NftRule& rule : chains_.at(name)->rules) {
            for (const NftStatement& statement : rule.statements) {
                if (const auto* const verdict = std::get_if<NftVerdict>(&statement)) {
                    follow(*verdict);
                } else if (const auto* const lookup = std::get_if<NftVerdictLookup>(&statement)) {
                    const auto& elements = sets_.at(lookup->map)->elements;
                    std::ranges::for_each(elements, [&](const NftElement& element) { follow(*element.verdict); });
                }
            }
        }
        return ways_.emplace(name, std::move(longest)).first->second;
    }

   private:
    std::map<std::string, const NftChain*> chains_;
    std::map<std::string, const NftSet*> sets_;
    std::map<std::string, Way> ways_;
};

void expect_shallow(const Model& model) {
    const Ruleset ruleset = *compile(model);
    std::vector<DeviceBinding> devices = {{.ifindex = 100, .device = "br0", .kind = DeviceBinding::Kind::Bridge, .bridge = 100},
                                          {.ifindex = 99, .device = "up0", .kind = DeviceBinding::Kind::Uplink, .bridge = 100}};
    for (Index i = 0; i < ruleset.ports.size() && devices.size() < 5; ++i) {
        if (!ruleset.ports[i].device.empty()) {
            devices.push_back(
                {.ifindex = 1 + i, .device = ruleset.ports[i].device, .kind = DeviceBinding::Kind::Bound, .port = i, .bridge = 100});
        }
    }
    ASSERT_GT(devices.size(), 2U);
    const HostFacts facts{.addresses = {Address::ipv4(10, 0, 0, 1), test::address("fe80::1")},
                          .tunnels = {{.protocol = 17, .port = 22}, {.protocol = 47}}};
    for (const NftTable& table : lower_nft(ruleset, devices, facts, NftBindings({}, ruleset, devices, {})).tables) {
        Depth depth(table);
        for (const NftChain& chain : table.chains) {
            EXPECT_TRUE(!chain.hook || depth.of(chain.name).depth <= kDeepest) << depth.of(chain.name).text;
        }
    }
}

// Everything that puts a chain into the way of a packet.
Model demanding(RandomModel& random) {
    Model model = random.model();
    model.has_network_acls = true;
    model.host_services = {{.protocol = 6, .port = std::uint16_t{22}}, {.protocol = 47, .port = {}}};
    model.deny_cidrs = {{.prefix = test::prefix("198.51.100.0/24"), .new_only = true}, {.prefix = test::prefix("192.0.2.0/24")}};
    for (SecurityGroup& group : model.security_groups) {
        for (auto& rules : group.rules) {
            for (const char* const anywhere : {"0.0.0.0/0", "::/0"}) {
                rules.push_back({.traffic = {}, .source = test::prefix(anywhere)});
            }
            rules.push_back({.traffic = test::tcp(22), .source = GroupReference{group.id}});
        }
    }
    for (PortClaim& claim : model.ports) {
        claim.multicast = {Address::ipv4(239, 1, 1, 1), test::address("ff0e::1")};
        claim.track_all = false;
        claim.on_revoke = random.below(2) == 0 ? OnRevoke::Keep : OnRevoke::Cut;
    }
    return model;
}

TEST(NftDepth, IsWhatTheKernelTakes) {
    for (std::uint32_t seed = 0; seed < 4; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        RandomModel random(seed, RandomKind::WithHostPolicies);
        expect_shallow(demanding(random));
    }
}

}  // namespace
}  // namespace portcullis
