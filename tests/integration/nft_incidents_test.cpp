// SPDX-License-Identifier: Apache-2.0
// What went wrong with rulesets that other programs wrote for bridges, does not happen here: one test for each row of "Incidents" in
// docs/nftables.md, with real frames, and with the nearest one that has to fare otherwise. Changes that fail, tools beside us, and what is
// easily written wider than it was meant. Rules that are rendered otherwise than they were said are in nft_rendering_incidents_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "compiler/lower_nft/lower_nft.h"
#include "fallback/nft_diff.h"
#include "fallback/nft_writer.h"
#include "tests/integration/nft_bridge.h"
#include "tests/support/packet_messages.h"
#include "tests/support/stacks.h"

namespace portcullis::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr Spot kAlice = 0, kBob = 1, kCarol = 2;

// Alice may open TCP 80 at Bob.
json alice_to_bob() {
    json model = bare_model(3);
    permit(model, group_of(kAlice), Direction::Outbound, {.from = 1, .to = 65535, .sources = {"10.0.0.0/8", "2001:db8::/32"}});
    permit(model, group_of(kBob), Direction::Inbound, {.from = 80, .to = 80, .sources = {group_of(kAlice)}});
    return model;
}

// The same, and at TCP 81.
json alice_to_bob_and_81() {
    json model = alice_to_bob();
    permit(model, group_of(kBob), Direction::Inbound, {.from = 81, .to = 81, .sources = {group_of(kAlice)}});
    return model;
}

Packet syn(std::uint16_t source_port, std::uint16_t destination_port, Family family = Family::Ipv4) {
    return headers(kAlice, kBob, family) / segment(source_port, destination_port);
}

// The thread may not administer networks, as long as this lives.
class Disarmed {
   public:
    Disarmed() {
        call(SYS_capget, former_);
        __user_cap_data_struct without[2] = {former_[0], former_[1]};
        without[0].effective &= ~(1U << CAP_NET_ADMIN);
        call(SYS_capset, without);
    }
    Disarmed(const Disarmed&) = delete;
    Disarmed& operator=(const Disarmed&) = delete;
    ~Disarmed() { call(SYS_capset, former_); }

   private:
    static void call(long number, __user_cap_data_struct* data) {
        __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
        if (::syscall(number, &header, data) != 0) {
            end_test_run("change the thread's capabilities");
        }
    }
    __user_cap_data_struct former_[2] = {};
};

class NftIncident : public testing::Test {
   protected:
    NftBridge bridge_;
};

// An image like the one that the documents make, but for what `spoil` does to its bridge table.
std::shared_ptr<const NftImage> image_of(const NftBridge& bridge, const json& model, const std::function<void(NftTable&)>& spoil) {
    const Ruleset ruleset = NftBridge::ruleset_of(model);
    const std::vector<DeviceBinding> devices = bridge.bindings(ruleset);
    auto image = std::make_shared<NftImage>(lower_nft(ruleset, devices, {}, NftBindings({}, ruleset, devices, {})));
    for (NftTable& table : image->tables) {
        if (table.family == NftFamily::Bridge) {
            spoil(table);
        }
    }
    normalise(*image);
    return image;
}

// A chain that jumps to itself, reached from a base chain: the kernel finds that out at the end of the transaction.
void add_loop(NftTable& table) {
    NftRule again{.statements = {NftVerdict{NftVerdict::Kind::Jump, "loop"}}, .comment = {}};
    for (NftChain& chain : table.chains) {
        if (chain.hook) {
            chain.rules.push_back(again);
        }
    }
    table.chains.push_back({.name = "loop", .hook = {}, .rules = {again}});
}

TEST_F(NftIncident, AnUpdateThatFailsLeavesTheFormerRulesInForce) {
    bridge_.apply(alice_to_bob());
    {
        const Disarmed disarmed;
        EXPECT_FALSE(bridge_.try_apply(alice_to_bob_and_81()));
    }
    bridge_.expect_pass(kAlice, kBob, syn(4000, 80));
    bridge_.expect_drop_in(kAlice, kBob, syn(4000, 81), PC_REASON_security_group);
    bridge_.expect_drop_out(kCarol, kBob, headers(kCarol, kBob) / segment(4000, 80), PC_REASON_security_group);
    bridge_.apply(alice_to_bob_and_81());
    bridge_.expect_pass(kAlice, kBob, syn(4001, 81));
}

