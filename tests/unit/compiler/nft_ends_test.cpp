// SPDX-License-Identifier: Apache-2.0
// What becomes of elements of flow maps when the ruleset changes (docs/semantics.md 5.5, 7.8).
#include "compiler/lower_nft/nft_ends.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/compile/compile.h"
#include "compiler/lower_nft/nft_flow_word.h"
#include "compiler/lower_nft/nft_words.h"
#include "tests/unit/compiler/model_builder.h"

namespace portcullis {
namespace {

using test::everything;
using test::from;
using test::from_group;
using test::group;
using test::interface;
using test::udp;

constexpr std::uint32_t kIfindex = 7, kBridge = 100;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint32_t kNumber = 1;  // of the binding: the first

struct Host {
    explicit Host(const Model& model) : ruleset(*compile(model)) {
        devices = {{.ifindex = kBridge, .device = "br0", .kind = DeviceBinding::Kind::Bridge, .bridge = kBridge}};
        const auto port = std::ranges::find(ruleset.ports, "eni-1", &Port::interface_id);
        devices.push_back({.ifindex = kIfindex,
                           .device = "tap1",
                           .kind = DeviceBinding::Kind::Bound,
                           .port = static_cast<Index>(port - ruleset.ports.begin()),
                           .bridge = kBridge});
        bindings = NftBindings({}, ruleset, devices, {});
    }
    [[nodiscard]] NftEnforced enforced() const { return {.ruleset = &ruleset, .devices = devices, .bindings = &bindings}; }
    Ruleset ruleset;
    std::vector<DeviceBinding> devices;
    NftBindings bindings;
};

// eni-1 with those outbound rules, beside eni-2, which carries sg-2.
Model model_with(std::vector<SecurityGroupRule> outbound, OnRevoke on_revoke = OnRevoke::Cut) {
    Model model = test::base_model();
    model.security_groups = {group("sg-1", {}, std::move(outbound)), group("sg-2", {})};
    model.network_interfaces = {interface("eni-1", 1, {"sg-1"}), interface("eni-2", 2, {"sg-2"})};
    model.ports = {{.network_interface_id = "eni-1", .device = "tap1"}};
    model.on_revoke = on_revoke;
    return model;
}

NftElement flow_to(const Address& remote, const NftFlowWord& word) {
    NftElement element;
    element.from =
        nft_key({nft_u32(kNumber), nft_bytes(Address::ipv4(10, 0, 1, 1)), nft_bytes(remote), nft_u8(kUdp), nft_u16(40'000), nft_u16(53)});
    element.data = nft_u32(word.number());
    return element;
}

const Address kOutside = Address::ipv4(198, 51, 100, 7);
const Address kNeighbour = Address::ipv4(10, 0, 1, 2);
const Address kNobody = Address::ipv4(10, 0, 1, 3);
const NftFlowWord kFlow = {.phase = NftPhase::UdpStream, .counts = true};
const NftFlowWord kCut = {.phase = NftPhase::UdpStream, .counts = true, .is_cut = true};
constexpr const char* kMap = "flows4";

NftFate fate(const Model& former, const Model& next, const NftElement& element) {
    const Host before(former), after(next);
    return NftEnds(before.enforced(), after.enforced()).fate_of(kMap, element);
}

NftFate becomes(const NftFlowWord& word) { return {.kind = NftFate::Kind::Becomes, .data = nft_u32(word.number())}; }
const NftFate kStays, kEnds = {.kind = NftFate::Kind::Ends, .data = {}};

const Model kOpen = model_with({from("0.0.0.0/0", udp(53))});
const Model kClosed = model_with({});

TEST(NftEnds, AFlowThatTheRulesWouldNotLetBeginIsCutAndKeepsItsPlace) {
    EXPECT_EQ(fate(kOpen, kClosed, flow_to(kOutside, kFlow)), becomes(kCut));
    EXPECT_EQ(fate(kOpen, kOpen, flow_to(kOutside, kFlow)), kStays);
}

TEST(NftEnds, WhatWasCutComesBackWithItsRule) {
    EXPECT_EQ(fate(kClosed, kOpen, flow_to(kOutside, kCut)), becomes(kFlow));
    EXPECT_EQ(fate(kClosed, kClosed, flow_to(kOutside, kCut)), kStays);
}

TEST(NftEnds, NothingIsCutWhereFlowsAreKept) {
    const Model keeping = model_with({}, OnRevoke::Keep);
    EXPECT_EQ(fate(kOpen, keeping, flow_to(kOutside, kFlow)), kStays);
    EXPECT_EQ(fate(kClosed, keeping, flow_to(kOutside, kCut)), becomes(kFlow));
}

TEST(NftEnds, AnInterfaceThatComesToAnAddressAdmitsNoFormerFlowByItsGroup) {
    const Model by_both = model_with({from("10.0.1.0/24", everything()), from_group("sg-2", everything())});
    Model joined = model_with({from_group("sg-2", everything())});
    joined.network_interfaces.push_back(interface("eni-3", 3, {"sg-2"}));
    EXPECT_EQ(fate(by_both, joined, flow_to(kNobody, kFlow)), becomes({.phase = NftPhase::UdpStream, .is_cut = true}));
    EXPECT_EQ(fate(by_both, joined, flow_to(kNeighbour, kFlow)), kStays) << "its interface was there before";
}

TEST(NftEnds, AFlowEndsWithTheInterfaceAtItsEnd) {
    Model gone = kOpen;
    gone.network_interfaces.pop_back();
    EXPECT_EQ(fate(kOpen, gone, flow_to(kNeighbour, kFlow)), kEnds);
    EXPECT_EQ(fate(kOpen, gone, flow_to(kOutside, kFlow)), kStays);
}

TEST(NftEnds, AServiceFlowEndsWithItsListingAndIsNeverCut) {
    EXPECT_EQ(fate(kOpen, kClosed, flow_to(kOutside, {.phase = NftPhase::UdpStream, .is_service = true})), kEnds);
}

TEST(NftEnds, WhatIsNoFlowEnds) {
    NftElement element = flow_to(kOutside, kFlow);
    element.data = nft_u32(0xffff'ffff);
    EXPECT_EQ(fate(kOpen, kOpen, element), kEnds);
}

// Whatever kind of state it is.
TEST(NftEnds, WhatABindingLeftThatIsNoMoreEnds) {
    const Host before(kOpen), after(kOpen);
    const NftEnds ends(before.enforced(), after.enforced());
    const NftBytes former = nft_u32(kNumber + 1), present = nft_u32(kNumber);
    NftElement flow = flow_to(kOutside, kFlow);
    std::copy(former.begin(), former.end(), flow.from.begin());
    EXPECT_EQ(ends.fate_of("flows4", flow), kEnds);
    for (const char* const set : {"ends4", "ends6", "claims"}) {
        EXPECT_EQ(ends.fate_of(set, {.from = former}), kEnds) << set;
        EXPECT_EQ(ends.fate_of(set, {.from = present}), kStays) << set;
    }
    const NftBytes address = nft_bytes(kOutside);
    EXPECT_EQ(ends.fate_of("claimants-100", {.from = address, .to = {}, .verdict = {}, .data = former}), kEnds);
    EXPECT_EQ(ends.fate_of("claimants-100", {.from = address, .to = {}, .verdict = {}, .data = present}), kStays);
}

// A flow goes from the first to the last, and must not be missed on its way.
TEST(NftEnds, MapsAreReadInTheOrderInWhichFlowsGoThroughThem) {
    const Host before(kOpen), after(kClosed);
    const std::vector<std::string> asked = NftEnds(before.enforced(), after.enforced()).asked();
    const std::vector<std::string> wanted = {"renew4", "renew6", "half4", "half6",         "flows4",
                                             "flows6", "ends4",  "ends6", "claimants-100", "claims"};
    EXPECT_EQ(asked, wanted);
}

TEST(NftFlowWord, IsReadBackFromItsNumber) {
    for (const NftFlowWord& word : {kFlow, kCut, NftFlowWord{.phase = NftPhase::FinWait, .is_closed_inbound = true}}) {
        EXPECT_EQ(NftFlowWord::of(word.number()), word);
    }
    EXPECT_FALSE(NftFlowWord::of(NftFlowWord{.phase = NftPhase::Udp, .is_service = true, .is_cut = true}.number()));
}

}  // namespace
}  // namespace portcullis
