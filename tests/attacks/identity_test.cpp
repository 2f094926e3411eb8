// SPDX-License-Identifier: Apache-2.0
// Attacks A20 and A50-A56: whose a flow is, how long it lives, and what it does not open: other ports, new instances under old numbers,
// exemptions, the way back through an ACL.
#include "tests/attacks/attack_test.h"

namespace portcullis::test {
namespace {

constexpr Place kVictim = Place::Victim, kAttacker = Place::Attacker, kNeighbour = Place::Neighbour, kOutside = Place::Outside;
const Path kIn = into(kVictim, kOutside);
const Path kOut = out_of(kVictim, kOutside);
constexpr std::uint16_t kAsker = 40000, kService = 4000;

class Identity : public AttackTest {};
PORTCULLIS_ATTACK_EVERYWHERE(Identity);

Packet datagram(Place from, Place to, std::uint16_t source, std::uint16_t destination) {
    return link(from, to) / ipv4(from, to) / udp(source, destination);
}
Packet segment(Place from, Place to, std::uint8_t flags, std::uint16_t source = kAsker, std::uint16_t destination = kService) {
    return link(from, to) / ipv4(from, to) / tcp(source, destination, flags);
}
Packet question() { return datagram(kVictim, kOutside, kAsker, kService); }
Packet answer() { return datagram(kOutside, kVictim, kService, kAsker); }
const std::string kAsk = permission("udp", kService, kService);
Documents asking(const Documents& more = {}) { return world({.victim_in = kNothing, .victim_out = kAsk}, more); }
Documents silent(const Documents& more = {}) { return world({.victim_in = kNothing, .victim_out = kNothing}, more); }

constexpr std::string_view kAllowOut =
    R"({"RuleNumber": 1, "Egress": true, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"})";
constexpr std::string_view kAllowIn =
    R"({"RuleNumber": 1, "Egress": false, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"})";
std::string acl(std::initializer_list<std::string_view> entries) {
    std::string joined;
    for (const std::string_view entry : entries) {
        joined += (joined.empty() ? "" : ", ") + std::string(entry);
    }
    return network_acl(joined);
}

// The attacker answers for the victim, from a port where it is nobody's flow.
TEST_P(Identity, A20AFlowOfOnePortOpensNoOther) {
    field.begin(world({.victim_in = kNothing, .victim_out = kAsk, .attacker_in = kNothing, .attacker_out = kNothing}));
    field.expect_pass(kOut, question());
    const Packet as_victim = link(kAttacker, kOutside) / ipv4(kVictim, kOutside) / udp(kAsker, kService);
    field.expect_drop(out_of(kAttacker, kOutside), as_victim, PC_REASON_source_address);
    field.expect_drop(
        out_of(kAttacker, kOutside),
        Ethernet{.source = mac_of(kVictim), .destination = mac_of(kOutside), .type = {}} / ipv4(kVictim, kOutside) / udp(kAsker, kService),
        PC_REASON_source_mac);
    field.expect_drop(into(kAttacker, kOutside), datagram(kOutside, kAttacker, kService, kAsker), PC_REASON_security_group);
    field.expect_pass(kIn, answer());
}

// Another tenant's network on a bridge of its own, with the victim's very MAC and address.
TEST_P(Identity, A20TheSameAddressAndMacOnAnotherBridgeIsAnotherFlow) {
    Documents two = world(
        {.victim_in = kNothing, .victim_out = kAsk, .neighbour_in = kNothing, .neighbour_out = kAsk},
        {R"({"Vpcs": [{"VpcId": "vpc-2", "CidrBlockAssociationSet": [{"CidrBlock": "192.0.2.0/24", "CidrBlockState": {"State": "associated"}}]}],
                               "Subnets": [{"SubnetId": "subnet-3", "VpcId": "vpc-2", "CidrBlock": "192.0.2.0/25"}]})"});
    two = edited(two, R"("eni-neighbour", "VpcId": "vpc-1", "SubnetId": "subnet-1", "MacAddress": "02:00:00:00:01:1e")",
                 R"("eni-neighbour", "VpcId": "vpc-2", "SubnetId": "subnet-3", "MacAddress": "02:00:00:00:01:0a")");
    two = edited(edited(two, R"("PrivateIpAddress": "192.0.2.30")", R"("PrivateIpAddress": "192.0.2.10")"),
                 R"([{"Ipv6Address": "2001:db8:1::30"}])", "[]");
    field.begin(world());
    const RawSocket other_host = field.part_neighbour();
    field.change(two);
    const Ledger dropped{{{kNeighbour, Direction::Inbound, PC_REASON_security_group}, 1}};
    const Ledger passed_out{{{kNeighbour, Direction::Outbound, PC_REASON_passed}, 1}};
    const Ledger passed_in{{{kNeighbour, Direction::Inbound, PC_REASON_passed}, 1}};
    // What is sent on the other bridge; the marker goes over the first.
    const auto counted_there = [&](const std::function<void()>& send) { return to_string(field.play(kOutside, send).counted); };
    field.expect_pass(kOut, question());
    EXPECT_EQ(counted_there([&] { other_host.send(answer().bytes()); }), to_string(dropped));
    EXPECT_EQ(field.flows(kNeighbour), 0u);
    field.expect_pass(kIn, answer());
    // Its own question opens it, for it alone.
    EXPECT_EQ(counted_there([&] { field.send(kNeighbour, question().bytes()); }), to_string(passed_out));
    EXPECT_EQ(counted_there([&] { other_host.send(answer().bytes()); }), to_string(passed_in));
    EXPECT_EQ(field.flows(kNeighbour), 1u);
    EXPECT_EQ(field.flows(kVictim), 1u);
    field.begin(world());
}