TEST_F(NftIncident, ATransactionThatTheKernelRefusesChangesNothing) {
    bridge_.apply(alice_to_bob());
    const NetNamespace::Entered here = bridge_.host().host().enter();
    NftWriter writer = value_or_end(NftWriter::open(std::string(kNftTable), false), "open nf_tables");
    const auto refused = writer.write(image_of(bridge_, alice_to_bob_and_81(), add_loop));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, Not(IsEmpty()));
    bridge_.expect_pass(kAlice, kBob, syn(4000, 80));
    bridge_.expect_drop_in(kAlice, kBob, syn(4000, 81), PC_REASON_security_group);
    bridge_.expect_drop_out(kCarol, kBob, headers(kCarol, kBob) / segment(4000, 80), PC_REASON_security_group);
    EXPECT_TRUE(writer.write(image_of(bridge_, alice_to_bob_and_81(), [](NftTable&) {})));
    bridge_.expect_pass(kAlice, kBob, syn(4001, 81));
}

TEST_F(NftIncident, WhatIsBelievedAfterARefusalIsWhatTheKernelHas) {
    bridge_.apply(alice_to_bob());
    {
        const Disarmed disarmed;
        EXPECT_FALSE(bridge_.try_apply(alice_to_bob_and_81()));
    }
    EXPECT_EQ(bridge_.apply(alice_to_bob()), 0U) << "the former documents are in force whole";
    EXPECT_GT(bridge_.apply(alice_to_bob_and_81()), 0U) << "the refused ones are not, in no part";
    EXPECT_EQ(bridge_.apply(alice_to_bob_and_81()), 0U);
    bridge_.expect_pass(kAlice, kBob, syn(4000, 81));
}

TEST_F(NftIncident, OneBadRuleRefusesTheDocumentsAndTheOthersStayInForce) {
    bridge_.apply(alice_to_bob());
    for (const char* bad : {"10.0.0.0/33", "10.0.0.1/8x", "", "10.0.0.0/8; accept", "300.0.0.0/8", "2001:db8::/129"}) {
        json model = alice_to_bob_and_81();
        permit(model, group_of(kBob), Direction::Inbound, {.from = 82, .to = 82, .sources = {bad}});
        EXPECT_THAT(refusals_of(model), Not(IsEmpty())) << bad;
    }
    bridge_.expect_pass(kAlice, kBob, syn(4000, 80));
    bridge_.expect_drop_in(kAlice, kBob, syn(4000, 82), PC_REASON_security_group);
    EXPECT_THAT(refusals_of(alice_to_bob_and_81()), IsEmpty());
}

// Literals, a group and a prefix list in one permission; each has members of one family alone.
TEST_F(NftIncident, ASourceOfOneFamilyOpensNothingInTheOther) {
    json model = bare_model(3);
    model["NetworkInterfaces"][kCarol].erase("Ipv6Addresses");
    model["PrefixLists"] =
        json::array({{{"PrefixListId", "pl-6"}, {"PrefixListName", "six"}, {"Entries", json::array({{{"Cidr", "2001:db8:77::/48"}}})}}});
    for (const Spot from : {kAlice, kCarol}) {
        permit(model, group_of(from), Direction::Outbound, {.from = 1, .to = 65535, .sources = {"0.0.0.0/1", "::/1"}});
    }
    permit(model, group_of(kBob), Direction::Inbound, {.from = 22, .to = 22, .sources = {"203.0.113.0/24", group_of(kCarol), "pl-6"}});
    bridge_.apply(model);
    bridge_.expect_pass(kCarol, kBob, headers(kCarol, kBob) / segment(4000, 22));
    bridge_.expect_drop_in(kAlice, kBob, syn(4000, 22), PC_REASON_security_group);
    bridge_.expect_drop_in(kAlice, kBob, syn(4000, 22, Family::Ipv6), PC_REASON_security_group);
    bridge_.expect_drop_in(kOutside, kBob, headers(kOutside, kBob, Family::Ipv6) / segment(4000, 22), PC_REASON_security_group);
    const Packet listed = link_between(kOutside, kBob) /
                          Ipv6{.source = ip("2001:db8:77::1"), .destination = address_at(kBob, Family::Ipv6)} / segment(4000, 22);
    bridge_.expect_pass(kOutside, kBob, listed);
}

