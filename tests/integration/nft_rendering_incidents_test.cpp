// SPDX-License-Identifier: Apache-2.0
// Rules that other programs rendered otherwise than they were said (docs/nftables.md, "Incidents"): here each means what it says, with real
// frames and with the nearest one that has to fare otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "fallback/nft_teardown.h"
#include "tests/integration/nft_bridge.h"

namespace portcullis::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr Spot kAlice = 0, kBob = 1, kCarol = 2;
constexpr auto kOut = Direction::Outbound;
constexpr auto kIn = Direction::Inbound;
const std::vector<std::string> kAnybody{"0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"};  // no flow is untracked for them

Packet syn(Spot from, Spot to, std::uint16_t source_port, std::uint16_t destination_port, Family family = Family::Ipv4) {
    return headers(from, to, family) / segment(source_port, destination_port);
}

// Everybody may send everything.
json free_to_send() {
    json model = bare_model(3);
    for (Spot spot = kAlice; spot <= kCarol; ++spot) {
        permit(model, group_of(spot), kOut, {.protocol = "-1", .sources = kAnybody});
    }
    return model;
}

// Sends Bob two frames from Alice, round by round, on a thread of its own until it is told to stop: one that has to arrive, for which each
// round waits, and before it one that must not.
class Exchange {
   public:
    Exchange(const NftBridge& bridge, Bytes denied, Bytes allowed)
        : thread_([this, from = &bridge.cable(kAlice), to = &bridge.cable(kBob), denied = std::move(denied), allowed = std::move(allowed)] {
              while (!is_to_stop_) {
                  from->send(denied);
                  from->send(allowed);
                  lost_ += wait_until([&] {
                      const std::optional<Bytes> heard = to->receive();
                      slipped_ += heard == denied ? 1 : 0;
                      return heard == allowed;
                  })
                               ? 0
                               : 1;
                  ++rounds_;
              }
          }) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange() { stop(); }

    void stop() {
        is_to_stop_ = true;
        if (thread_.joinable()) {
            thread_.join();
        }
    }
    [[nodiscard]] std::uint64_t rounds() const { return rounds_; }
    [[nodiscard]] std::uint64_t lost() const { return lost_; }
    [[nodiscard]] std::uint64_t slipped() const { return slipped_; }

   private:
    std::atomic<bool> is_to_stop_ = false;
    std::atomic<std::uint64_t> rounds_ = 0, lost_ = 0, slipped_ = 0;
    std::thread thread_;  // last: it uses the others
};

class NftRenderingIncident : public testing::Test {
   protected:
    NftBridge bridge_;
};

// Neither port's verdict ends the other's, whichever was written first.
TEST_F(NftRenderingIncident, BothPortsHaveToAllowWhateverTheOrderOfDocuments) {
    std::uint16_t source_port = 4000;
    for (const bool is_reversed : {false, true}) {
        for (const bool sender_may : {false, true}) {
            for (const bool receiver_may : {false, true}) {
                SCOPED_TRACE(testing::Message() << is_reversed << sender_may << receiver_may);
                json model = bare_model(3);
                if (sender_may) {
                    permit(model, group_of(kAlice), kOut, {.from = 80, .to = 80, .sources = kAnybody});
                }
                if (receiver_may) {
                    permit(model, group_of(kBob), kIn, {.from = 80, .to = 80, .sources = kAnybody});
                }
                if (is_reversed) {
                    std::reverse(model["NetworkInterfaces"].begin(), model["NetworkInterfaces"].end());
                    std::reverse(model["SecurityGroups"].begin(), model["SecurityGroups"].end());
                }
                bridge_.release();
                bridge_.apply(model);
                const Packet packet = syn(kAlice, kBob, ++source_port, 80);
                if (!sender_may) {
                    bridge_.expect_drop_out(kAlice, kBob, packet, PC_REASON_security_group);
                } else if (!receiver_may) {
                    bridge_.expect_drop_in(kAlice, kBob, packet, PC_REASON_security_group);
                } else {
                    bridge_.expect_pass(kAlice, kBob, packet);
                }
            }
        }
    }
}

