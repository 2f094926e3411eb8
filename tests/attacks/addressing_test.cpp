// SPDX-License-Identifier: Apache-2.0
// Attacks A08, A21, A22 and A58: addresses that are not the sender's, ports without any, groups as destinations, and what must not loosen
// it.
#include "tests/attacks/attack_test.h"

namespace portcullis::test {
namespace {

constexpr Place kVictim = Place::Victim, kAttacker = Place::Attacker, kOutside = Place::Outside;

class Addressing : public AttackTest {
   protected:
    Addressing() { field.begin(world()); }
};
PORTCULLIS_ATTACK_EVERYWHERE(Addressing);

Packet datagram(Place from, Place to) { return link(from, to) / ipv4(from, to) / udp(4000, 4000) / text("legal"); }
Packet datagram6(Place from, Place to) { return link(from, to) / ipv6(from, to) / udp(4000, 4000) / text("legal"); }
// A datagram from the attacker to the victim, with another source or destination.
Packet from_address(std::string_view source) {
    const Address address = ip(source);
    if (address.family == Family::Ipv4) {
        return link(kAttacker, kVictim) / with(ipv4(kAttacker, kVictim), [&](Ipv4& header) { header.source = address; }) / udp(4000, 4000);
    }
    return link(kAttacker, kVictim) / with(ipv6(kAttacker, kVictim), [&](Ipv6& header) { header.source = address; }) / udp(4000, 4000);
}
Packet to_address(Place from, const Ethernet& frame, std::string_view destination) {
    const Address address = ip(destination);
    if (address.family == Family::Ipv4) {
        return frame / with(ipv4(from, kVictim), [&](Ipv4& header) { header.destination = address; }) / udp(4000, 4000);
    }
    return frame / with(ipv6(from, kVictim), [&](Ipv6& header) { header.destination = address; }) / udp(4000, 4000);
}

// The victim's, the neighbour's, the router's, the host's, another tenant's, and what is nobody's.
constexpr std::string_view kForeignSources[] = {"192.0.2.10",
                                                "192.0.2.30",
                                                "192.0.2.1",
                                                "192.0.2.2",
                                                "192.0.2.99",
                                                "203.0.113.5",
                                                "198.51.100.7",
                                                "192.0.2.0",
                                                "192.0.2.127",
                                                "127.0.0.1",
                                                "0.0.0.0",
                                                "0.0.0.1",
                                                "255.255.255.255",
                                                "224.0.0.1",
                                                "239.1.2.3",
                                                "169.254.1.1",
                                                "169.254.169.254",
                                                "2001:db8:1::10",
                                                "2001:db8:1::30",
                                                "2001:db8:1::",
                                                "2001:db8:1::1",
                                                "2001:db8:9::7",
                                                "::",
                                                "::1",
                                                "::192.0.2.20",
                                                "::ffff:192.0.2.20",
                                                "64:ff9b::192.0.2.20",
                                                "2002:c000:214::1",
                                                "ff02::1",
                                                "ff05::2",
                                                "fe80::1",
                                                "fec0::20",
                                                "fe80::ff:fe00:10a"};

TEST_P(Addressing, A08ASourceThatIsNotTheSendersIsDropped) {
    for (const std::string_view source : kForeignSources) {
        SCOPED_TRACE(source);
        field.expect_drop(out_of(kAttacker, kVictim), from_address(source), PC_REASON_source_address);
    }
    field.expect_pass(out_of(kAttacker, kVictim), datagram(kAttacker, kVictim));
    field.expect_pass(out_of(kAttacker, kVictim), datagram6(kAttacker, kVictim));
    field.expect_pass(out_of(kAttacker, kVictim), from_address("fe80::ff:fe00:114"));
}

TEST_P(Addressing, A08EveryProtocolIsBound) {
    const Ipv4 forged = with(ipv4(kAttacker, kVictim), [](Ipv4& header) { header.source = ipv4_of(Place::Neighbour); });
    const Ethernet frame = link(kAttacker, kVictim);
    const Attack attacks[] = {
        {"SYN", frame / forged / tcp(4000, 80, kSyn), PC_REASON_source_address},
        {"ACK", frame / forged / tcp(4000, 80, kAck), PC_REASON_source_address},
        {"RST", frame / forged / tcp(4000, 80, kRst), PC_REASON_source_address},
        {"SYN+ACK", frame / forged / tcp(80, 4000, kSyn | kAck), PC_REASON_source_address},
        {"an echo request", frame / forged / Icmp{.checksum = {}}, PC_REASON_source_address},
        {"an echo reply", frame / forged / Icmp{.type = 0, .checksum = {}}, PC_REASON_source_address},
        {"an unreachable", frame / forged / Icmp{.type = 3, .checksum = {}} / Payload{.bytes = Bytes(28)}, PC_REASON_source_address},
        {"GRE", frame / with(forged, [](Ipv4& header) { header.protocol = 47; }) / Payload{.bytes = Bytes(8)}, PC_REASON_source_address},
    };
    field.repel(out_of(kAttacker, kVictim), attacks, datagram(kAttacker, kVictim));
}

TEST_P(Addressing, A08NothingIsDeliveredThatIsNotForTheReceiver) {
    const Ethernet frame = link(kOutside, kVictim);
    for (const std::string_view destination : {"192.0.2.20", "192.0.2.127", "192.0.2.255", "198.51.100.9", "127.0.0.1", "0.0.0.0",
                                               "2001:db8:1::20", "2001:db8:1::", "fe80::1", "::1", "::ffff:192.0.2.10"}) {
        SCOPED_TRACE(destination);
        field.expect_drop(into(kVictim, kOutside), to_address(kOutside, frame, destination), PC_REASON_destination_address);
    }
    field.expect_pass(into(kVictim, kOutside), datagram(kOutside, kVictim));
    field.expect_pass(into(kVictim, kOutside), datagram6(kOutside, kVictim));
}

// The attacker's interface with nothing but a MAC.
Documents without_addresses() {
    return edited(edited(world(), R"([{"PrivateIpAddress": "192.0.2.20"}])", "[]"), R"([{"Ipv6Address": "2001:db8:1::20"}])", "[]");
}

TEST_P(Addressing, A21APortWithoutAddressesSendsDiscoveryAndDhcpAlone) {
    field.begin(without_addresses());
    const Path path = out_of(kAttacker, kOutside);
    const Ethernet frame = link(kAttacker, kOutside);
    const Address own = mac_of(kAttacker).link_local();
    const auto link_local = [&](const char* to) {
        Ipv6 header;
        header.source = own;
        header.destination = ip(to);
        return header;
    };
    const Packet discover = link(kAttacker, kBroadcast) /
                            with(ipv4(kAttacker, kOutside),
                                 [](Ipv4& header) {
                                     header.source = ip("0.0.0.0");
                                     header.destination = ip("255.255.255.255");
                                 }) /
                            udp(68, 67) / [] {
                                Bytes body(240);
                                body[0] = body[1] = 1;
                                body[2] = 6;
                                const Mac client = mac_of(kAttacker);
                                std::copy(client.bytes.begin(), client.bytes.end(), body.begin() + 28);
                                return Payload{.bytes = body};
                            }();
    const Attack attacks[] = {
        {"the address it once had", frame / ipv4(kAttacker, kOutside) / udp(1, 1), PC_REASON_source_address},
        {"an IPv4 link-local address", from_address("169.254.7.7"), PC_REASON_source_address},
        {"the link-local address to the outside", frame / link_local("2001:db8:9::7") / udp(1, 1), PC_REASON_source_address},
        {"the link-local address to the victim's", link(kAttacker, kVictim) / link_local("fe80::ff:fe00:10a") / udp(1, 1),
         PC_REASON_source_address},
        {"ARP", link(kAttacker, kBroadcast) / arp(1, kAttacker, kVictim), PC_REASON_arp},
    };
    field.repel(path, attacks, discover);
    field.expect_drop(into(kAttacker, kOutside), link(kOutside, kAttacker) / ipv4(kOutside, kAttacker) / udp(1, 1),
                      PC_REASON_destination_address);
}

constexpr std::string_view kAllowAll =
    R"({"RuleNumber": 1, "Egress": false, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"},
       {"RuleNumber": 1, "Egress": true, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"},
       {"RuleNumber": 2, "Egress": false, "RuleAction": "allow", "Protocol": "-1", "Ipv6CidrBlock": "::/0"},
       {"RuleNumber": 2, "Egress": true, "RuleAction": "allow", "Protocol": "-1", "Ipv6CidrBlock": "::/0"})";

TEST_P(Addressing, A58WhatLoosensOtherStagesLeavesTheBindingAsItIs) {
    const Documents loose = world({}, {network_acl(kAllowAll), R"({"Portcullis": {"Services": "ec2"}})"});
    field.begin(with_port(loose, kAttacker, R"("AllowedAddresses": [{"Address": "192.0.2.50/32", "Mac": "00:00:5e:00:01:33"}],
                                              "Multicast": ["224.0.0.18"])"));
    const Packet allowed = from_address("192.0.2.50");
    const auto with_mac = [](std::string_view source_mac) {
        return Ethernet{.source = mac(source_mac), .destination = mac_of(kVictim), .type = {}} / ipv4(kAttacker, kVictim) / udp(1, 1);
    };
    for (const std::string_view source : kForeignSources) {
        SCOPED_TRACE(source);
        field.expect_drop(out_of(kAttacker, kVictim), from_address(source), PC_REASON_source_address);
    }
    const Attack attacks[] = {
        {"the address beside the allowed one", from_address("192.0.2.51"), PC_REASON_source_address},
        {"the MAC beside the allowed one", with_mac("00:00:5e:00:01:34"), PC_REASON_source_mac},
        {"the victim's MAC", with_mac("02:00:00:00:01:0a"), PC_REASON_source_mac},
        {"a service's address", from_address("169.254.169.253"), PC_REASON_source_address},
        {"the listed group as source", from_address("224.0.0.18"), PC_REASON_source_address},
    };
    field.repel(out_of(kAttacker, kVictim), attacks, allowed);
    field.expect_pass(out_of(kAttacker, kVictim), with_mac("00:00:5e:00:01:33"));
}

TEST_P(Addressing, A58WithoutSourceDestCheckNobodyPosesAsTheInfrastructure) {
    const std::string_view eni = R"("NetworkInterfaceId": "eni-attacker", "VpcId")";
    field.begin(
        edited(world({}, {R"({"Portcullis": {"Services": {"DnsResolvers": ["198.51.100.53"], "DhcpServers": [{"Address": "198.51.100.67"}],
                                    "Routers": [{"Mac": "02:00:00:00:00:fe", "Addresses": ["192.0.2.1", "2001:db8:1::1"]}]}}})"}),
               eni, R"("NetworkInterfaceId": "eni-attacker", "SourceDestCheck": false, "VpcId")"));
    for (const std::string_view source :
         {"127.0.0.1", "0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "169.254.1.1", "192.0.2.1", "198.51.100.53", "198.51.100.67",
          "::", "::1", "::ffff:192.0.2.20", "ff02::1", "fe80::1", "fe80::ff:fe00:10a", "2001:db8:1::1"}) {
        SCOPED_TRACE(source);
        field.expect_drop(out_of(kAttacker, kVictim), from_address(source), PC_REASON_source_address);
    }
    field.expect_pass(out_of(kAttacker, kVictim), from_address("203.0.113.5"));
    field.expect_pass(out_of(kAttacker, kVictim), from_address("2001:db8:7::5"));
    field.expect_drop(out_of(kVictim, kAttacker),
                      link(kVictim, kAttacker) / with(ipv4(kVictim, kAttacker), [](Ipv4& header) { header.source = ip("203.0.113.5"); }) /
                          udp(4000, 4000),
                      PC_REASON_source_address);
}