TEST_F(NftIncident, ListenerReportsPassBehindTheirHopByHopHeaderAndNothingElseDoes) {
    bridge_.apply(bare_model(3));
    const Address group = ip("ff02::1:3");
    const Ethernet link{.source = mac_at(kAlice), .destination = *group_mac(group), .type = {}};
    const Ipv6 header{.source = mac_at(kAlice).link_local(), .destination = group, .hop_limit = 1};
    const Bytes report = (link / header / router_alert6() / mld({.type = 131, .group = group})).bytes();
    const Bytes echo = (link / header / router_alert6() / Icmpv6{.type = 128}).bytes();
    const std::uint64_t passed = bridge_.count(kAlice, Direction::Outbound, PC_REASON_passed);
    EXPECT_TRUE(bridge_.arrives(kAlice, kOutside, report));
    EXPECT_EQ(bridge_.count(kAlice, Direction::Outbound, PC_REASON_passed), passed + 1);
    EXPECT_FALSE(bridge_.arrives(kAlice, kOutside, echo));
    EXPECT_EQ(bridge_.count(kAlice, Direction::Outbound, PC_REASON_passed), passed + 1);
}

std::string sysctl(const std::string& name) {
    std::ifstream file("/proc/sys/net/bridge/" + name);
    std::string value;
    file >> value;
    return value;
}

// A bridge is enforced whether or not it hands its frames to the IP layer's hooks, and nobody's setting is changed for that.
TEST(NftIncidentOfSettings, VerdictsAndSettingsAreTheSameWithAndWithoutBridgeNetfilter) {
    for (const bool calls_netfilter : {false, true}) {
        SCOPED_TRACE(calls_netfilter);
        NftBridge bridge({.calls_netfilter = calls_netfilter});
        bridge.apply(alice_to_bob());
        bridge.expect_pass(kAlice, kBob, syn(4000, 80));
        bridge.expect_drop_in(kAlice, kBob, syn(4000, 81), PC_REASON_security_group);
        bridge.expect_pass(kAlice, kBob, syn(4000, 80, Family::Ipv6));
        bridge.expect_drop_in(kAlice, kBob, syn(4000, 81, Family::Ipv6), PC_REASON_security_group);
        bridge.expect_drop_out(kCarol, kAlice, headers(kCarol, kAlice) / segment(4000, 80), PC_REASON_security_group);
        const NetNamespace::Entered here = bridge.host().host().enter();
        for (const char* name : {"bridge-nf-call-iptables", "bridge-nf-call-ip6tables", "bridge-nf-call-arptables"}) {
            EXPECT_EQ(sysctl(name), calls_netfilter ? "1" : "0") << name;
        }
        EXPECT_THAT(sysctl("../netfilter/nf_conntrack_count"), testing::AnyOf("0", "")) << "connection tracking was turned on for the host";
    }
}

// Rules of ours for Alice say nothing about a bridge of which no document speaks, nor about the rules that others have for it.
TEST_F(NftIncident, APortForwardOfAnUnmanagedBridgeGoesOn) {
    const NetNamespace guest, visitor;
    const NetNamespace& host = bridge_.host().host();
    host.ip(
        "link add br9 type bridge forward_delay 0 stp_state 0\nlink set br9 up\naddr add 192.0.2.1/25 dev br9\n"
        "link add g9 type veth peer name eth0 netns " +
        guest.path() +
        "\nlink set g9 master br9 up\n"
        "link add v9 type veth peer name eth0 netns " +
        visitor.path() + "\nlink set v9 up\naddr add 192.0.2.129/25 dev v9\n");
    guest.ip("link set eth0 up\naddr add 192.0.2.2/25 dev eth0\nroute add default via 192.0.2.1\n");
    visitor.ip("link set eth0 up\naddr add 192.0.2.130/25 dev eth0\n");
    host.set_sysctl("net/ipv4/ip_forward", "1");
    ASSERT_THAT(bridge_.run("nft 'add table ip others; add chain ip others forwards { type nat hook prerouting priority -100; };"
                            " add rule ip others forwards tcp dport 8080 dnat to 192.0.2.2:80'"),
                IsEmpty());
    const std::string before = bridge_.run("nft list table ip others");
    bridge_.apply(bare_model(3));
    const TcpListener listener(guest, ip("192.0.2.2"), 80);
    const TcpConnection attempt = connect_tcp(visitor, ip("192.0.2.130"), ip("192.0.2.129"), 8080);
    EXPECT_TRUE(wait_until([&] { return attempt.is_established() && listener.accept().has_value(); }));
    EXPECT_EQ(bridge_.run("nft list table ip others"), before);
    bridge_.expect_drop_out(kAlice, kBob, syn(4000, 80), PC_REASON_security_group);
}