TEST_F(NftRenderingIncident, RangesOfPortsAreTakenAtTheirBounds) {
    json model = free_to_send();
    permit(model, group_of(kBob), kIn, {.from = 0, .to = 1, .sources = {group_of(kAlice)}});
    permit(model, group_of(kBob), kIn, {.from = 65534, .to = 65535, .sources = {group_of(kAlice)}});
    permit(model, group_of(kCarol), kIn, {.from = 0, .to = 65535, .sources = {group_of(kAlice)}});
    bridge_.apply(model);
    for (const std::uint16_t port : std::vector<std::uint16_t>{0, 1, 65534, 65535}) {
        bridge_.expect_pass(kAlice, kBob, syn(kAlice, kBob, 4000, port));
        bridge_.expect_pass(kAlice, kCarol, syn(kAlice, kCarol, 4000, port));
    }
    for (const std::uint16_t port : std::vector<std::uint16_t>{2, 65533}) {
        bridge_.expect_drop_in(kAlice, kBob, syn(kAlice, kBob, 4000, port), PC_REASON_security_group);
        bridge_.expect_pass(kAlice, kCarol, syn(kAlice, kCarol, 4000, port));
    }
    bridge_.expect_drop_in(kAlice, kCarol, headers(kAlice, kCarol) / datagram(4000, 80), PC_REASON_security_group);
}

// A range that is none, or a protocol or source that is not understood, refuses the documents; no condition is left out for it.
TEST_F(NftRenderingIncident, WhatIsNotUnderstoodIsRefusedAndNotWidened) {
    const std::vector<Permission> bad{{.from = 90, .to = 80, .sources = kAnybody},
                                      {.from = 0, .to = 65536, .sources = kAnybody},
                                      {.from = -5, .to = 80, .sources = kAnybody},
                                      {.protocol = "300", .sources = kAnybody},
                                      {.protocol = "tpc", .from = 80, .to = 80, .sources = kAnybody},
                                      {.protocol = "icmp", .from = 300, .to = -1, .sources = kAnybody},
                                      {.from = 80, .to = 80, .sources = {"10.0.0.0/8 tcp"}}};
    for (const Permission& permission : bad) {
        json model = free_to_send();
        permit(model, group_of(kBob), kIn, permission);
        EXPECT_THAT(refusals_of(model), Not(IsEmpty())) << permission.protocol << ' ' << permission.from << '-' << permission.to;
    }
    EXPECT_THAT(refusals_of(free_to_send()), IsEmpty());
}

TEST_F(NftRenderingIncident, IcmpRulesAreOfTheirTypeAndCode) {
    json model = free_to_send();
    permit(model, group_of(kBob), kIn, {.protocol = "icmp", .from = 8, .to = -1, .sources = kAnybody});
    permit(model, group_of(kBob), kIn, {.protocol = "icmpv6", .from = 128, .to = 0, .sources = kAnybody});
    permit(model, group_of(kCarol), kIn, {.protocol = "icmp", .from = -1, .to = -1, .sources = kAnybody});
    bridge_.apply(model);
    const auto query = [](Spot to, std::uint8_t type) { return headers(kAlice, to) / Icmp{.type = type, .identifier = 7}; };
    bridge_.expect_pass(kAlice, kBob, query(kBob, 8));
    bridge_.expect_drop_in(kAlice, kBob, query(kBob, 13), PC_REASON_security_group);
    bridge_.expect_pass(kAlice, kCarol, query(kCarol, 13));
    bridge_.expect_pass(kAlice, kBob, headers(kAlice, kBob, Family::Ipv6) / Icmpv6{.type = 128, .identifier = 7});
    bridge_.expect_drop_in(kAlice, kBob, headers(kAlice, kBob, Family::Ipv6) / Icmpv6{.type = 139, .identifier = 7},
                           PC_REASON_security_group);
    bridge_.expect_drop_in(kAlice, kBob, syn(kAlice, kBob, 4000, 80), PC_REASON_security_group);
}

