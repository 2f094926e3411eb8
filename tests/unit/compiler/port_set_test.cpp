// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile/port_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/compiler/model_builder.h"

namespace portcullis {
namespace {

using test::everything;
using test::icmp;
using test::tcp;
using test::udp;
using testing::ElementsAre;
using testing::IsEmpty;

// Rank r is rule r; those in `denying` deny.
PortSet decided(const std::vector<RankedTraffic>& rules, const std::vector<Rank>& denying = {}) {
    std::vector<Decision> decisions;
    for (Index rule = 0; rule < 10; ++rule) {
        decisions.push_back({.rule = rule, .allow = std::find(denying.begin(), denying.end(), rule) == denying.end()});
    }
    return decide(overlay({}, rules), decisions);
}

PortRange range(std::uint8_t protocol, std::uint16_t from, std::uint16_t to, Decision decision) {
    return {.protocol = protocol, .from = from, .to = to, .decision = decision};
}

TEST(PortSet, TheLowerRankDecidesWhereRangesOverlap) {
    const PortSet set = decided({{tcp(10, 20), 1}, {tcp(15, 30), 0}});
    EXPECT_THAT(set.ranges, ElementsAre(range(6, 10, 14, {1, true}), range(6, 15, 30, {0, true})));
    EXPECT_EQ(set.any, std::nullopt);
}

TEST(PortSet, ARangeGoesOnBehindALowerRankInsideIt) {
    const PortSet set = decided({{tcp(0, 65535), 1}, {tcp(22), 0}}, {0});
    EXPECT_THAT(set.ranges, ElementsAre(range(6, 0, 21, {1, true}), range(6, 22, 22, {0, false}), range(6, 23, 65535, {1, true})));
}

TEST(PortSet, ARangeInsideALowerRankIsAbsorbed) {
    EXPECT_THAT(decided({{tcp(0, 65535), 0}, {tcp(22), 1}}).ranges, ElementsAre(range(6, 0, 65535, {0, true})));
}

TEST(PortSet, EveryProtocolHidesHigherRanksAndLeavesLowerOnes) {
    const PortSet set = decided({{tcp(22), 0}, {everything(), 1}, {udp(53), 2}}, {0});
    EXPECT_THAT(set.ranges, ElementsAre(range(6, 22, 22, {0, false})));
    EXPECT_EQ(set.any, (Decision{1, true}));
}

TEST(PortSet, NeighboursWithOneDecisionAreJoined) {
    EXPECT_THAT(decided({{tcp(1, 5), 3}, {tcp(6, 9), 3}}).ranges, ElementsAre(range(6, 1, 9, {3, true})));
    EXPECT_THAT(decided({{tcp(65535), 3}, {udp(0), 3}}).ranges, ElementsAre(range(6, 65535, 65535, {3, true}), range(17, 0, 0, {3, true})));
}

TEST(PortSet, IcmpIsTypeAndCode) {
    const PortSet set = decided({{icmp(8, 0), 0}, {icmp(3, -1), 1}});
    EXPECT_THAT(set.ranges, ElementsAre(range(1, 0x300, 0x3ff, {1, true}), range(1, 0x800, 0x800, {0, true})));
    EXPECT_THAT(decided({{icmp(-1, -1), 0}}).ranges, ElementsAre(range(1, 0, 65535, {0, true})));
    EXPECT_THAT(decided({{icmp(255, 255), 0}}).ranges, ElementsAre(range(1, 65535, 65535, {0, true})));
}

TEST(PortSet, WhatMatchesNothingDecidesNothing) {
    EXPECT_THAT(decided({{icmp(-1, 0), 0}, {icmp(256, 0), 0}, {tcp(2, 1), 0}, {{.protocol = 256}, 0}, {{.protocol = -2}, 0}}).ranges,
                IsEmpty());
}

TEST(PortSet, OtherProtocolsHaveOnePoint) {
    EXPECT_THAT(decided({{{.protocol = 47, .from_port = 7, .to_port = 9}, 0}}).ranges, ElementsAre(range(47, 0, 0, {0, true})));
    EXPECT_THAT(decided({{{.protocol = 0}, 0}}).ranges, ElementsAre(range(0, 0, 0, {0, true})));
}

// As rank and whether it allows, by Portless.
std::vector<std::optional<Decision>> unknown(const std::vector<RankedTraffic>& rules, const std::vector<Rank>& denying = {}) {
    std::vector<RankedTraffic> marked = rules;
    for (RankedTraffic& rule : marked) {
        rule.denies = std::ranges::find(denying, rule.rank) != denying.end();
    }
    const PortSet set = decided(marked, denying);
    return {set.unknown_ports.begin(), set.unknown_ports.end()};
}
constexpr std::optional<Decision> kNothing;

TEST(UnknownPorts, AreAllowedByWhatNeedsNoneAlone) {
    EXPECT_THAT(unknown({{tcp(0, 65534), 0}, {tcp(1, 65535), 1}, {udp(53), 2}, {icmp(8, -1), 3}, {{.protocol = 47}, 4}}),
                ElementsAre(kNothing, kNothing, kNothing, kNothing));
    EXPECT_THAT(unknown({{tcp(0, 65535), 4}, {icmp(-1, -1), 3}}), ElementsAre(Decision{4, true}, kNothing, Decision{3, true}, kNothing));
    EXPECT_THAT(unknown({{everything(), 2}, {{.protocol = 58}, 1}}),
                ElementsAre(Decision{2, true}, Decision{2, true}, Decision{2, true}, Decision{1, true}));
}

TEST(UnknownPorts, AreDeniedByADenialOfSome) {
    EXPECT_THAT(unknown({{tcp(22), 1}, {everything(), 2}}, {1}),
                ElementsAre(Decision{1, false}, Decision{2, true}, Decision{2, true}, Decision{2, true}));
    EXPECT_THAT(unknown({{everything(), 0}, {icmp(8, 0), 1}}, {1})[2], (Decision{0, true})) << "the first match decides";
    EXPECT_THAT(unknown({{tcp(22), 0}, {tcp(22), 1}, {everything(), 2}}, {1})[0], (Decision{1, false}))
        << "the permission does not match, whatever its port";
    EXPECT_THAT(unknown({{icmp(-1, 0), 0}, {tcp(2, 1), 0}}, {0}), ElementsAre(kNothing, kNothing, kNothing, kNothing))
        << "what matches nothing denies nothing";
}

TEST(UnknownPorts, AreContentOfASet) { EXPECT_NE(decided({{tcp(0, 100), 0}, {tcp(101, 65535), 0}}), decided({{tcp(0, 65535), 0}})); }

TEST(PortSet, OverlayingInStepsIsOverlayingAtOnce) {
    const std::vector<RankedTraffic> outer = {{tcp(0, 100), 2}, {udp(53), 0}};
    const std::vector<RankedTraffic> inner = {{tcp(50, 200), 1}, {everything(), 3}};
    const std::vector<RankedTraffic> both = {outer[0], outer[1], inner[0], inner[1]};
    const std::vector<Decision> decisions = {{0, true}, {1, false}, {2, true}, {3, false}};
    EXPECT_EQ(decide(overlay(overlay({}, outer), inner), decisions), decide(overlay({}, both), decisions));
}

}  // namespace
}  // namespace portcullis
