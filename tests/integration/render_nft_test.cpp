// SPDX-License-Identifier: Apache-2.0
// What compiler/lower_nft/render_nft.h prints is what nft itself takes, construct by construct, and nft gives the kernel the loads that
// were meant.
#include "compiler/lower_nft/render_nft.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/lower_nft/nft_words.h"
#include "tests/integration/daemon_process.h"
#include "tests/support/command_output.h"
#include "tests/support/netns.h"
#include "tests/support/temporary_directory.h"

namespace portcullis::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

NftBytes address(const char* text) { return nft_bytes(*Address::parse(text)); }
NftBytes mac(const char* text) { return nft_bytes(*Mac::parse(text)); }
NftRule drop_if(std::vector<NftStatement> statements) {
    statements.emplace_back(NftVerdict{NftVerdict::Kind::Drop, {}});
    return {.statements = std::move(statements), .comment = {}};
}

class RenderNft : public testing::Test {
   protected:
    RenderNft() { host_.ip("link add p1 type veth peer name i1"); }

    void add_set(NftSet set) { table_.sets.push_back(std::move(set)); }
    void add_rule(NftRule rule) { rules_.push_back(std::move(rule)); }
    void add_drop_if(std::vector<NftStatement> statements) { add_rule(drop_if(std::move(statements))); }
    [[nodiscard]] std::string text() const {
        NftTable table = table_;
        table.chains.push_back({.name = "other-chain", .hook = {}, .rules = {}});
        table.chains.push_back({.name = "tested", .hook = {}, .rules = rules_});
        return render_nft({.tables = {std::move(table)}});
    }
    // What nft complains of, and with `debug` what it would give the kernel.
    [[nodiscard]] std::string nft(const std::string& text, const std::string& debug = {}) const {
        const NetNamespace::Entered entered = host_.enter();
        directory_.write("rules.nft", text);
        const std::string command = "nft " + debug + " -c -f " + directory_.path("rules.nft") + " 2>&1";
        return output_of(command);
    }
    // Nothing is left out, and nft takes it.
    void expect_accepted() const {
        EXPECT_THAT(text(), Not(HasSubstr("no words"))) << text();
        EXPECT_THAT(nft(text()), IsEmpty()) << text();
    }

    NetNamespace host_;
    TemporaryDirectory directory_;
    NftTable table_{.family = NftFamily::Bridge, .name = "portcullis", .sets = {}, .chains = {}};
    std::vector<NftRule> rules_;
};

TEST_F(RenderNft, BaseChainsOfBothTablesAreAccepted) {
    NftImage image;
    image.tables.push_back({.family = NftFamily::Bridge, .name = "portcullis", .sets = {}, .chains = {}});
    for (const auto& [point, name] : {std::pair(NftHook::Point::Prerouting, "prerouting"), std::pair(NftHook::Point::Input, "input"),
                                      std::pair(NftHook::Point::Forward, "forward"), std::pair(NftHook::Point::Output, "output"),
                                      std::pair(NftHook::Point::Postrouting, "postrouting")}) {
        image.tables[0].chains.push_back({.name = name, .hook = NftHook{.point = point, .priority = -200, .device = {}}, .rules = {}});
    }
    image.tables.push_back({.family = NftFamily::Netdev, .name = "portcullis", .sets = {}, .chains = {}});
    image.tables[1].chains.push_back({.name = "ingress-p1",
                                      .hook = NftHook{.point = NftHook::Point::Ingress, .priority = -200, .device = "p1", .accepts = false},
                                      .rules = {drop_if({nft_is(nft_ether_source(), mac("02:00:00:00:00:01"))})}});
    EXPECT_THAT(nft(render_nft(image)), IsEmpty()) << render_nft(image);
    EXPECT_THAT(render_nft(image), HasSubstr("type filter hook ingress device \"p1\" priority -200; policy drop;"));
}