// Lower numbers decide, whatever else overlaps them, in the order of numbers and not of documents.
TEST_F(NftRenderingIncident, OverlappingAclEntriesDecideByTheirNumber) {
    json model = free_to_send();
    permit(model, group_of(kBob), kIn, {.from = 0, .to = 65535, .sources = kAnybody});
    list(model, {{.number = 400, .direction = kIn, .cidr = "0.0.0.0/0"},
                 {.number = 200, .allow = false, .direction = kIn, .cidr = "198.51.100.0/24"},
                 {.number = 100, .direction = kIn, .cidr = "198.51.100.0/28", .protocol = "6", .from = 22, .to = 22},
                 {.number = 300, .direction = kIn, .cidr = "198.51.100.0/25", .protocol = "6", .from = 80, .to = 80}});
    bridge_.apply(model);
    bridge_.expect_pass(kOutside, kBob, syn(kOutside, kBob, 4000, 22));
    bridge_.expect_drop_in(kOutside, kBob, syn(kOutside, kBob, 4000, 80), PC_REASON_network_acl);
    const auto from = [](const char* source) {
        return link_between(kOutside, kBob) / Ipv4{.source = ip(source), .destination = address_at(kBob, Family::Ipv4)} / segment(4000, 22);
    };
    bridge_.expect_drop_in(kOutside, kBob, from("198.51.100.16"), PC_REASON_network_acl);
    bridge_.expect_pass(kOutside, kBob, from("198.51.101.7"));
}

// An entry that comes later ends flows that live, asks nobody inside the subnet, and concerns no other subnet's ports.
TEST_F(NftRenderingIncident, AnAclEndsLiveFlowsAndLeavesTheSubnetsOwnAlone) {
    json model = free_to_send();
    permit(model, group_of(kBob), kIn, {.from = 22, .to = 22, .sources = kAnybody});
    bridge_.apply(model);
    const Packet answer = headers(kBob, kOutside) / segment(22, 4000, kSyn | kAck);
    bridge_.expect_pass(kOutside, kBob, syn(kOutside, kBob, 4000, 22));
    bridge_.expect_pass(kBob, kOutside, answer);
    list(model,
         {{.number = 100, .direction = kOut, .cidr = "0.0.0.0/0"}, {.number = 100, .allow = false, .direction = kIn, .cidr = "0.0.0.0/0"}});
    bridge_.apply(model);
    bridge_.expect_drop_in(kOutside, kBob, headers(kOutside, kBob) / segment(4000, 22, kAck), PC_REASON_network_acl);
    bridge_.expect_pass(kAlice, kBob, syn(kAlice, kBob, 4000, 22));
    bridge_.expect_drop_in(kAlice, kBob, syn(kAlice, kBob, 4000, 23), PC_REASON_security_group);
}

TEST_F(NftRenderingIncident, AnAclWithoutEntriesDeniesBothWays) {
    json model = free_to_send();
    permit(model, group_of(kBob), kIn, {.from = 22, .to = 22, .sources = kAnybody});
    list(model, {});
    bridge_.apply(model);
    bridge_.expect_drop_in(kOutside, kBob, syn(kOutside, kBob, 4000, 22), PC_REASON_network_acl);
    bridge_.expect_drop_out(kBob, kOutside, syn(kBob, kOutside, 4000, 22), PC_REASON_network_acl);
    bridge_.expect_pass(kAlice, kBob, syn(kAlice, kBob, 4000, 22));
}

TEST_F(NftRenderingIncident, RulesOfOneFamilyLeaveTheOtherClosed) {
    json model = bare_model(3);
    permit(model, group_of(kAlice), kOut, {.protocol = "-1", .sources = {"0.0.0.0/0"}});
    permit(model, group_of(kBob), kIn, {.protocol = "-1", .sources = {"0.0.0.0/0", "::/0"}});
    bridge_.apply(model);
    bridge_.expect_pass(kAlice, kBob, syn(kAlice, kBob, 4000, 80));
    bridge_.expect_drop_out(kAlice, kBob, syn(kAlice, kBob, 4000, 80, Family::Ipv6), PC_REASON_security_group);
    bridge_.expect_drop_out(kAlice, kBob, headers(kAlice, kBob, Family::Ipv6) / Icmpv6{.type = 128}, PC_REASON_security_group);
}

