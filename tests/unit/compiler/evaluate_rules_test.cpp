// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 1, 6 and 8: groups, ACLs and the order of the two.
#include "tests/unit/compiler/evaluate_office.h"

namespace portcullis::test {
namespace {

const Ethernet kFromA{.source = kMacA, .destination = kRouter};
const Ethernet kToA{.source = kRouter, .destination = kMacA};
const Prefix kEverywhere = prefix("0.0.0.0/0");
const Prefix kEverywhere6 = prefix("::/0");

Packet out_of_a(const Address& remote, const Layer& transport) {
    if (remote.family == Family::Ipv6) {
        return Packet{.layers = {kFromA, Ipv6{.source = kA6, .destination = remote}, transport}};
    }
    return Packet{.layers = {kFromA, Ipv4{.source = kA, .destination = remote}, transport}};
}
Packet into_a(const Address& remote, const Layer& transport) {
    if (remote.family == Family::Ipv6) {
        return Packet{.layers = {kToA, Ipv6{.source = remote, .destination = kA6}, transport}};
    }
    return Packet{.layers = {kToA, Ipv4{.source = remote, .destination = kA}, transport}};
}
Tcp syn(std::uint16_t port) { return {.source_port = 40000, .destination_port = port}; }
Udp datagram(std::uint16_t port) { return {.source_port = 40000, .destination_port = port}; }

// eni-a with one group that has these inbound rules alone.
Bench with_ingress(const std::vector<SecurityGroupRule>& ingress) {
    Bench bench;
    SecurityGroup one = group("sg-1");
    one.rules[static_cast<int>(Direction::Inbound)] = ingress;
    regroup(bench.model, "eni-a", {one});
    return bench;
}
Verdict arriving(const std::vector<SecurityGroupRule>& ingress, const Packet& packet, const Entrance& entrance = kHost) {
    return with_ingress(ingress).in("eni-a", packet, entrance);
}

TEST(EvaluateGroups, AreAUnionOverTheInterfacesGroups) {
    Bench bench;
    SecurityGroup one = group("sg-1");
    SecurityGroup two = group("sg-2");
    one.rules[1] = {allow(tcp(80), kEverywhere)};
    two.rules[1] = {allow(tcp(443), kEverywhere)};
    regroup(bench.model, "eni-a", {one, two});
    EXPECT_THAT(bench.in("eni-a", into_a(kOutside, syn(80))), Passes());
    EXPECT_THAT(bench.in("eni-a", into_a(kOutside, syn(443))), Passes());
    EXPECT_THAT(bench.in("eni-a", into_a(kOutside, syn(22))), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateGroups, WithoutARuleInADirectionNothingMayStartInIt) {
    Bench bench = with_ingress({allow(kAll, kEverywhere)});
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside, syn(80))), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.in("eni-a", into_a(kOutside, syn(80))), Passes());
}