TEST_P(Identity, A50ARevokedRuleLeavesTheFlowAliveAndOpensNoOther) {
    field.begin(asking());
    field.expect_pass(kOut, question());
    field.expect_pass(kIn, answer());
    field.change(silent());
    field.expect_drop(kOut, datagram(kVictim, kOutside, kAsker + 1, kService), PC_REASON_security_group);
    field.expect_pass(kOut, question());
    field.expect_pass(kIn, answer());
}

TEST_P(Identity, A50ARevokedRuleCutsWhereTheOperatorSaysSo) {
    const Documents cut{R"({"Portcullis": {"OnRevoke": "cut"}})"};
    field.begin(asking(cut));
    field.expect_pass(kOut, question());
    field.expect_pass(kIn, answer());
    field.change(silent(cut));
    field.expect_drop(kIn, answer(), PC_REASON_security_group);
    field.expect_drop(kOut, question(), PC_REASON_security_group);
    field.change(asking(cut));
    field.expect_pass(kOut, question());
    field.expect_pass(kIn, answer());
}

TEST_P(Identity, A50AnAclThatDeniesCutsAtOnce) {
    field.begin(asking({acl({kAllowOut, kAllowIn})}));
    field.expect_pass(kOut, question());
    field.expect_pass(kIn, answer());
    field.change(asking({acl({kAllowOut})}));
    field.expect_drop(kIn, answer(), PC_REASON_network_acl);
    field.expect_pass(kOut, question());
    field.change(asking({acl({kAllowIn})}));
    field.expect_drop(kOut, question(), PC_REASON_network_acl);
    field.change(asking({acl({kAllowOut, kAllowIn})}));
    field.expect_pass(kOut, question());
    field.expect_pass(kIn, answer());
}

TEST_P(Identity, A50AnAddressThatGoesTakesItsFlowsAlong) {
    field.begin(asking());
    field.expect_pass(kOut, question());
    field.change(edited(asking(), R"("PrivateIpAddress": "192.0.2.10")", R"("PrivateIpAddress": "192.0.2.11")"));
    field.expect_drop(kIn, answer(), PC_REASON_destination_address);
    field.expect_drop(kOut, question(), PC_REASON_source_address);
    field.change(asking());
    field.expect_drop(kIn, answer(), PC_REASON_security_group);
    field.expect_pass(kOut, question());
    field.expect_pass(kIn, answer());
}

// An address that was the attacker's and is now the neighbour's: what the victim allowed the one is nothing to the other.
TEST_P(Identity, A50AnAddressThatMovesTakesNoFlowsAlong) {
    const std::string_view attackers = R"([{"PrivateIpAddress": "192.0.2.20"}])";
    const std::string_view neighbours = R"([{"PrivateIpAddress": "192.0.2.30"}])";
    const Documents before = world({.victim_in = kNothing, .victim_out = kAsk});
    field.begin(before);
    field.expect_pass(out_of(kVictim, kAttacker), datagram(kVictim, kAttacker, kAsker, kService));
    field.change(edited(edited(before, attackers, R"([{"PrivateIpAddress": "192.0.2.21"}])"), neighbours, attackers));
    const Packet from_new_owner = link(kNeighbour, kVictim) / ipv4(kAttacker, kVictim) / udp(kService, kAsker);
    field.expect_drop(into(kVictim, kNeighbour), from_new_owner, PC_REASON_security_group);
    field.expect_pass(out_of(kVictim, kNeighbour), link(kVictim, kNeighbour) / ipv4(kVictim, kAttacker) / udp(kAsker, kService));
    field.expect_pass(into(kVictim, kNeighbour), from_new_owner);
}