TEST_F(NftRenderingIncident, AnInterfaceOfOneFamilyIsEnforced) {
    json model = bare_model(3);
    model["NetworkInterfaces"][kBob].erase("PrivateIpAddresses");
    permit(model, group_of(kAlice), kOut, {.protocol = "-1", .sources = kAnybody});
    permit(model, group_of(kBob), kIn, {.from = 80, .to = 80, .sources = kAnybody});
    bridge_.apply(model);
    bridge_.expect_pass(kAlice, kBob, syn(kAlice, kBob, 4000, 80, Family::Ipv6));
    bridge_.expect_drop_in(kAlice, kBob, syn(kAlice, kBob, 4000, 81, Family::Ipv6), PC_REASON_security_group);
    bridge_.expect_drop_in(kAlice, kBob, syn(kAlice, kBob, 4000, 80), PC_REASON_destination_address);
}

// What opens everything in one direction alone does not do without the memory that lets answers back in.
TEST_F(NftRenderingIncident, AnswersPassWhereEverythingIsOpenInOneDirectionAlone) {
    std::uint16_t source_port = 4000;
    for (const Direction open : {kOut, kIn}) {
        json model = bare_model(3);
        permit(model, group_of(kBob), open, {.protocol = "-1", .sources = {"0.0.0.0/0"}});
        bridge_.release();
        bridge_.apply(model);
        const Spot from = open == kOut ? kBob : kOutside;
        const Spot to = open == kOut ? kOutside : kBob;
        ++source_port;
        bridge_.expect_pass(from, to, syn(from, to, source_port, 80));
        bridge_.expect_pass(to, from, headers(to, from) / segment(80, source_port, kSyn | kAck));
        bridge_.expect_pass(from, to, headers(from, to) / segment(source_port, 80, kRst | kAck));
        const Packet unasked = syn(to, from, 4000, 81);
        if (open == kOut) {
            bridge_.expect_drop_in(to, from, unasked, PC_REASON_security_group);
        } else {
            bridge_.expect_drop_out(to, from, unasked, PC_REASON_security_group);
        }
    }
}

// A fence for TCP is one for all that is not TCP as well.
TEST_F(NftRenderingIncident, ProtocolsThatNoRuleNamesDoNotPass) {
    json model = bare_model(3);
    permit(model, group_of(kAlice), kOut, {.from = 443, .to = 443, .sources = kAnybody});
    permit(model, group_of(kBob), kIn, {.protocol = "-1", .sources = kAnybody});
    bridge_.apply(model);
    const Address alice = address_at(kAlice, Family::Ipv4), bob = address_at(kBob, Family::Ipv4);
    bridge_.expect_pass(kAlice, kBob, syn(kAlice, kBob, 4000, 443));
    for (const std::uint8_t protocol : std::vector<std::uint8_t>{33, 47, 50, 132, 136, 253}) {
        const Packet packet =
            link_between(kAlice, kBob) / Ipv4{.source = alice, .destination = bob, .protocol = protocol} / Payload{Bytes(32)};
        bridge_.expect_drop_out(kAlice, kBob, packet, PC_REASON_security_group);
    }
    bridge_.expect_drop_out(kAlice, kBob, headers(kAlice, kBob) / datagram(4000, 443), PC_REASON_security_group);
    bridge_.expect_drop_out(kAlice, kBob, headers(kAlice, kBob) / Icmp{.type = 8}, PC_REASON_security_group);
}

// Frames with a tag would be none of IP for rules that ask for its ethertype.
TEST_F(NftRenderingIncident, TaggedAndForeignFramesAreNotPassedByRulesOfIp) {
    json model = free_to_send();
    permit(model, group_of(kBob), kIn, {.protocol = "-1", .sources = kAnybody});
    bridge_.apply(model);
    const Packet inner =
        Ipv4{.source = address_at(kAlice, Family::Ipv4), .destination = address_at(kBob, Family::Ipv4)} / segment(4000, 80);
    bridge_.expect_drop_out(kAlice, kBob, link_between(kAlice, kBob) / Vlan{.id = 7} / inner, PC_REASON_vlan);
    bridge_.expect_drop_out(kAlice, kBob, link_between(kAlice, kBob) / Vlan{.id = 7, .tpid = 0x88a8} / Vlan{.id = 8} / inner,
                            PC_REASON_vlan);
    Ethernet other = link_between(kAlice, kBob);
    other.type = 0x8864;  // PPPoE
    bridge_.expect_drop_out(kAlice, kBob, other / Payload{Bytes(46)}, PC_REASON_ethertype);
    bridge_.expect_pass(kAlice, kBob, link_between(kAlice, kBob) / inner);
}

