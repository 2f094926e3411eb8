// SPDX-License-Identifier: Apache-2.0
// Whatever changes: where sets alone are made anew, the image is the one that lowering everything gives, object for object.
#include "compiler/lower_nft/lower_nft_change.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "compiler/compile/recompile.h"
#include "compiler/lower_nft/lower_nft.h"
#include "tests/unit/compiler/model_builder.h"
#include "tests/unit/compiler/random_model.h"

namespace portcullis {
namespace {

using test::RandomKind;
using test::RandomModel;

constexpr std::uint32_t kBridge = 100;

// Of the interfaces that may be bound about every other one is, under an ifindex that it keeps.
std::vector<DeviceBinding> devices_of(const Ruleset& ruleset) {
    std::vector<DeviceBinding> devices = {
        {.ifindex = kBridge, .device = "br0", .kind = DeviceBinding::Kind::Bridge, .port = 0, .bridge = kBridge}};
    for (Index i = 0; i < ruleset.ports.size(); ++i) {
        const auto number = static_cast<std::uint32_t>(std::hash<std::string>{}(ruleset.ports[i].interface_id) % 100'000);
        if (number % 2 == 0) {
            devices.push_back({.ifindex = 1000 + number,
                               .device = "tap" + std::to_string(number),
                               .kind = DeviceBinding::Kind::Bound,
                               .port = i,
                               .bridge = kBridge});
        }
    }
    std::sort(devices.begin(), devices.end(), [](const DeviceBinding& a, const DeviceBinding& b) { return a.ifindex < b.ifindex; });
    return devices;
}

// Everything that one lowering is of, and what it gave.
struct Lowered {
    Ruleset ruleset;
    std::vector<DeviceBinding> devices = devices_of(ruleset);
    HostFacts facts = {.addresses = {*Address::parse("192.0.2.1"), *Address::parse("fe80::1")}, .tunnels = {}};
    NftBindings bindings{{}, ruleset, devices, {}};
    [[nodiscard]] NftHost host() const { return {.ruleset = &ruleset, .devices = devices, .facts = &facts, .bindings = &bindings}; }
    [[nodiscard]] NftImage image() const { return lower_nft(ruleset, devices, facts, bindings); }
};

void put_in(NftImage& image, const std::vector<NftSet>& sets) {
    for (NftTable& table : image.tables) {
        for (NftSet& set : table.sets) {
            const auto now = std::find_if(sets.begin(), sets.end(), [&](const NftSet& one) { return one.name == set.name; });
            if (table.family == NftFamily::Bridge && now != sets.end()) {
                set = *now;
            }
        }
    }
}

// One model after the other, as a back end that goes on from what it has.
class Lasting {
   public:
    explicit Lasting(const Model& model) : model_(model), former_{*compiler_.compile(model)}, image_(former_.image()) {}

    // Whether sets alone were made anew.
    bool change(const Model& model) {
        Ruleset ruleset = former_.ruleset;
        Lowered next{*compiler_.change(ruleset, model_, model)};
        model_ = model;
        const auto sets = nft_changed_sets(former_.host(), next.host());
        const NftImage whole = next.image();
        if (sets) {
            put_in(image_, *sets);
        }
        EXPECT_TRUE(!sets || image_ == whole);
        image_ = whole;
        former_ = std::move(next);
        return sets.has_value();
    }

   private:
    Model model_;
    Compiler compiler_;
    Lowered former_;
    NftImage image_;
};

TEST(NftChange, EqualsLoweringEverythingAfterRandomEdits) {
    constexpr std::uint32_t kSeeds = 2;
    constexpr int kEdits = 40;
    int changes = 0;
    for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
        RandomModel random(seed, seed % 2 == 0 ? RandomKind::Plain : RandomKind::WithHostPolicies);
        Lasting lasting(random.model());
        for (int edit = 0; edit < kEdits && !testing::Test::HasFailure(); ++edit) {
            SCOPED_TRACE("seed " + std::to_string(seed) + " edit " + std::to_string(edit));
            random.edit();
            changes += lasting.change(random.model()) ? 1 : 0;
        }
    }
    EXPECT_GT(changes, 15);
    EXPECT_LT(changes, 70);
}

const NftSet* set_of(const std::vector<NftSet>& sets, const std::string& name) {
    const auto found = std::find_if(sets.begin(), sets.end(), [&](const NftSet& set) { return set.name == name; });
    return found == sets.end() ? nullptr : &*found;
}

// Two interfaces, of which the first is bound.
struct Pair {
    std::string bound = "eni-0", other = "eni-0";
    Pair() {
        const auto is_bound = [](const std::string& id) { return std::hash<std::string>{}(id) % 100'000 % 2 == 0; };
        for (int i = 0; !is_bound(bound); ++i) {
            bound = "eni-" + std::to_string(i);
        }
        for (int i = 0; is_bound(other); ++i) {
            other = "eni-" + std::to_string(i);
        }
    }
    [[nodiscard]] Model model() const {
        Model model = test::base_model();
        model.security_groups = {test::group("sg-1", {test::from_group("sg-1", test::tcp(80))}), test::group("sg-2", {})};
        model.network_interfaces = {test::interface(bound, 1, {"sg-1"}), test::interface(other, 2, {"sg-2"})};
        model.ports = {{.network_interface_id = bound, .device = "tap1", .allowed_addresses = {{test::prefix("198.51.100.0/24"), {}}}}};
        return model;
    }
};

// As an image has it whose former one was of `before`; none: everything would be lowered.
std::optional<std::vector<NftSet>> change(const Model& before, const Model& after, bool& is_equal) {
    Compiler compiler;
    const Lowered former{*compiler.compile(before)};
    Ruleset ruleset = former.ruleset;
    const Lowered next{*compiler.change(ruleset, before, after)};
    auto sets = nft_changed_sets(former.host(), next.host());
    NftImage image = former.image();
    if (sets) {
        put_in(image, *sets);
    }
    is_equal = image == next.image();
    return sets;
}

TEST(NftChange, AMemberElsewhereThatJoinsIsAnElementMoreOfItsGroup) {
    const Pair pair;
    Model after = pair.model();
    after.network_interfaces[1].group_ids = {"sg-1"};
    bool is_equal = false;
    const auto sets = change(pair.model(), after, is_equal);
    ASSERT_TRUE(sets);
    EXPECT_TRUE(is_equal);
    const NftSet* const members = set_of(*sets, "group4.vpc-1.sg-1");
    ASSERT_NE(members, nullptr);
    EXPECT_EQ(members->elements.size(), 3U);  // 10.0.1.1, what it is allowed besides, and 10.0.1.2
}

TEST(NftChange, AnAddressOfABoundInterfaceThatBecomesAnothersIsNoBoundOnesAnyMore) {
    const Pair pair;
    Model after = pair.model();
    after.ports.push_back({.network_interface_id = pair.other, .device = {}, .allowed_addresses = {{test::prefix("198.51.100.7/32"), {}}}});
    bool is_equal = false;
    const auto sets = change(pair.model(), after, is_equal);
    ASSERT_TRUE(sets);
    EXPECT_TRUE(is_equal);
    const NftSet* const bound = set_of(*sets, "bound4.vpc-1");
    ASSERT_NE(bound, nullptr);
    EXPECT_EQ(bound->elements.size(), 3U);  // 10.0.1.1, and what is around 198.51.100.7
}

TEST(NftChange, AnythingElseLowersEverything) {
    const Pair pair;
    const auto lowers_everything = [&](const std::function<void(Model&)>& edit) {
        Model after = pair.model();
        edit(after);
        bool is_equal = false;
        return !change(pair.model(), after, is_equal);
    };
    EXPECT_TRUE(lowers_everything([](Model& model) { model.network_interfaces[0].group_ids = {"sg-2"}; }));
    EXPECT_TRUE(lowers_everything([](Model& model) { model.network_interfaces[0].addresses.push_back(test::address("10.0.1.9")); }));
    EXPECT_TRUE(lowers_everything([](Model& model) { model.ports[0].track_all = true; }));
    EXPECT_TRUE(lowers_everything([](Model& model) { model.services.listed = {{test::address("192.0.2.5"), 17, 53}}; }));
    EXPECT_TRUE(lowers_everything([](Model& model) { model.isolates_instances = true; }));
    EXPECT_TRUE(lowers_everything([](Model& model) { model.deny_cidrs = {{test::prefix("192.0.2.0/24"), false}}; }));
    EXPECT_TRUE(lowers_everything([](Model& model) { model.quotas.flows = 70'000; }));
    EXPECT_TRUE(lowers_everything([](Model& model) { model.security_groups[0].rules[1][0].traffic = test::tcp(443); }));
}

}  // namespace
}  // namespace portcullis