TEST_P(Addressing, A22GroupsAndBroadcastsCarryNothingBetweenInstances) {
    const Mac group4 = mac("01:00:5e:00:00:fb"), group6 = mac("33:33:00:00:00:fb");
    const Attack attacks[] = {
        {"limited broadcast", to_address(kAttacker, link(kAttacker, kBroadcast), "255.255.255.255"), PC_REASON_multicast},
        {"the subnet's broadcast address", to_address(kAttacker, link(kAttacker, kBroadcast), "192.0.2.127"), PC_REASON_multicast},
        {"an address in a broadcast frame", to_address(kAttacker, link(kAttacker, kBroadcast), "192.0.2.10"), PC_REASON_multicast},
        {"an address in a multicast frame", to_address(kAttacker, link(kAttacker, group4), "192.0.2.10"), PC_REASON_multicast},
        {"an IPv6 address in a multicast frame", to_address(kAttacker, link(kAttacker, group6), "2001:db8:1::10"), PC_REASON_multicast},
        {"multicast DNS", to_address(kAttacker, link(kAttacker, group4), "224.0.0.251"), PC_REASON_multicast},
        {"multicast DNS, IPv6", to_address(kAttacker, link(kAttacker, group6), "ff02::fb"), PC_REASON_multicast},
        {"VRRP",
         link(kAttacker, mac("01:00:5e:00:00:12")) /
             with(ipv4(kAttacker, kVictim),
                  [](Ipv4& header) {
                      header.destination = ip("224.0.0.18");
                      header.protocol = 112;
                  }) /
             Payload{.bytes = Bytes(20)},
         PC_REASON_multicast},
        {"an echo request to all nodes",
         link(kAttacker, mac("33:33:00:00:00:01")) /
             with(ipv6(kAttacker, kVictim), [](Ipv6& header) { header.destination = ip("ff02::1"); }) / Icmpv6{.checksum = {}},
         PC_REASON_multicast},
        {"a group in a unicast frame", to_address(kAttacker, link(kAttacker, kVictim), "224.0.0.251"), PC_REASON_multicast},
        {"broadcast in a unicast frame", to_address(kAttacker, link(kAttacker, kVictim), "255.255.255.255"), PC_REASON_multicast},
        {"an IPv6 group in a unicast frame", to_address(kAttacker, link(kAttacker, kVictim), "ff02::fb"), PC_REASON_multicast},
    };
    field.repel(out_of(kAttacker, kVictim), attacks, datagram(kAttacker, kVictim));
}

TEST_P(Addressing, A22GroupsFromOutsideReachNoInstance) {
    const Attack attacks[] = {
        {"limited broadcast", to_address(kOutside, link(kOutside, kBroadcast), "255.255.255.255"), PC_REASON_multicast},
        {"an address in a broadcast frame", to_address(kOutside, link(kOutside, kBroadcast), "192.0.2.10"), PC_REASON_multicast},
        {"multicast DNS", to_address(kOutside, link(kOutside, mac("01:00:5e:00:00:fb")), "224.0.0.251"), PC_REASON_multicast},
        {"a group in a unicast frame", to_address(kOutside, link(kOutside, kVictim), "224.0.0.251"), PC_REASON_multicast},
    };
    field.repel(into(kVictim, kOutside), attacks, datagram(kOutside, kVictim));
}

}  // namespace
}  // namespace portcullis::test