// Ids that are alike in all but their end, are cut nowhere, and hold what words of nft's language are made of.
TEST_F(NftRenderingIncident, IdsAreTextAndTellObjectsApartToTheirLastByte) {
    json model = bare_model(3);
    const std::string stem = "sg-" + std::string(140, 'x') + ": \"; flush ruleset; # ";
    const auto rename = [&](Spot spot, const std::string& id) {
        model["SecurityGroups"][spot]["GroupId"] = id;
        model["SecurityGroups"][spot]["GroupName"] = id;
        model["NetworkInterfaces"][spot]["Groups"][0]["GroupId"] = id;
    };
    rename(kAlice, stem + "1");
    rename(kCarol, stem + "2");
    for (const char* end : {"1", "2"}) {
        permit(model, stem + end, kOut, {.protocol = "-1", .sources = kAnybody});
    }
    permit(model, group_of(kBob), kIn, {.from = 80, .to = 80, .sources = {stem + "1"}});
    if (const std::vector<std::string> refusals = refusals_of(model); !refusals.empty()) {
        FAIL() << refusals.front();
    }
    bridge_.apply(model);
    bridge_.expect_pass(kAlice, kBob, syn(kAlice, kBob, 4000, 80));
    bridge_.expect_drop_in(kCarol, kBob, syn(kCarol, kBob, 4000, 80), PC_REASON_security_group);
    EXPECT_EQ(bridge_.apply(model), 0U);
}

TEST_F(NftRenderingIncident, TeardownLeavesOthersTablesAsTheyWereAndNothingOfOurs) {
    ASSERT_THAT(
        bridge_.run("nft 'add table bridge others; add chain bridge others forward { type filter hook forward priority 0; };"
                    " add rule bridge others forward ether type arp counter comment \"portcullis\"; add table inet portcullis-others;"
                    " add set inet portcullis-others members { type ipv4_addr; elements = { 192.0.2.1 }; }'"),
        IsEmpty());
    const std::string before = bridge_.run("nft list ruleset");
    EXPECT_THAT(before, HasSubstr("elements = { 192.0.2.1 }"));
    bridge_.apply(free_to_send());
    bridge_.expect_drop_in(kAlice, kBob, syn(kAlice, kBob, 4000, 80), PC_REASON_security_group);
    {
        const NetNamespace::Entered here = bridge_.host().host().enter();
        EXPECT_EQ(value_or_end(nft_teardown(), "take our tables away").tables, 3U);
    }
    EXPECT_EQ(bridge_.run("nft list ruleset"), before);
    EXPECT_TRUE(bridge_.arrives(kAlice, kBob, syn(kAlice, kBob, 4000, 80).bytes())) << "nothing is managed any more";
}

// Between two applies there is no moment without rules, nor one at which what both allow is dropped.
TEST_F(NftRenderingIncident, NoFrameSlipsThroughAndNoneIsLostWhileRulesAreReplaced) {
    json models[2] = {free_to_send(), free_to_send()};
    for (json& model : models) {
        permit(model, group_of(kBob), kIn, {.from = 80, .to = 80, .sources = {group_of(kAlice)}});
    }
    permit(models[1], group_of(kBob), kIn, {.protocol = "udp", .from = 53, .to = 60, .sources = {"10.9.0.0/16", group_of(kCarol)}});
    permit(models[1], group_of(kAlice), kIn, {.from = 80, .to = 90, .sources = kAnybody});
    bridge_.apply(models[0]);
    Exchange exchange(bridge_, syn(kAlice, kBob, 4000, 81).bytes(), syn(kAlice, kBob, 4000, 80).bytes());
    constexpr unsigned kSwaps = 20;
    for (unsigned i = 1; i <= kSwaps; ++i) {
        const std::uint64_t rounds = exchange.rounds();
        EXPECT_TRUE(wait_until([&] { return exchange.rounds() > rounds + 2; }));
        EXPECT_GT(bridge_.apply(models[i % 2]), 0U);
    }
    exchange.stop();
    EXPECT_EQ(exchange.slipped(), 0U);
    EXPECT_EQ(exchange.lost(), 0U);
    EXPECT_EQ(bridge_.count(kBob, kIn, PC_REASON_security_group), exchange.rounds());
}

}  // namespace
}  // namespace portcullis::test