TEST(EvaluateGroups, InterfaceWithoutGroupsLetsNothingPass) {
    Bench bench;
    interface_of(bench.model, "eni-a").group_ids.clear();
    EXPECT_THAT(bench.out("eni-a", out_of_a(kB, datagram(53))), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.in("eni-a", into_a(kB, datagram(53)), by_port("eni-b")), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateGroups, BothSidesCountInsideOneGroupAndSubnet) {
    Bench bench;
    SecurityGroup out_only = group("sg-1");
    out_only.rules[0] = {allow(kAll, kEverywhere)};
    regroup(bench.model, "eni-a", {out_only});
    interface_of(bench.model, "eni-b").group_ids = {"sg-1"};
    const Packet packet = Ethernet{.source = kMacA, .destination = kMacB} / Ipv4{.source = kA, .destination = kB} / syn(80);
    EXPECT_THAT(bench.out("eni-a", packet), Passes());
    EXPECT_THAT(bench.in("eni-b", packet, by_port("eni-a")), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateGroups, RuleMatchesRemoteProtocolAndDestinationPort) {
    const std::vector<SecurityGroupRule> ingress = {allow({.protocol = 6, .from_port = 80, .to_port = 90}, prefix("198.51.100.0/24"))};
    EXPECT_THAT(arriving(ingress, into_a(kOutside, syn(80))), Passes());
    EXPECT_THAT(arriving(ingress, into_a(kOutside, syn(90))), Passes());
    EXPECT_THAT(arriving(ingress, into_a(kOutside, syn(79))), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(arriving(ingress, into_a(kOutside, syn(91))), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(arriving(ingress, into_a(kOutside, datagram(80))), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(arriving(ingress, into_a(ip("198.51.101.7"), syn(80))), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(arriving(ingress, into_a(kOutside, Tcp{.source_port = 80, .destination_port = 9})), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateGroups, ProtocolMinusOneMatchesEverything) {
    for (const Layer& transport : std::vector<Layer>{syn(80), datagram(80), Icmp{.type = 3}}) {
        EXPECT_THAT(arriving({allow(kAll, kEverywhere)}, into_a(kOutside, transport)), Passes());
    }
    const Packet gre = kToA / Ipv4{.source = kOutside, .destination = kA, .protocol = 47};
    EXPECT_THAT(arriving({allow(kAll, kEverywhere)}, gre), Passes());
}

TEST(EvaluateGroups, IcmpComparesTypeAndCode) {
    const auto verdict = [](const Traffic& traffic, const Icmp& message) {
        return arriving({allow(traffic, kEverywhere)}, into_a(kOutside, message));
    };
    EXPECT_THAT(verdict(icmp(3, 4), Icmp{.type = 3, .code = 4}), Passes());
    EXPECT_THAT(verdict(icmp(3, 4), Icmp{.type = 3, .code = 3}), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(verdict(icmp(3), Icmp{.type = 3, .code = 3}), Passes());
    EXPECT_THAT(verdict(icmp(3), Icmp{.type = 11}), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(verdict(icmp(-1), Icmp{.type = 11}), Passes());
    EXPECT_THAT(verdict(icmp(-1, 0), Icmp{.type = 11}), DropsAs(PC_REASON_security_group)) << "a code with any type matches nothing";
}

TEST(EvaluateGroups, IcmpAndIcmpv6NeverMatchEachOther) {
    Traffic icmpv6 = icmp(-1);
    icmpv6.protocol = 58;
    EXPECT_THAT(arriving({allow(icmp(-1), kEverywhere6)}, into_a(kOutside6, Icmpv6{})), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(arriving({allow(icmpv6, kEverywhere)}, into_a(kOutside, Icmp{})), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(arriving({allow(icmpv6, kEverywhere6)}, into_a(kOutside6, Icmpv6{})), Passes());
}

TEST(EvaluateGroups, OtherProtocolsMatchWhateverThePortsSay) {
    const Packet sctp = kToA / Ipv4{.source = kOutside, .destination = kA, .protocol = 132} / Payload{Bytes(12)};
    EXPECT_THAT(arriving({allow({.protocol = 132, .from_port = 5, .to_port = 5}, kEverywhere)}, sctp), Passes());
    EXPECT_THAT(arriving({allow({.protocol = 50}, kEverywhere)}, sctp), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateGroups, CidrNeverMatchesTheOtherFamily) {
    EXPECT_THAT(arriving({allow(kAll, kEverywhere)}, into_a(kOutside6, syn(80))), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(arriving({allow(kAll, kEverywhere6)}, into_a(kOutside, syn(80))), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateGroups, PrefixListMatchesItsEntries) {
    Bench bench = with_ingress({allow(tcp(80), PrefixListReference{"pl-1"}), allow(tcp(80), PrefixListReference{"pl-none"})});
    bench.model.prefix_lists = {{.id = "pl-1", .is_known = true, .cidrs = {prefix("198.51.100.0/25"), prefix("2001:db8:ffff::/48")}}};
    EXPECT_THAT(bench.in("eni-a", into_a(kOutside, syn(80))), Passes());
    EXPECT_THAT(bench.in("eni-a", into_a(kOutside6, syn(80))), Passes());
    EXPECT_THAT(bench.in("eni-a", into_a(ip("198.51.100.129"), syn(80))), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateGroups, ListOfUnknownContentsMatchesNothing) {
    Bench bench = with_ingress({allow(tcp(80), PrefixListReference{"pl-1"})});
    bench.model.prefix_lists = {{.id = "pl-1", .is_known = false, .cidrs = {kEverywhere}}};
    EXPECT_THAT(bench.in("eni-a", into_a(kOutside, syn(80))), DropsAs(PC_REASON_security_group));
}

Bench referring_to_members() {
    Bench bench = with_ingress({allow(tcp(80), GroupReference{"sg-member"})});
    bench.model.security_groups.push_back(group("sg-member"));
    return bench;
}

TEST(EvaluateReferences, MatchEveryAddressOfEveryInterfaceThatCarriesTheGroup) {
    Bench bench = referring_to_members();
    for (const char* id : {"eni-b", "eni-far"}) {
        interface_of(bench.model, id).group_ids.push_back("sg-member");
    }
    interface_of(bench.model, "eni-b").addresses.push_back(ip("10.0.1.77"));
    interface_of(bench.model, "eni-b").delegated_prefixes = {prefix("10.0.1.128/28")};
    for (const Address& member : {kB, kB6, ip("10.0.1.77"), ip("10.0.1.143")}) {
        EXPECT_THAT(bench.in("eni-a", into_a(member, syn(80)), by_port("eni-b")), Passes()) << member.to_string();
    }
    EXPECT_THAT(bench.in("eni-a", into_a(kFar, syn(80)), kUplink), Passes()) << "on another host";
    EXPECT_THAT(bench.in("eni-a", into_a(kC, syn(80)), by_port("eni-c")), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.in("eni-a", into_a(ip("10.0.1.144"), syn(80)), by_port("eni-b")), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateReferences, DoNotMatchLinkLocalAddresses) {
    Bench bench = referring_to_members();
    interface_of(bench.model, "eni-b").group_ids.push_back("sg-member");
    const Packet packet =
        Ethernet{.source = kMacB, .destination = kMacA} / Ipv6{.source = kMacB.link_local(), .destination = kMacA.link_local()} / syn(80);
    EXPECT_THAT(bench.in("eni-a", packet, by_port("eni-b")), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateReferences, BringNoRulesOfTheGroup) {
    Bench bench = with_ingress({allow(tcp(80), GroupReference{"sg-open"})});
    EXPECT_THAT(bench.in("eni-a", into_a(kB, syn(80)), by_port("eni-b")), Passes());
    EXPECT_THAT(bench.in("eni-a", into_a(kB, syn(22)), by_port("eni-b")), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.in("eni-a", into_a(kOutside, syn(80))), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateReferences, MembershipAloneAllowsNothing) {
    Bench bench = with_ingress({});
    interface_of(bench.model, "eni-b").group_ids = {"sg-1", "sg-open"};
    EXPECT_THAT(bench.in("eni-a", into_a(kB, syn(80)), by_port("eni-b")), DropsAs(PC_REASON_security_group));
    Bench self = with_ingress({allow(kAll, GroupReference{"sg-1"})});
    interface_of(self.model, "eni-b").group_ids = {"sg-1"};
    EXPECT_THAT(self.in("eni-a", into_a(kB, syn(80)), by_port("eni-b")), Passes());
}

TEST(EvaluateReferences, UnknownGroupMatchesNothing) {
    Bench bench = with_ingress({allow(kAll, GroupReference{"sg-unknown"})});
    interface_of(bench.model, "eni-b").group_ids = {"sg-unknown"};
    EXPECT_THAT(bench.in("eni-a", into_a(kB, syn(80)), by_port("eni-b")), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateReferences, BoundAddressCountsOnlyFromItsOwnPortOrTheHost) {
    const auto verdict = [](const Entrance& entrance) {
        Bench bench = referring_to_members();
        interface_of(bench.model, "eni-b").group_ids.push_back("sg-member");
        return bench.in("eni-a", into_a(kB, syn(80)), entrance);
    };
    EXPECT_THAT(verdict(by_port("eni-b")), Passes());
    EXPECT_THAT(verdict(kHost), Passes());
    EXPECT_THAT(verdict(kUplink), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(verdict(by_port("eni-c")), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateReferences, CidrRulesApplyToABoundAddressFromElsewhere) {
    EXPECT_THAT(arriving({allow(tcp(80), prefix("10.0.1.0/24"))}, into_a(kB, syn(80)), kUplink), Passes());
}

Bench with_peer() {
    Bench bench = with_ingress({allow(tcp(80), GroupReference{"sg-peer"})});
    bench.model.vpcs.push_back({.id = "vpc-2", .cidrs = {prefix("10.1.0.0/16")}});
    SecurityGroup peer = group("sg-peer");
    peer.vpc_id = "vpc-2";
    bench.model.security_groups.push_back(peer);
    NetworkInterface far = network_interface("eni-peer", "subnet-9", mac("02:00:00:00:00:99"), {ip("10.1.0.5"), ip("10.0.1.20")});
    far.vpc_id = "vpc-2";
    far.group_ids = {"sg-peer"};
    bench.model.network_interfaces.push_back(far);
    return bench;
}

TEST(EvaluateReferences, ToAPeeredGroupMatchesItsInterfacesOutsideTheOwnBlocks) {
    EXPECT_THAT(with_peer().in("eni-a", into_a(ip("10.1.0.5"), syn(80)), kUplink), Passes());
    EXPECT_THAT(with_peer().in("eni-a", into_a(ip("10.1.0.6"), syn(80)), kUplink), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(with_peer().in("eni-a", into_a(ip("10.0.1.20"), syn(80)), kUplink), DropsAs(PC_REASON_security_group))
        << "an address of the own VPC's blocks";
}

TEST(EvaluateReferences, ToAnOwnGroupDoNotReachIntoAnotherVpc) {
    Bench bench = with_ingress({allow(kAll, GroupReference{"sg-member"})});
    bench.model.security_groups.push_back(group("sg-member"));
    NetworkInterface other = network_interface("eni-other", "subnet-9", mac("02:00:00:00:00:99"), {kOutside});
    other.vpc_id = "vpc-2";
    other.group_ids = {"sg-member"};
    bench.model.network_interfaces.push_back(other);
    EXPECT_THAT(bench.in("eni-a", into_a(kOutside, syn(80)), kUplink), DropsAs(PC_REASON_security_group));
}

// ---- network ACLs

NetworkAclEntry entry(std::uint16_t number, bool allows, const Traffic& traffic, const Prefix& cidr) {
    return {.number = number, .allow = allows, .traffic = traffic, .cidr = cidr};
}
// One ACL with these entries in both directions, for subnet-1.
Bench with_acl(const std::vector<NetworkAclEntry>& entries) {
    Bench bench;
    bench.model.has_network_acls = true;
    NetworkAcl acl{.id = "acl-1", .vpc_id = "vpc-1", .subnet_ids = {"subnet-1"}};
    acl.entries[0] = acl.entries[1] = entries;
    bench.model.network_acls = {acl};
    return bench;
}

TEST(EvaluateAcl, IsJudgedOnlyAcrossTheSubnetsBoundary) {
    Bench bench = with_acl({});
    EXPECT_THAT(bench.out("eni-a", out_of_a(kB, syn(80))), Passes());
    EXPECT_THAT(bench.out("eni-a", out_of_a(kB6, syn(80))), Passes());
    EXPECT_THAT(bench.out("eni-a", out_of_a(kC, syn(80))), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(bench.out("eni-a", out_of_a(kC6, syn(80))), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside, syn(80))), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(bench.in("eni-a", into_a(kB, syn(80)), by_port("eni-b")), Passes());
    EXPECT_THAT(bench.in("eni-a", into_a(kC, syn(80)), by_port("eni-c")), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(bench.out("eni-a", out_of_a(ip("10.0.1.200"), syn(80))), Passes()) << "nobody's, but of the subnet's block";
}

TEST(EvaluateAcl, AnInterfacesSubnetCountsNotTheBlockOfItsAddress) {
    Bench bench = with_acl({});
    interface_of(bench.model, "eni-c").addresses.push_back(ip("10.0.1.50"));
    interface_of(bench.model, "eni-c").delegated_prefixes = {prefix("10.0.1.64/28")};
    interface_of(bench.model, "eni-b").addresses.push_back(ip("10.0.2.50"));
    EXPECT_THAT(bench.out("eni-a", out_of_a(ip("10.0.1.50"), syn(80))), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(bench.out("eni-a", out_of_a(ip("10.0.1.70"), syn(80))), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(bench.out("eni-a", out_of_a(ip("10.0.2.50"), syn(80))), Passes());
}

TEST(EvaluateAcl, LinkLocalAddressIsInTheSubnetOfItsInterface) {
    Bench bench = with_acl({});
    const auto towards = [](const Address& remote) { return kFromA / Ipv6{.source = kMacA.link_local(), .destination = remote} / syn(80); };
    EXPECT_THAT(bench.out("eni-a", towards(kMacB.link_local())), Passes());
    EXPECT_THAT(bench.out("eni-a", towards(kMacFar.link_local())), Passes());
    EXPECT_THAT(bench.out("eni-a", towards(kMacC.link_local())), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(bench.out("eni-a", towards(ip("fe80::1"))), DropsAs(PC_REASON_network_acl));
}

TEST(EvaluateAcl, LinkLocalAddressFromAnUplinkIsOutside) {
    Bench bench = with_acl({});
    const Packet packet = kToA / Ipv6{.source = kMacB.link_local(), .destination = kMacA.link_local()} / syn(80);
    EXPECT_THAT(bench.in("eni-a", packet, kUplink), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(bench.in("eni-a", packet, by_port("eni-b")), Passes());
}

TEST(EvaluateAcl, BoundAddressFromElsewhereIsOutside) {
    Bench bench = with_acl({});
    EXPECT_THAT(bench.in("eni-a", into_a(kB, syn(80)), kUplink), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(bench.in("eni-a", into_a(kFar, syn(80)), kUplink), Passes()) << "on another host";
    EXPECT_THAT(bench.in("eni-a", into_a(kB, syn(80)), kHost), Passes());
}

TEST(EvaluateAcl, LowestRuleNumberDecidesWhateverTheOrderOfTheDocuments) {
    Bench bench =
        with_acl({entry(200, true, kAll, kEverywhere), entry(100, false, tcp(80), kEverywhere), entry(50, true, tcp(443), kEverywhere)});
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside, syn(80))), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside, syn(443))), Passes());
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside, datagram(80))), Passes());
}

TEST(EvaluateAcl, NoMatchDenies) {
    Bench bench = with_acl({entry(100, true, tcp(80), prefix("203.0.113.0/24"))});
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside, syn(80))), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside6, syn(80))), DropsAs(PC_REASON_network_acl));
}

TEST(EvaluateAcl, JudgesEveryPacketOfAFlow) {
    Bench bench = with_acl({});
    bench.model.network_acls[0].entries[0] = {entry(100, true, kAll, kEverywhere)};
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside, syn(80))), Passes());
    const Packet answer = into_a(kOutside, Tcp{.source_port = 80, .destination_port = 40000, .flags = kSyn | kAck});
    EXPECT_THAT(bench.in("eni-a", answer), DropsAs(PC_REASON_network_acl));
}

TEST(EvaluateAcl, ComparesTypeAndCodeOfThePacketAtHand) {
    Bench bench = with_acl({});
    bench.model.network_acls[0].entries[0] = {entry(100, true, icmp(8), kEverywhere)};
    bench.model.network_acls[0].entries[1] = {entry(100, true, icmp(0), kEverywhere)};
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside, Icmp{.type = 8, .identifier = 1})), Passes());
    EXPECT_THAT(bench.in("eni-a", into_a(kOutside, Icmp{.type = 0, .identifier = 1})), Passes());
    EXPECT_THAT(bench.in("eni-a", into_a(kOutside, Icmp{.type = 8, .identifier = 1})), DropsAs(PC_REASON_network_acl));
}

TEST(EvaluateAcl, SubnetWithoutOneHasTheDefaultOfItsVpc) {
    Bench bench = with_acl({});
    NetworkAcl fallback{.id = "acl-0", .vpc_id = "vpc-1", .is_default = true};
    fallback.entries[0] = {entry(100, true, kAll, kEverywhere)};
    bench.model.network_acls.insert(bench.model.network_acls.begin(), fallback);
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside, syn(80))), DropsAs(PC_REASON_network_acl)) << "subnet-1 has its own";
    const Packet of_c = Ethernet{.source = kMacC, .destination = kRouter} / Ipv4{.source = kC, .destination = kOutside} / syn(80);
    EXPECT_THAT(bench.out("eni-c", of_c), Passes());
}

TEST(EvaluateAcl, SubnetWithNeitherIsDenied) {
    Bench bench;
    bench.model.has_network_acls = true;
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside, syn(80))), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(bench.out("eni-a", out_of_a(kB, syn(80))), Passes());
}

// ---- order of stages, and labels

TEST(EvaluateOrder, OutboundTheGroupsComeBeforeTheAclAndInboundAfterIt) {
    Bench bench = with_acl({});
    regroup(bench.model, "eni-a", {group("sg-empty")});
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside, syn(80))), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.in("eni-a", into_a(kOutside, syn(80))), DropsAs(PC_REASON_network_acl));
    const Tcp answer{.source_port = 80, .destination_port = 9, .flags = kSyn | kAck};
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside, answer)), DropsAs(PC_REASON_no_flow));
    EXPECT_THAT(bench.in("eni-a", into_a(kOutside, answer)), DropsAs(PC_REASON_network_acl));
}