// Everything is allowed, in both directions, to everybody, and name and time servers are exempt from the groups: who one is, is asked
// before that.
TEST_F(NftIncident, NoAllowanceComesBeforeTheCheckOfWhoSends) {
    json model = bare_model(3);
    for (Spot spot = kAlice; spot <= kCarol; ++spot) {
        for (const Direction direction : {Direction::Inbound, Direction::Outbound}) {
            permit(model, group_of(spot), direction, {.protocol = "-1", .sources = {"0.0.0.0/0", "::/0"}});
        }
    }
    model["Portcullis"]["Services"] = {{"DnsResolvers", json::array({"198.51.100.7"})}};
    bridge_.apply(model);
    Ethernet bobs_mac = link_between(kAlice, kOutside);
    bobs_mac.source = mac_at(kBob);
    const Ipv4 bobs_address{.source = address_at(kBob, Family::Ipv4), .destination = address_at(kOutside, Family::Ipv4)};
    const Ipv6 bobs_address6{.source = address_at(kBob, Family::Ipv6), .destination = address_at(kOutside, Family::Ipv6)};
    const Udp question = datagram(4000, 53);
    bridge_.expect_drop_out(kAlice, kOutside, link_between(kAlice, kOutside) / bobs_address / question, PC_REASON_source_address);
    bridge_.expect_drop_out(kAlice, kOutside, link_between(kAlice, kOutside) / bobs_address6 / question, PC_REASON_source_address);
    const Ipv4 own{.source = address_at(kAlice, Family::Ipv4), .destination = address_at(kOutside, Family::Ipv4)};
    bridge_.expect_drop_out(kAlice, kOutside, bobs_mac / own / question, PC_REASON_source_mac);
    bridge_.expect_pass(kAlice, kOutside, headers(kAlice, kOutside) / question);
    bridge_.expect_pass(kAlice, kOutside, headers(kAlice, kOutside, Family::Ipv6) / question);

    Arp reply{.operation = 2,
              .sender_mac = mac_at(kAlice),
              .sender = address_at(kBob, Family::Ipv4),
              .target_mac = mac_at(kCarol),
              .target = address_at(kCarol, Family::Ipv4)};
    bridge_.expect_drop_out(kAlice, kCarol, link_between(kAlice, kCarol) / reply, PC_REASON_arp);
    reply.sender = address_at(kAlice, Family::Ipv4);
    bridge_.expect_pass(kAlice, kCarol, link_between(kAlice, kCarol) / reply);
}

TEST(NftIncidentOfSettings, NoAcceptOfOthersOpensAndNoDropOfOthersIsOverridden) {
    NftBridge bridge({.calls_netfilter = true});
    bridge.apply(alice_to_bob());
    ASSERT_THAT(bridge.run("nft 'add table bridge early; add chain bridge early forward { type filter hook forward priority -300; };"
                           " add rule bridge early forward accept; add table inet late;"
                           " add chain inet late forward { type filter hook forward priority 0; }; add rule inet late forward accept'"),
                IsEmpty());
    bridge.expect_pass(kAlice, kBob, syn(4000, 80));
    bridge.expect_drop_in(kAlice, kBob, syn(4000, 81), PC_REASON_security_group);
    ASSERT_THAT(bridge.run("nft 'add rule inet late forward tcp dport 80 drop; flush chain inet late forward;"
                           " add rule inet late forward tcp dport 80 drop'"),
                IsEmpty());
    EXPECT_FALSE(bridge.arrives(kAlice, kBob, syn(4000, 80).bytes())) << "what others drop stays dropped";
    bridge.expect_drop_in(kAlice, kBob, syn(4000, 81), PC_REASON_security_group);
}