TEST_P(Identity, A51WhatIsDroppedRefreshesNothing) {
    const auto without_rule = [](std::initializer_list<std::string_view> entries) { return silent({acl(entries)}); };
    field.begin(asking({acl({kAllowOut, kAllowIn})}));
    field.expect_pass(kOut, question());
    field.change(without_rule({kAllowOut}));
    field.pass_time(20);
    field.expect_drop(kIn, answer(), PC_REASON_network_acl);
    const Packet malformed =
        link(kOutside, kVictim) / ipv4(kOutside, kVictim) / with(udp(kService, kAsker), [](Udp& header) { header.length = 4; });
    field.expect_drop(kIn, malformed, PC_REASON_transport_malformed);
    field.pass_time(11);
    field.expect_drop(kOut, question(), PC_REASON_security_group);
    // The same with a packet that passes.
    field.change(asking({acl({kAllowOut, kAllowIn})}));
    field.expect_pass(kOut, question());
    field.change(without_rule({kAllowOut, kAllowIn}));
    field.pass_time(20);
    field.expect_pass(kIn, answer());
    field.pass_time(11);
    field.expect_pass(kOut, question());
}

TEST_P(Identity, A52AnAnswerFitsItsQuestionExactlyAndInTime) {
    field.begin(asking());
    field.expect_pass(kOut, question());
    const auto from = [](std::string_view address) {
        return link(kOutside, kVictim) / with(ipv4(kOutside, kVictim), [&](Ipv4& header) { header.source = ip(address); }) /
               udp(kService, kAsker);
    };
    const Attack attacks[] = {
        {"from another port", datagram(kOutside, kVictim, kService + 1, kAsker), PC_REASON_security_group},
        {"to another port", datagram(kOutside, kVictim, kService, kAsker + 1), PC_REASON_security_group},
        {"from another address", from("198.51.100.8"), PC_REASON_security_group},
        {"the question sent back", datagram(kOutside, kVictim, kAsker, kService), PC_REASON_security_group},
        {"by TCP", segment(kOutside, kVictim, kAck, kService, kAsker), PC_REASON_security_group},
    };
    field.repel(kIn, attacks, answer());
    field.pass_time(179);
    field.expect_pass(kIn, answer());
    field.pass_time(181);
    field.expect_drop(kIn, answer(), PC_REASON_security_group);
    field.expect_pass(kOut, question());
    field.pass_time(31);
    field.expect_drop(kIn, answer(), PC_REASON_security_group);
}

TEST_P(Identity, A53TheSendersFlowOpensNothingAtTheReceiver) {
    field.begin(world({.victim_in = kNothing, .victim_out = kNothing, .attacker_in = kNothing, .attacker_out = kEverythingTracked}));
    const auto forth = [](Place to) { return datagram(kAttacker, to, kAsker, kService); };
    field.expect_drop(into(kVictim, kAttacker), forth(kVictim), PC_REASON_security_group);
    EXPECT_EQ(field.flows(kAttacker), 1u);
    EXPECT_EQ(field.flows(kVictim), 0u);
    // The attacker has a flow; the victim's answer to it is still something that the victim begins.
    field.expect_drop(out_of(kVictim, kAttacker), datagram(kVictim, kAttacker, kService, kAsker), PC_REASON_security_group);
    field.expect_drop(into(kVictim, kAttacker), segment(kAttacker, kVictim, kSyn), PC_REASON_security_group);
    field.expect_drop(out_of(kVictim, kAttacker), segment(kVictim, kAttacker, kSyn | kAck, kService, kAsker), PC_REASON_no_flow);
    field.expect_pass(into(kNeighbour, kAttacker), forth(kNeighbour));
}

TEST_P(Identity, A54ANewInstanceUnderOldNumbersInheritsNoFlow) {
    const Documents documents = world({.victim_in = permission("udp", kService, kService), .victim_out = kAsk});
    field.begin(documents);
    field.expect_pass(kOut, question());
    field.expect_pass(kIn, datagram(kOutside, kVictim, kAsker + 1, kService));
    field.replug(kVictim);
    field.change(documents);
    EXPECT_EQ(field.flows(kVictim), 0u);
    (void)field.play(kVictim, [] {});  // the bridge learns where it is
    field.expect_drop(kIn, answer(), PC_REASON_security_group);
    field.expect_drop(kOut, datagram(kVictim, kOutside, kService, kAsker + 1), PC_REASON_security_group);
    field.expect_pass(kOut, question());
    field.expect_pass(kIn, answer());
}

// The same device and addresses, given to another interface: its flows are its own.
TEST_P(Identity, A54AnotherInterfaceOnTheDeviceInheritsNoFlow) {
    field.begin(asking());
    field.expect_pass(kOut, question());
    field.change(edited(edited(asking(), "eni-victim", "eni-heir"), "eni-victim", "eni-heir"));
    field.expect_drop(kIn, answer(), PC_REASON_security_group);
    field.expect_pass(kOut, question());
    field.expect_pass(kIn, answer());
}