TEST_F(RenderNft, FieldsWithNamesAreComparedByThem) {
    add_drop_if({nft_is(nft_source(Family::Ipv4), address("192.0.2.1"))});
    add_drop_if({nft_is_not(nft_destination(Family::Ipv4), address("192.0.2.1")), nft_is(nft_destination_port(), nft_u16(22))});
    add_drop_if({nft_is(nft_ether_source(), mac("02:00:00:00:00:01")), nft_is(nft_ether_type(), nft_u16(0x8100))});
    add_drop_if({nft_is(nft_iif(), nft_ifindex(4711)), nft_is_not(nft_oif(), nft_ifindex(0))});
    add_drop_if({nft_is(nft_meta(NftMeta::PacketType), nft_u8(3)), nft_less(nft_meta(NftMeta::Length), nft_u32(60))});
    add_drop_if({nft_is(nft_meta(NftMeta::Protocol), nft_u16(0x0800)), nft_is(nft_l4_protocol(), nft_u8(6))});
    expect_accepted();
    EXPECT_THAT(text(), AllOf(HasSubstr("ip saddr == 192.0.2.1 drop"), HasSubstr("ip daddr != 192.0.2.1 th dport == 22 drop"),
                              HasSubstr("ether saddr == 02:00:00:00:00:01 ether type == 0x8100"), HasSubstr("iif == 4711 oif != 0"),
                              HasSubstr("meta pkttype == 3 meta length < 60"), HasSubstr("meta protocol == 0x0800 meta l4proto == 6")));
}

TEST_F(RenderNft, Ipv6AndArpAreTakenFromTheChain) {
    add_drop_if({nft_in_range(nft_source(Family::Ipv6), address("2001:db8::"), address("2001:db8::ff"))});
    add_drop_if({nft_is(nft_payload(NftHeader::Network, 7, 1), nft_u8(255))});
    expect_accepted();
    EXPECT_THAT(text(), AllOf(HasSubstr("meta protocol ip6 ip6 saddr == 2001:db8::-2001:db8::ff"), HasSubstr("ip6 hoplimit == 0xff")));
    rules_.clear();
    add_drop_if({nft_is(nft_payload(NftHeader::Network, 14, 4), address("192.0.2.1"))});
    add_drop_if(
        {nft_is(nft_payload(NftHeader::Network, 6, 2), nft_u16(1)), nft_is_not(nft_payload(NftHeader::Network, 24, 4), nft_u32(0))});
    add_drop_if({nft_is(nft_payload(NftHeader::Network, 8, 6), mac("02:00:00:00:00:01"))});
    expect_accepted();
    EXPECT_THAT(text(), AllOf(HasSubstr("arp saddr ip == 192.0.2.1"), HasSubstr("arp operation == 0x0001 arp daddr ip != 0.0.0.0"),
                              HasSubstr("arp saddr ether == 02:00:00:00:00:01")));
}

TEST_F(RenderNft, PartOfAnIpv6AddressIsNotTakenForIpv4) {
    add_drop_if({nft_is(nft_source(Family::Ipv6), address("2001:db8::"))});
    add_drop_if({nft_is(nft_payload(NftHeader::Network, 12, 4), nft_u32(0))});
    expect_accepted();
    EXPECT_THAT(text(), HasSubstr("@nh,96,32 == 0x00000000"));
}