TEST_F(NftIncident, DocumentsInAnotherOrderWriteNothing) {
    json model = alice_to_bob();
    for (const Spot spot : {kAlice, kBob, kCarol}) {
        model["NetworkInterfaces"][spot]["Groups"].push_back({{"GroupId", "sg-all"}});
    }
    model["SecurityGroups"].push_back({{"GroupId", "sg-all"},
                                       {"GroupName", "all"},
                                       {"VpcId", "vpc-1"},
                                       {"IpPermissions", json::array()},
                                       {"IpPermissionsEgress", json::array()}});
    permit(model, "sg-all", Direction::Inbound,
           {.protocol = "udp", .from = 53, .to = 53, .sources = {"sg-all", "10.9.0.0/16", "10.8.0.0/16"}});
    permit(model, "sg-all", Direction::Inbound, {.protocol = "udp", .from = 54, .to = 54, .sources = {"10.7.0.0/16"}});
    bridge_.apply(model);
    for (const char* key : {"NetworkInterfaces", "SecurityGroups"}) {
        std::reverse(model[key].begin(), model[key].end());
    }
    for (json& group : model["SecurityGroups"]) {
        std::reverse(group["IpPermissions"].begin(), group["IpPermissions"].end());
    }
    EXPECT_EQ(bridge_.apply(model), 0U);
    permit(model, "sg-all", Direction::Inbound, {.protocol = "udp", .from = 55, .to = 55, .sources = {"10.6.0.0/16"}});
    EXPECT_GT(bridge_.apply(model), 0U);
}

// Ranges of addresses and of ports that lie within each other, overlap, touch and repeat: one after the other is no set that the kernel
// takes.
TEST_F(NftIncident, OverlappingRangesAreTakenAndMeanTheirUnion) {
    json model = bare_model(3);
    permit(model, group_of(kAlice), Direction::Outbound, {.from = 0, .to = 65535, .sources = {"10.0.0.0/8"}});
    const std::vector<std::string> sources{"10.0.0.0/8", "10.0.1.0/24", "10.0.1.10/32", "10.0.1.10/32", "10.0.0.0/9", "10.128.0.0/9"};
    permit(model, group_of(kBob), Direction::Inbound, {.from = 80, .to = 90, .sources = sources});
    permit(model, group_of(kBob), Direction::Inbound, {.from = 85, .to = 95, .sources = sources});
    permit(model, group_of(kBob), Direction::Inbound, {.from = 96, .to = 96, .sources = {"10.0.1.10/32"}});
    permit(model, group_of(kBob), Direction::Inbound, {.from = 82, .to = 82, .sources = {group_of(kAlice)}});
    bridge_.apply(model);
    for (const std::uint16_t port : std::vector<std::uint16_t>{80, 82, 85, 90, 95, 96}) {
        bridge_.expect_pass(kAlice, kBob, syn(4000, port));
    }
    for (const std::uint16_t port : std::vector<std::uint16_t>{79, 97}) {
        bridge_.expect_drop_in(kAlice, kBob, syn(4000, port), PC_REASON_security_group);
    }
}

// All ports of a protocol, and all protocols, are one element each and not one for every number.
TEST_F(NftIncident, AllPortsAreNotOneElementEach) {
    json model = alice_to_bob();
    const std::uint64_t writes = bridge_.apply(model);
    permit(model, group_of(kBob), Direction::Inbound,
           {.protocol = "udp", .from = 0, .to = 65535, .sources = {"10.0.0.0/9", "10.128.0.0/9"}});
    permit(model, group_of(kAlice), Direction::Outbound,
           {.protocol = "udp", .from = 0, .to = 65535, .sources = {"10.0.0.0/9", "10.128.0.0/9"}});
    EXPECT_LT(bridge_.apply(model), 2 * writes);
    for (const std::uint16_t port : std::vector<std::uint16_t>{0, 1, 32768, 65535}) {
        bridge_.expect_pass(kAlice, kBob, headers(kAlice, kBob) / datagram(4000, port));
    }
    bridge_.expect_drop_in(kAlice, kBob, syn(4000, 81), PC_REASON_security_group);
}

}  // namespace
}  // namespace portcullis::test
