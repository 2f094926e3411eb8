// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_simplify.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/lower_nft/nft_builder.h"
#include "compiler/lower_nft/nft_words.h"

namespace portcullis {
namespace {

NftBuilder table() { return NftBuilder(NftFamily::Bridge, "t"); }

void add_base(NftBuilder& builder, std::vector<NftRule> rules) {
    builder.add_chain({.name = "base", .hook = NftHook{}, .rules = std::move(rules)});
}

NftStatement is_tcp() { return nft_is(nft_l4_protocol(), nft_u8(6)); }
NftStatement is_udp() { return nft_is(nft_l4_protocol(), nft_u8(17)); }

std::vector<std::string> names_of(const NftTable& table) {
    std::vector<std::string> names;
    for (const NftChain& chain : table.chains) {
        names.push_back(chain.name);
    }
    return names;
}

const NftChain& base_of(const NftTable& table) {
    return *std::find_if(table.chains.begin(), table.chains.end(), [](const NftChain& chain) { return chain.name == "base"; });
}

TEST(NftSimplify, AChainThatOnlyGoesOnIsTheOneItGoesTo) {
    NftBuilder builder = table();
    builder.add_chain({.name = "drop", .hook = {}, .rules = {nft_rule({NftVerdict{NftVerdict::Kind::Drop, {}}})}});
    const std::string on = builder.chain("on", {nft_rule({nft_goto("drop")})});
    const std::string further = builder.chain("further", {nft_rule({nft_goto(on)})});
    add_base(builder, {nft_rule({is_tcp(), nft_jump(further)})});
    const NftTable simple = nft_simplified(std::move(builder).take());
    EXPECT_EQ(names_of(simple), (std::vector<std::string>{"base", "drop"}));
    EXPECT_EQ(base_of(simple).rules, (std::vector<NftRule>{nft_rule({is_tcp(), nft_jump("drop")})}));
}

TEST(NftSimplify, TheEndOfOneOtherChainIsPartOfIt) {
    NftBuilder builder = table();
    const std::string end = builder.chain("end", {nft_rule({is_tcp(), nft_accept()}), nft_rule({is_udp(), nft_return()})});
    add_base(builder, {nft_rule({is_udp(), nft_accept()}), nft_rule({nft_goto(end)})});
    const NftTable simple = nft_simplified(std::move(builder).take());
    EXPECT_EQ(names_of(simple), std::vector<std::string>{"base"});
    EXPECT_EQ(base_of(simple).rules.size(), 3u);
}

TEST(NftSimplify, TheEndOfTwoChainsAndOneThatIsJumpedToStay) {
    NftBuilder builder = table();
    const std::string shared = builder.chain("shared", {nft_rule({is_tcp(), nft_accept()})});
    const std::string called = builder.chain("called", {nft_rule({is_udp(), nft_return()}), nft_rule({nft_goto(shared)})});
    add_base(builder, {nft_rule({is_tcp(), nft_jump(called)}), nft_rule({nft_goto(shared)})});
    EXPECT_EQ(names_of(nft_simplified(std::move(builder).take())).size(), 3u);
}

TEST(NftSimplify, NamesFollowTheContent) {
    const auto made = [](bool is_indirect) {
        NftBuilder builder = table();
        const std::string last = builder.chain("last", {nft_rule({is_tcp(), nft_accept()}), nft_rule({is_udp(), nft_accept()})});
        const std::string on = builder.chain("on", {nft_rule({nft_goto(last)})});
        NftSet map{.name = "map", .kind = NftSet::Kind::VerdictMap, .key = {NftType::Protocol}, .elements = {}};
        map.elements.push_back(
            {.from = nft_key({nft_u8(6)}), .to = {}, .verdict = nft_goto(is_indirect ? on : last), .data = {}, .comment = {}});
        add_base(builder, {nft_rule({nft_verdict_of({nft_l4_protocol()}, builder.set(std::move(map)))})});
        return nft_simplified(std::move(builder).take());
    };
    EXPECT_EQ(made(true), made(false));
}

TEST(NftSimplify, WhatNothingLeadsToIsLeftOut) {
    NftBuilder builder = table();
    static_cast<void>(builder.chain("nowhere", {nft_rule({nft_accept()})}));
    static_cast<void>(builder.set({.name = "nothing", .key = {NftType::Protocol}, .elements = {}}));
    NftSet dynamic{.name = "state", .key = {NftType::Protocol}, .is_dynamic = true, .elements = {}};
    builder.add_set(dynamic);
    add_base(builder, {});
    const NftTable simple = nft_simplified(std::move(builder).take());
    EXPECT_EQ(names_of(simple), std::vector<std::string>{"base"});
    ASSERT_EQ(simple.sets.size(), 1u);
    EXPECT_EQ(simple.sets.front().name, "state");
}

}  // namespace
}  // namespace portcullis