TEST_F(RenderNft, OtherBytesAreComparedRaw) {
    add_drop_if({nft_is(nft_icmp_type_code(), nft_u16(0x0304)), nft_is(nft_icmp_identifier(), nft_u16(7))});
    add_drop_if({nft_is_not(nft_masked(nft_payload(NftHeader::Network, 6, 2), nft_u16(0x1fff)), nft_u16(0))});
    add_drop_if({nft_is(nft_masked(nft_tcp_flags(), nft_u8(0x12)), nft_u8(0x02))});
    add_drop_if({nft_in_range(nft_payload(NftHeader::Transport, 8, 16), address("fe80::"), address("fe80::ff"))});
    add_drop_if({nft_not_in_range(nft_payload(NftHeader::Network, 0, 8), NftBytes(8, 1), NftBytes(8, 2))});
    add_drop_if({nft_is(nft_payload(NftHeader::Link, 14, 2), nft_u16(5))});
    add_drop_if({nft_is(nft_masked(nft_ether_destination(), mac("01:00:00:00:00:00")), mac("01:00:00:00:00:00"))});
    for (const auto op : {NftCompare::Op::Less, NftCompare::Op::LessEqual, NftCompare::Op::Greater, NftCompare::Op::GreaterEqual}) {
        add_drop_if({NftCompare{nft_payload(NftHeader::Network, 0, 1), op, nft_u8(9)}});
    }
    expect_accepted();
    EXPECT_THAT(text(), AllOf(HasSubstr("th sport == 772 @th,32,16 == 0x0007"), HasSubstr("@nh,48,16 & 0x1fff != 0x0000"),
                              HasSubstr("@th,104,8 & 0x12 == 0x02")));
}

TEST_F(RenderNft, ShiftedValueIsComparedWhereItStands) {
    add_drop_if({nft_is(nft_masked(nft_payload(NftHeader::Network, 0, 1), nft_u8(0xf0), 4), nft_u8(4))});
    add_drop_if({nft_in_range(nft_masked(nft_payload(NftHeader::Transport, 12, 1), {}, 4), nft_u8(5), nft_u8(7))});
    expect_accepted();
    EXPECT_THAT(text(), AllOf(HasSubstr("@nh,0,8 & 0xf0 == 0x40"), HasSubstr("@th,96,8 & 0xf0 == 0x50-0x70")));
    EXPECT_THAT(nft(text(), "--debug=netlink"), HasSubstr("[ cmp eq reg 1 0x00000040 ]"));
}

TEST_F(RenderNft, SetsOfEveryTypeAreAcceptedWithTheirElements) {
    add_set({.name = "addresses", .key = {NftType::Ipv4Address}, .elements = {{.from = address("192.0.2.1")}}});
    NftSet intervals{.name = "intervals", .key = {NftType::Ipv4Address, NftType::Protocol, NftType::Port}};
    intervals.is_interval = true;
    intervals.elements = {{.from = nft_key({address("192.0.2.0"), nft_u8(6), nft_u16(80)}),
                           .to = nft_key({address("192.0.2.255"), nft_u8(6), nft_u16(90)}),
                           .comment = "rule sg-1 \"quoted\"\nand more"},
                          {.from = nft_key({address("192.0.3.1"), nft_u8(0), nft_u16(0)}),
                           .to = nft_key({address("192.0.3.7"), nft_u8(255), nft_u16(65535)})}};
    add_set(intervals);
    add_set({.name = "link",
             .key = {NftType::Interface, NftType::EtherAddress, NftType::EtherType},
             .elements = {{.from = nft_key({nft_ifindex(7), mac("02:00:00:00:00:01"), nft_u16(0x86dd)})}}});
    NftSet prefixes{.name = "prefixes", .key = {NftType::Ipv6Address}};
    prefixes.is_interval = true;
    prefixes.elements = {{.from = address("2001:db8::"), .to = address("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")}};
    add_set(prefixes);
    add_drop_if({nft_in({nft_source(Family::Ipv4)}, "addresses")});
    add_drop_if({nft_not_in({nft_destination(Family::Ipv4), nft_l4_protocol(), nft_destination_port()}, "intervals")});
    add_drop_if({nft_in({nft_iif(), nft_ether_source(), nft_meta(NftMeta::Protocol)}, "link")});
    add_drop_if({nft_in({nft_source(Family::Ipv6)}, "prefixes")});
    expect_accepted();
    EXPECT_THAT(text(), AllOf(HasSubstr("type ipv4_addr . inet_proto . inet_service"), HasSubstr("192.0.2.0/24 . 6 . 80-90"),
                              HasSubstr("\"rule sg-1 ?quoted??and more\""), HasSubstr("7 . 02:00:00:00:00:01 . 0x86dd"),
                              HasSubstr("2001:db8::/32"), HasSubstr("ip daddr . meta l4proto . th dport != @intervals")));
}