TEST_P(Identity, A55NobodyIsAServiceByWhatItsPacketsSay) {
    field.begin(world({.victim_in = kNothing, .victim_out = kNothing},
                      {R"({"Portcullis": {"Services": {"DnsResolvers": ["198.51.100.7"], "Metadata": ["169.254.169.254"]}}})"}));
    const Packet asked = datagram(kVictim, kOutside, kAsker, 53);
    const Packet answered = datagram(kOutside, kVictim, 53, kAsker);
    const Attack attacks[] = {
        {"an answer before the question", answered, PC_REASON_security_group},
        {"a question of the resolver", datagram(kOutside, kVictim, kAsker, 53), PC_REASON_security_group},
        {"a SYN from the resolver's port", segment(kOutside, kVictim, kSyn, 53, kAsker), PC_REASON_security_group},
        {"an answer of the resolver by TCP", segment(kOutside, kVictim, kSyn | kAck, 53, kAsker), PC_REASON_no_flow},
    };
    for (const Attack& attack : attacks) {
        SCOPED_TRACE(attack.what);
        field.expect_drop(kIn, attack.frame, attack.reason);
    }
    field.expect_drop(kOut, datagram(kVictim, kOutside, kAsker, 54), PC_REASON_security_group);
    field.expect_pass(kOut, asked);
    field.expect_pass(kIn, answered);
    const Packet as_resolver = link(kAttacker, kVictim) /
                               with(ipv4(kAttacker, kVictim), [](Ipv4& header) { header.source = ipv4_of(Place::Outside); }) /
                               udp(53, kAsker);
    field.expect_drop(out_of(kAttacker, kVictim), as_resolver, PC_REASON_source_address);
    const Packet as_metadata = link(kAttacker, kVictim) /
                               with(ipv4(kAttacker, kVictim), [](Ipv4& header) { header.source = ip("169.254.169.254"); }) /
                               tcp(80, kAsker, kSyn | kAck);
    field.expect_drop(out_of(kAttacker, kVictim), as_metadata, PC_REASON_source_address);
    field.expect_pass(kIn, answered);
}

TEST_P(Identity, A56TheWayBackNeedsAnAclEntryOfItsOwn) {
    const std::string_view web_in =
        R"({"RuleNumber": 100, "Egress": false, "RuleAction": "allow", "Protocol": "6", "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 4000, "To": 4000}})";
    const std::string_view low_out =
        R"({"RuleNumber": 100, "Egress": true, "RuleAction": "allow", "Protocol": "6", "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 0, "To": 1023}})";
    const std::string_view ephemeral_out =
        R"({"RuleNumber": 200, "Egress": true, "RuleAction": "allow", "Protocol": "6", "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 32768, "To": 60999}})";
    field.begin(world({}, {acl({web_in, low_out})}));
    field.expect_pass(kIn, segment(kOutside, kVictim, kSyn));
    field.expect_drop(kOut, segment(kVictim, kOutside, kSyn | kAck, kService, kAsker), PC_REASON_network_acl);
    field.expect_drop(kIn, segment(kOutside, kVictim, kSyn, kAsker, kService + 1), PC_REASON_network_acl);
    field.change(world({}, {acl({web_in, low_out, ephemeral_out})}));
    field.expect_pass(kOut, segment(kVictim, kOutside, kSyn | kAck, kService, kAsker));
}

TEST_P(Identity, A56TheLowestNumberDecidesWhateverTheGroupsAllow) {
    const std::string_view deny =
        R"({"RuleNumber": 2, "Egress": false, "RuleAction": "deny", "Protocol": "17", "CidrBlock": "198.51.100.0/24", "PortRange": {"From": 4000, "To": 4000}})";
    const std::string_view allow =
        R"({"RuleNumber": 3, "Egress": false, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"})";
    field.begin(world({}, {acl({allow, deny, kAllowOut})}));
    field.expect_drop(kIn, datagram(kOutside, kVictim, kAsker, kService), PC_REASON_network_acl);
    field.expect_pass(kIn, datagram(kOutside, kVictim, kAsker, kService + 1));
    field.expect_pass(into(kVictim, kAttacker), datagram(kAttacker, kVictim, kAsker, kService));  // in the subnet
    // Both deny: inbound the ACL comes first, outbound the groups.
    field.begin(silent({acl({kAllowOut})}));
    field.expect_drop(kIn, datagram(kOutside, kVictim, kAsker, kService), PC_REASON_network_acl);
    field.begin(silent({acl({kAllowIn})}));
    field.expect_drop(kOut, question(), PC_REASON_security_group);
    field.begin(asking({acl({kAllowIn, kAllowOut})}));
    field.expect_pass(kOut, question());
}

}  // namespace
}  // namespace portcullis::test