TEST(EvaluateLabels, NameEveryRuleThatAllowsAndTheEntry) {
    Bench bench = with_acl({entry(100, true, kAll, kEverywhere)});
    SecurityGroup one = group("sg-1");
    one.rules[0] = {allow(tcp(80), kEverywhere), {.id = "sgr-7", .traffic = kAll, .source = kEverywhere}, allow(tcp(81), kEverywhere)};
    regroup(bench.model, "eni-a", {one});
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside, syn(80))),
                NamesRules(rules({"sg-1 egress tcp 80 to 0.0.0.0/0", "sgr-7", "acl-1 egress 100 ipv4"})));
}

TEST(EvaluateLabels, NameTheEntryThatDeniesAndWhatLetThePacketGetThere) {
    Bench bench = with_acl({entry(100, false, kAll, kEverywhere)});
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside, syn(80))),
                NamesRules(rules({"sg-open egress all to 0.0.0.0/0", "acl-1 egress 100 ipv4"})));
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside6, syn(80))), NamesRules(rules({"sg-open egress all to ::/0"}))) << "no entry";
    EXPECT_THAT(bench.in("eni-a", into_a(kOutside, syn(80))), NamesRules(rules({"acl-1 ingress 100 ipv4"}))) << "the first stage";
}

TEST(EvaluateLabels, AreNoneForWhatRidesOnAFlow) {
    Bench bench;
    bench.claim("eni-a").track_all = true;
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside, datagram(53))), NamesRules(rules({"sg-open egress all to 0.0.0.0/0"})));
    EXPECT_THAT(bench.out("eni-a", out_of_a(kOutside, datagram(53))), NamesRules(rules({})));
}

}  // namespace
}  // namespace portcullis::test