TEST_F(RenderNft, FieldWithoutANameMakesItsSetOneOfIntegers) {
    add_set({.name = "targets",
             .key = {NftType::Ipv6Address, NftType::Byte},
             .elements = {{.from = nft_key({address("fe80::1"), nft_u8(135)})}}});
    add_drop_if({nft_in({nft_payload(NftHeader::Transport, 8, 16), nft_icmp_type()}, "targets")});
    add_drop_if({nft_in({nft_source(Family::Ipv6), nft_icmp_type()}, "targets")});
    add_set({.name = "versions", .key = {NftType::Byte, NftType::Port}});
    add_drop_if({nft_in({nft_masked(nft_payload(NftHeader::Network, 0, 1), nft_u8(0xf0), 4), nft_source_port()}, "versions")});
    add_drop_if({nft_in({nft_masked(nft_payload(NftHeader::Network, 0, 1), nft_u8(0x0f)), nft_source_port()}, "versions")});
    add_set({.name = "codes", .key = {NftType::Half}, .elements = {{.from = nft_u16(0x0800)}}});
    add_drop_if({nft_in({nft_icmp_type_code()}, "codes")});
    expect_accepted();
    EXPECT_THAT(text(), AllOf(HasSubstr("typeof @nh,0,128 . @nh,0,8"), HasSubstr("0xfe800000000000000000000000000001 . 0x87"),
                              HasSubstr("@nh,64,128 . @th,0,8 @targets"), HasSubstr("(@nh,0,8 & 0xf0) >> 4 . th sport @versions")));
}

TEST_F(RenderNft, MaskedAddressesAreLookedUp) {
    NftSet blocks{.name = "blocks", .key = {NftType::Ipv4Address, NftType::Port}};
    add_set(blocks);
    add_drop_if({nft_in({nft_masked(nft_source(Family::Ipv4), address("255.255.255.0")), nft_source_port()}, "blocks")});
    expect_accepted();
    EXPECT_THAT(text(), HasSubstr("ip saddr & 255.255.255.0 . th sport @blocks"));
}

TEST_F(RenderNft, VerdictMapsCountAndNameTheRule) {
    NftSet map{.name = "verdicts", .kind = NftSet::Kind::VerdictMap, .key = {NftType::Interface, NftType::Byte}};
    map.counts = true;
    map.elements = {{.from = nft_key({nft_ifindex(3), nft_u8(1)}), .verdict = nft_goto("other-chain"), .comment = "rule acl-1 100"},
                    {.from = nft_key({nft_ifindex(3), nft_u8(2)}), .verdict = nft_jump("other-chain")},
                    {.from = nft_key({nft_ifindex(4), nft_u8(2)}), .verdict = nft_return()},
                    {.from = nft_key({nft_ifindex(5), nft_u8(2)}), .verdict = nft_accept()},
                    {.from = nft_key({nft_ifindex(6), nft_u8(2)}), .verdict = NftVerdict{NftVerdict::Kind::Continue, {}}},
                    {.from = nft_key({nft_ifindex(7), nft_u8(2)}), .verdict = NftVerdict{NftVerdict::Kind::Drop, {}}}};
    add_set(map);
    add_rule({.statements = {nft_verdict_of({nft_iif(), nft_payload(NftHeader::Network, 9, 1)}, "verdicts")}, .comment = {}});
    expect_accepted();
    EXPECT_THAT(text(), HasSubstr("3 . 0x01 counter comment \"rule acl-1 100\" : goto other-chain"));
}

