// SPDX-License-Identifier: Apache-2.0
// Whatever the model, allowed addresses that nest in everything and host policies included: the maps, read as bpf/abi.h says, give what
// going through the documents gives. Fragments without ports and untracked packets too.
#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/compile/compile.h"
#include "compiler/lower_bpf/lower_bpf.h"
#include "tests/unit/compiler/map_interpreter.h"
#include "tests/unit/compiler/naive_rules.h"
#include "tests/unit/compiler/random_model.h"

namespace portcullis {
namespace {

using test::MapInterpreter;
using test::NaivePacket;
using test::NaiveRules;
using test::RandomKind;
using test::RandomModel;

constexpr std::uint32_t kModels = 30;
constexpr int kPacketsPerModel = 300;

class LoweredMaps : public testing::TestWithParam<std::uint32_t> {
   protected:
    LoweredMaps()
        : random_(GetParam(), RandomKind::WithHostPolicies),
          naive_(random_.model()),
          ruleset_(*compile(random_.model())),
          numberings_(MapCapacities{}),
          image_(*lower_bpf(ruleset_, {}, numberings_, {{"up0", 7}})),
          maps_(image_) {}

    struct Asked {
        NaivePacket packet;
        const PortRow* view = nullptr;
        OwnerRow owner;
    };
    Asked some_packet() {
        const std::size_t port = random_.below(static_cast<std::uint32_t>(image_.ports.size()));
        Asked asked{.packet = {.port = &naive_.interface(ruleset_.ports[port].interface_id),
                               .direction = random_.below(2) == 0 ? Direction::Outbound : Direction::Inbound,
                               .remote = random_.some_address(),
                               .protocol = random_.some_protocol()},
                    .view = &image_.ports[port],
                    .owner = {}};
        const auto protocol = asked.packet.protocol;
        const bool has_point = protocol == 6 || protocol == 17 || protocol == 1 || protocol == 58;
        asked.packet.point = has_point ? random_.some_port() : std::uint16_t{0};
        asked.packet.has_unknown_ports = random_.below(3) == 0;
        asked.owner = maps_.find_owner(asked.view->zone, asked.packet.remote);
        return asked;
    }
    static std::string text_of(const NaivePacket& packet) {
        return packet.port->id + " " + std::string(to_string(packet.direction)) + " " + packet.remote.to_string() + " protocol " +
               std::to_string(packet.protocol) + " point " + std::to_string(packet.point) + (packet.has_unknown_ports ? " unknown" : "");
    }
    static MapInterpreter::Query query_of(const Asked& asked, const std::uint32_t (&policies)[2], std::uint32_t interface) {
        return {.policy = policies[static_cast<std::size_t>(asked.packet.direction)],
                .remote = asked.packet.remote,
                .interface = interface,
                .protocol = asked.packet.protocol,
                .port = asked.packet.point,
                .has_unknown_ports = asked.packet.has_unknown_ports};
    }
    void expect_one_of(std::uint32_t decision, const std::vector<std::string>& labels, const NaivePacket& packet) const {
        const std::string label(numberings_.rules.key_of(decision));
        const bool is_right = decision == 0 ? labels.empty() : std::ranges::find(labels, label) != labels.end();
        EXPECT_TRUE(is_right) << text_of(packet) << ": '" << label << "', " << labels.size() << " match";
    }

    RandomModel random_;
    NaiveRules naive_;
    Ruleset ruleset_;
    Numberings numberings_;
    MapImage image_;
    MapInterpreter maps_;
};

TEST_P(LoweredMaps, TakeTheGroupsDecisions) {
    for (int i = 0; i < kPacketsPerModel && !HasFailure(); ++i) {
        const Asked asked = some_packet();
        expect_one_of(maps_.decide(query_of(asked, asked.view->group_policy, asked.owner.interface)), naive_.allowing(asked.packet),
                      asked.packet);
    }
}

TEST_P(LoweredMaps, KnowTheRulesFromLiterallyAnywhere) {
    for (int i = 0; i < kPacketsPerModel && !HasFailure(); ++i) {
        const Asked asked = some_packet();
        expect_one_of(maps_.decide_literal(query_of(asked, asked.view->group_policy, 0)), naive_.allowing(asked.packet, true),
                      asked.packet);
        if (asked.packet.protocol == 6 || asked.packet.protocol == 17) {
            const auto direction = static_cast<std::uint32_t>(asked.packet.direction);
            const auto family = static_cast<std::uint32_t>(asked.packet.remote.family);
            const std::uint32_t bit = PC_WIDE(direction, family, asked.packet.protocol == 17 ? 1u : 0u);
            EXPECT_EQ((asked.view->wide & bit) != 0, naive_.is_wide(asked.packet)) << text_of(asked.packet);
        }
    }
}

TEST_P(LoweredMaps, TakeTheAclsDecisions) {
    for (int i = 0; i < kPacketsPerModel && random_.model().has_network_acls && !HasFailure(); ++i) {
        const Asked asked = some_packet();
        EXPECT_EQ(asked.owner.subnet == asked.view->subnet, naive_.is_in_subnet(asked.packet)) << text_of(asked.packet);
        const std::uint32_t decision = maps_.decide(query_of(asked, asked.view->acl_policy, 0));
        const std::string label(numberings_.rules.key_of(decision & ~PC_DENY));
        EXPECT_EQ(decision == 0 ? "" : ((decision & PC_DENY) != 0 ? "deny " : "allow ") + label, naive_.acl_decision(asked.packet))
            << text_of(asked.packet);
    }
}

TEST_P(LoweredMaps, KnowWhoseAnAddressIs) {
    for (int i = 0; i < kPacketsPerModel && !HasFailure(); ++i) {
        const auto [packet, view, owner] = some_packet();
        EXPECT_EQ(maps_.is_own(view->address_set, packet.remote), naive_.is_own(*packet.port, packet.remote)) << text_of(packet);
        const bool is_isolated = maps_.find_owner(PC_ZONE_ALL, packet.remote).interface != 0;
        EXPECT_EQ(is_isolated, random_.model().isolates_instances && naive_.is_any_instance(packet.remote)) << text_of(packet);
    }
}

TEST_P(LoweredMaps, KnowWhichDestinationsAreDenied) {
    for (int i = 0; i < kPacketsPerModel && !HasFailure(); ++i) {
        const auto [packet, view, owner] = some_packet();
        const std::uint32_t denied = view->deny_set == 0 ? 0 : maps_.find_address(view->deny_set, packet.remote);
        switch (naive_.denial_of(packet.remote)) {
            case NaiveRules::Denial::None:
                EXPECT_EQ(denied, 0u) << text_of(packet);
                break;
            case NaiveRules::Denial::All:
                EXPECT_EQ(denied, PC_DENIED) << text_of(packet);
                break;
            case NaiveRules::Denial::NewOnly:
                EXPECT_EQ(denied, PC_DENIED_NEW_ONLY) << text_of(packet);
                break;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(OfSeed, LoweredMaps, testing::Range(0u, kModels));

}  // namespace
}  // namespace portcullis
