// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_inline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/lower_nft/nft_words.h"

namespace portcullis {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

NftElement element(NftBytes from, NftBytes to = {}, std::optional<NftVerdict> verdict = {}) {
    return {.from = std::move(from), .to = std::move(to), .verdict = std::move(verdict), .data = {}, .comment = {}};
}

class NftInline : public testing::Test {
   protected:
    NftSet& add(const char* name, std::vector<NftType> key, std::vector<NftElement> elements) {
        NftSet set{.name = name, .key = std::move(key), .elements = std::move(elements)};
        set.is_interval = true;
        return image_.tables.front().sets.emplace_back(std::move(set));
    }
    NftSet& add_map(const char* name) {
        NftSet& map = add(name, {NftType::EtherType},
                          {element(nft_key({nft_u16(1)}), {}, nft_goto("one")), element(nft_key({nft_u16(2)}), {}, nft_goto("two"))});
        map.kind = NftSet::Kind::VerdictMap;
        return map;
    }
    // What becomes of the rule.
    std::vector<NftRule> of(NftRule rule) {
        image_.tables.front().chains = {{.name = "tested", .hook = {}, .rules = {std::move(rule)}}};
        inline_small_sets(image_);
        return image_.tables.front().chains.front().rules;
    }
    [[nodiscard]] const std::vector<NftSet>& sets() const { return image_.tables.front().sets; }

    NftImage image_{.tables = {{.family = NftFamily::Bridge, .name = "portcullis", .sets = {}, .chains = {}}}};
};

TEST_F(NftInline, ASetOfOneElementIsAComparison) {
    add("one", {NftType::Port}, {element(nft_key({nft_u16(22)}))});
    EXPECT_THAT(of(nft_rule({nft_in({nft_destination_port()}, "one"), nft_accept()})),
                ElementsAre(nft_rule({nft_is(nft_destination_port(), nft_u16(22)), nft_accept()})));
    EXPECT_THAT(sets(), IsEmpty());
}

TEST_F(NftInline, ARangeOfOneElementIsARange) {
    add("one", {NftType::Port}, {element(nft_key({nft_u16(22)}), nft_key({nft_u16(30)}))});
    EXPECT_THAT(of(nft_rule({nft_not_in({nft_destination_port()}, "one"), nft_accept()})),
                ElementsAre(nft_rule({nft_not_in_range(nft_destination_port(), nft_u16(22), nft_u16(30)), nft_accept()})));
}

TEST_F(NftInline, FieldsOfOneElementAreComparedEachUnlessInverted) {
    add("one", {NftType::Protocol, NftType::Port}, {element(nft_key({nft_u8(6), nft_u16(22)}), nft_key({nft_u8(6), nft_u16(30)}))});
    const std::vector<NftLoad> key{nft_l4_protocol(), nft_destination_port()};
    const NftRule inverted = nft_rule({nft_not_in(key, "one"), nft_accept()});
    EXPECT_THAT(of(inverted), ElementsAre(inverted));
    EXPECT_THAT(of(nft_rule({nft_in(key, "one"), nft_accept()})),
                ElementsAre(nft_rule(
                    {nft_is(nft_l4_protocol(), nft_u8(6)), nft_in_range(nft_destination_port(), nft_u16(22), nft_u16(30)), nft_accept()})));
}

TEST_F(NftInline, AFewVerdictsAreARuleEachWithTheRulesConditions) {
    add_map("two");
    EXPECT_THAT(of(nft_rule({nft_is(nft_iif(), nft_ifindex(7)), nft_verdict_of({nft_ether_type()}, "two")})),
                ElementsAre(nft_rule({nft_is(nft_iif(), nft_ifindex(7)), nft_is(nft_ether_type(), nft_u16(1)), nft_goto("one")}),
                            nft_rule({nft_is(nft_iif(), nft_ifindex(7)), nft_is(nft_ether_type(), nft_u16(2)), nft_goto("two")})));
    EXPECT_THAT(sets(), IsEmpty());
}

TEST_F(NftInline, VerdictsThatCountAreRulesThatCount) {
    NftSet& map = add_map("two");
    map.counts = true;
    map.elements[0].comment = "rule 1";
    map.elements[1].comment = "rule 2";
    EXPECT_THAT(of(nft_rule({nft_verdict_of({nft_ether_type()}, "two")})),
                ElementsAre(nft_rule({nft_is(nft_ether_type(), nft_u16(1)), NftCounter{}, nft_goto("one")}, "rule 1"),
                            nft_rule({nft_is(nft_ether_type(), nft_u16(2)), NftCounter{}, nft_goto("two")}, "rule 2")));
}

TEST_F(NftInline, WhatCountsOrChangesOrIsNamedAfterAGroupStays) {
    for (const char* name : {"counting", "dynamic", "group4.vpc-1.sg-1"}) {
        NftSet& set = add(name, {NftType::Port}, {element(nft_key({nft_u16(22)}))});
        set.counts = name == std::string("counting");
        set.is_dynamic = name == std::string("dynamic");
        const NftRule rule = nft_rule({nft_in({nft_destination_port()}, name), nft_accept()});
        EXPECT_THAT(of(rule), ElementsAre(rule)) << name;
    }
}

TEST_F(NftInline, KeysThatAreLookedUpAndRulesThatDoMoreStay) {
    add_map("two");
    NftLoad looked_up = nft_ether_type();
    looked_up.kind = NftLoad::Kind::Map;
    looked_up.map = "flows";
    looked_up.key = {nft_iif()};
    const NftRule nested = nft_rule({nft_verdict_of({looked_up}, "two")});
    EXPECT_THAT(of(nested), ElementsAre(nested));
    const NftRule limited = nft_rule({NftLimit{.packets = 1, .burst = 1}, nft_verdict_of({nft_ether_type()}, "two")});
    EXPECT_THAT(of(limited), ElementsAre(limited));
}

}  // namespace
}  // namespace portcullis