TEST_F(RenderNft, IntervalVerdictMapsAreAccepted) {
    NftSet map{.name = "verdicts", .kind = NftSet::Kind::VerdictMap, .key = {NftType::Ipv4Address}};
    map.is_interval = true;
    map.elements = {{.from = address("10.0.0.0"), .to = address("10.255.255.255"), .verdict = nft_accept()}};
    add_set(map);
    add_rule({.statements = {nft_verdict_of({nft_source(Family::Ipv4)}, "verdicts")}, .comment = "dispatch"});
    expect_accepted();
    EXPECT_THAT(text(), AllOf(HasSubstr("10.0.0.0/8 : accept"), HasSubstr("ip saddr vmap @verdicts comment \"dispatch\"")));
}

TEST_F(RenderNft, DynamicSetsAreChangedByRules) {
    NftSet flows{.name = "flows", .key = {NftType::Ipv4Address, NftType::Ipv4Address, NftType::Protocol, NftType::Port, NftType::Port}};
    flows.is_dynamic = true;
    flows.has_timeout = true;
    flows.timeout_ms = 350'000;
    flows.size = 1024;
    add_set(flows);
    NftSet counts{.name = "counts", .key = {NftType::Interface}};
    counts.is_dynamic = true;
    counts.counts = true;
    counts.size = 65536;
    add_set(counts);
    const std::vector<NftLoad> key{nft_source(Family::Ipv4), nft_destination(Family::Ipv4), nft_l4_protocol(), nft_source_port(),
                                   nft_destination_port()};
    add_rule({.statements = {NftUpdate{.key = key, .set = "flows"}, nft_return()}, .comment = {}});
    add_rule({.statements = {NftUpdate{.op = NftUpdate::Op::Add, .key = key, .set = "flows", .timeout_ms = 2'500}}, .comment = {}});
    add_rule({.statements = {NftUpdate{.op = NftUpdate::Op::Delete, .key = key, .set = "flows"}}, .comment = {}});
    add_rule({.statements = {NftUpdate{.key = {nft_iif()}, .set = "counts", .counts = true}}, .comment = {}});
    expect_accepted();
    EXPECT_THAT(text(),
                AllOf(HasSubstr("flags dynamic,timeout"), HasSubstr("timeout 350s"), HasSubstr("size 1024"), HasSubstr("timeout 2500ms }"),
                      HasSubstr("update @counts { iif counter }"), HasSubstr("delete @flows { ip saddr")));
}

TEST_F(RenderNft, DynamicDataMapsAreChangedByRules) {
    NftSet states{.name = "states", .kind = NftSet::Kind::DataMap, .key = {NftType::Ipv4Address, NftType::Port}, .data = NftType::Word};
    states.is_dynamic = true;
    states.has_timeout = true;
    states.size = 1024;
    add_set(states);
    NftSet askers{.name = "askers", .kind = NftSet::Kind::DataMap, .key = {NftType::Ipv4Address}, .data = NftType::Half};
    askers.is_dynamic = true;
    askers.size = 1024;
    add_set(askers);
    const std::vector<NftLoad> key{nft_source(Family::Ipv4), nft_source_port()};
    for (const auto op : {NftMapUpdate::Op::Add, NftMapUpdate::Op::Update, NftMapUpdate::Op::Delete}) {
        add_rule(
            {.statements = {NftMapUpdate{.op = op, .key = key, .map = "states", .data = nft_constant(nft_u32(7)), .timeout_ms = 5'000}},
             .comment = {}});
    }
    add_rule({.statements = {NftMapUpdate{.key = {nft_source(Family::Ipv4)}, .map = "askers", .data = nft_source_port()}}, .comment = {}});
    add_rule({.statements = {NftSetMark{.keep = 0xffff0fff, .bits = 0x5000}}, .comment = {}});
    expect_accepted();
    EXPECT_THAT(text(),
                AllOf(HasSubstr("update @states { ip saddr . th sport timeout 5s : @ll,0,32 & 0x0 | 0x00000007 }"),
                      HasSubstr("delete @states { ip saddr . th sport : @ll,0,32 & 0x0 | 0x00000000 }"),
                      HasSubstr("update @askers { ip saddr : th sport }"), HasSubstr("meta mark set meta mark & 4294905855 ^ 20480")));
}

TEST_F(RenderNft, MarksAreComparedAndLookedUpInHostOrder) {
    add_drop_if({nft_is(nft_masked(nft_meta(NftMeta::Mark), nft_ifindex(0xf000)), nft_ifindex(0x5000))});
    expect_accepted();
    EXPECT_THAT(text(), HasSubstr("meta mark & 61440 == 20480"));
}

TEST_F(RenderNft, PacketTypesAreLookedUp) {
    add_set({.name = "types", .key = {NftType::Byte, NftType::Interface}});
    add_drop_if({nft_in({nft_meta(NftMeta::PacketType), nft_iif()}, "types")});
    expect_accepted();
}

TEST_F(RenderNft, LimitsAndCountersAreAccepted) {
    add_drop_if({NftLimit{.packets = 100, .burst = 7, .is_over = true}, NftCounter{}});
    add_drop_if({NftLimit{.packets = 100}});
    expect_accepted();
    EXPECT_THAT(text(),
                AllOf(HasSubstr("limit rate over 100/second burst 7 packets counter drop"), HasSubstr("limit rate 100/second drop")));
}

TEST_F(RenderNft, ConstantInAKeyOfIntegersIsALoadWithAllBitsReplaced) {
    add_set({.name = "pairs", .key = {NftType::Byte, NftType::Port}});
    add_drop_if({nft_in({nft_constant(nft_u8(6)), nft_source_port()}, "pairs")});
    expect_accepted();
    EXPECT_THAT(nft(text(), "--debug=netlink"), HasSubstr("& 0x00000000 ) ^ 0x00000006"));
}

TEST_F(RenderNft, WhatCannotBeSaidIsACommentInItsPlace) {
    add_set({.name = "services", .key = {NftType::Protocol, NftType::Port}});
    NftSet targets{.name = "targets", .kind = NftSet::Kind::DataMap, .key = {NftType::Ipv4Address}, .data = NftType::EtherAddress};
    targets.elements = {{.from = address("192.0.2.1"), .data = mac("02:00:00:00:00:01")}};
    add_set(targets);
    add_drop_if({nft_in({nft_constant(nft_u8(6)), nft_source_port()}, "services")});
    add_drop_if({nft_is(nft_from_map("targets", {nft_source(Family::Ipv4)}, 6), mac("02:00:00:00:00:01"))});
    add_rule({.statements = {nft_jump("other-chain")}, .comment = "the next"});
    EXPECT_THAT(nft(text()), IsEmpty()) << text();
    EXPECT_THAT(text(),
                AllOf(HasSubstr("# no words for: @ll,0,8 & 0x0 | 0x06 . th sport @services drop"),
                      HasSubstr("# no words for: (ip saddr map @targets) == "), HasSubstr("jump other-chain comment \"the next\"")));
}

// Every lowering: nft takes what the command line prints, once the devices are there.
TEST_F(RenderNft, TextOfWholeModelsIsAccepted) {
    std::string batch = "link add br0 type bridge\n";
    for (const std::string device : {"up0", "tap-a", "tap-b", "tap-c", "tap-n"}) {
        batch.append("link add ").append(device).append(" type veth peer name i-").append(device).append("\n");
        batch.append("link set ").append(device).append(" master br0\n");
    }
    host_.ip(batch);
    for (const std::string model : {"link", "revoke-cut-both", "services-ec2", "host-rejecting"}) {
        ProgramOutcome outcome;
        {
            const NetNamespace::Entered entered = host_.enter();
            outcome = run_portcullis(directory_, {"render", PORTCULLIS_MODELS "/" + model + ".json"});
        }
        EXPECT_EQ(outcome.status, 0) << outcome.output;
        EXPECT_THAT(outcome.output, Not(HasSubstr("made up"))) << model;
        EXPECT_THAT(nft(outcome.output), IsEmpty()) << model;
    }
}

}  // namespace
}  // namespace portcullis::test
