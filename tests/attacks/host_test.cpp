// SPDX-License-Identifier: Apache-2.0
// Attacks A37 and A55: the host itself as the target: its tunnel devices, its ports, and what is believed because it entered somewhere.
#include "tests/attacks/attack_test.h"

namespace portcullis::test {
namespace {

constexpr Place kVictim = Place::Victim, kAttacker = Place::Attacker, kNeighbour = Place::Neighbour, kOutside = Place::Outside,
                kHost = Place::Host;
const Path kToHost = out_of(kAttacker, kHost);
constexpr std::uint16_t kVxlan = 4789, kGeneve = 6081;

class Host : public AttackTest {
   protected:
    static Packet datagram(Place to, std::uint16_t port) {
        return link(kAttacker, to) / ipv4(kAttacker, to) / udp(40000, port) / text("inner");
    }
    static Packet datagram6(Place to, std::uint16_t port) {
        return link(kAttacker, to) / ipv6(kAttacker, to) / udp(40000, port) / text("inner");
    }
    static Packet of_protocol(Place to, std::uint8_t number) {
        return link(kAttacker, to) / with(ipv4(kAttacker, to), [&](Ipv4& header) { header.protocol = number; }) /
               Payload{.bytes = Bytes(40)};
    }
    static HostFacts with_tunnels() {
        HostFacts facts = host_facts();
        facts.tunnels = {{.protocol = 17, .port = kVxlan}, {.protocol = 47, .port = 0}};
        return facts;
    }
};
PORTCULLIS_ATTACK_EVERYWHERE(Host);

TEST_P(Host, A37WhatATunnelOfTheHostWouldUnwrapIsDropped) {
    field.begin(world(), with_tunnels());
    const Attack attacks[] = {
        {"VXLAN", datagram(kHost, kVxlan), PC_REASON_host_tunnel},
        {"VXLAN over IPv6", datagram6(kHost, kVxlan), PC_REASON_host_tunnel},
        {"GRE", of_protocol(kHost, 47), PC_REASON_host_tunnel},
        {"VXLAN to the host's other address",
         link(kAttacker, kHost) / with(ipv6(kAttacker, kHost), [](Ipv6& h) { h.destination = mac_of(Place::Host).link_local(); }) /
             udp(1, kVxlan),
         PC_REASON_host_tunnel},
        {"the first fragment of VXLAN",
         link(kAttacker, kHost) / with(ipv4(kAttacker, kHost), [](Ipv4& h) { h.more_fragments = true; }) / udp(1, kVxlan),
         PC_REASON_host_tunnel},
        {"a fragment that might be VXLAN",
         link(kAttacker, kHost) /
             with(ipv4(kAttacker, kHost),
                  [](Ipv4& h) {
                      h.id = 9;
                      h.fragment_offset = 3;
                      h.protocol = 17;
                  }) /
             Payload{.bytes = Bytes(16)},
         PC_REASON_host_tunnel},
    };
    field.repel(kToHost, attacks, datagram(kHost, kGeneve));
    field.expect_pass(kToHost, of_protocol(kHost, 4));
    field.expect_pass(out_of(kAttacker, kVictim), datagram(kVictim, kVxlan));  // not the host's
    field.expect_pass(out_of(kAttacker, kOutside), of_protocol(kOutside, 47));
}

TEST_P(Host, A37WithoutSuchADeviceItIsOrdinaryTraffic) {
    field.begin(world());
    field.expect_pass(kToHost, datagram(kHost, kVxlan));
    field.expect_pass(kToHost, of_protocol(kHost, 47));
    field.begin(world({.attacker_out = kNothing}));
    field.expect_drop(kToHost, datagram(kHost, kVxlan), PC_REASON_security_group);
}

TEST_P(Host, A55TheHostIsReachedOnItsListedPortsAlone) {
    field.begin(world({}, {R"({"Portcullis": {"HostServices": [{"Protocol": "udp", "Port": 8080}]}})"}));
    const Packet asked = link(kHost, kAttacker) / ipv4(kHost, kAttacker) / udp(40000, 7);
    const Packet answered = link(kAttacker, kHost) / ipv4(kAttacker, kHost) / udp(7, 40000);
    const Attack attacks[] = {
        {"another port", datagram(kHost, 8081), PC_REASON_host_service},
        {"by TCP", link(kAttacker, kHost) / ipv4(kAttacker, kHost) / tcp(1, 8080, kSyn), PC_REASON_host_service},
        {"an ACK out of the blue", link(kAttacker, kHost) / ipv4(kAttacker, kHost) / tcp(1, 22, kAck), PC_REASON_host_service},
        {"ping", link(kAttacker, kHost) / ipv4(kAttacker, kHost) / Icmp{.checksum = {}}, PC_REASON_host_service},
        {"another protocol", of_protocol(kHost, 47), PC_REASON_host_service},
        {"over IPv6", datagram6(kHost, 22), PC_REASON_host_service},
        {"an answer to nobody", answered, PC_REASON_host_service},
        {"a fragment",
         link(kAttacker, kHost) /
             with(ipv4(kAttacker, kHost),
                  [](Ipv4& h) {
                      h.id = 10;
                      h.fragment_offset = 3;
                      h.protocol = 17;
                  }) /
             Payload{.bytes = Bytes(16)},
         PC_REASON_host_service},
    };
    field.repel(kToHost, attacks, datagram(kHost, 8080));
    field.expect_pass(into(kAttacker, kHost), asked);
    field.expect_pass(kToHost, answered);
    field.expect_pass(out_of(kAttacker, kVictim), datagram(kVictim, 8081));
}

TEST_P(Host, A55DeniedRangesAreDeniedBeforeAnythingElse) {
    field.begin(world({}, {R"({"Portcullis": {"Services": {"DnsResolvers": ["198.51.100.7"]},
                                              "Egress": {"DenyCidrs": ["198.51.100.0/24", {"Cidr": "2001:db8:9::/48", "NewOnly": true}]}}})"}));
    const Packet asked6 = link(kOutside, kAttacker) / ipv6(kOutside, kAttacker) / udp(40000, 7);
    const Packet answered6 = link(kAttacker, kOutside) / ipv6(kAttacker, kOutside) / udp(7, 40000);
    const Path path = out_of(kAttacker, kOutside);
    field.expect_drop(path, datagram(kOutside, 80), PC_REASON_deny_cidr);
    field.expect_drop(path, datagram(kOutside, 53), PC_REASON_deny_cidr);
    field.expect_drop(path, datagram6(kOutside, 80), PC_REASON_deny_cidr);
    field.expect_drop(path, answered6, PC_REASON_deny_cidr);
    field.expect_pass(into(kAttacker, kOutside), asked6);
    field.expect_pass(path, answered6);
    field.expect_pass(out_of(kAttacker, kVictim), datagram(kVictim, 80));
}

// A frame with a bound interface's MAC that entered by the uplink: somebody outside poses as the attacker or the neighbour.
TEST_P(Host, A55AnInterfaceIsBelievedByItsOwnPortAlone) {
    field.begin(world({.victim_in = R"([{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-neighbour"}]}])"}));
    const auto as_neighbour = [](const Mac& source_mac) {
        return Ethernet{.source = source_mac, .destination = mac_of(kVictim), .type = {}} / ipv4(kNeighbour, kVictim) / udp(1, 1);
    };
    field.expect_drop(into(kVictim, kOutside), as_neighbour(mac_of(kNeighbour)), PC_REASON_source_mac);
    field.expect_drop(into(kVictim, kOutside), as_neighbour(mac_of(kOutside)), PC_REASON_security_group);
    (void)field.play(kNeighbour, [] {});  // the bridge learns again where it is
    field.expect_pass(into(kVictim, kNeighbour), as_neighbour(mac_of(kNeighbour)));
    field.expect_pass(into(kVictim, kHost), as_neighbour(mac_of(kHost)));  // routed
}

TEST_P(Host, A55AServiceAnswersFromWhereServicesAre) {
    field.begin(
        world({.victim_in = kNothing, .victim_out = kNothing}, {R"({"Portcullis": {"Services": {"DnsResolvers": ["192.0.2.53"]}}})"}));
    const auto dns = [](Place place, bool is_question) {
        const auto edit = [&](Ipv4& header) { (is_question ? header.destination : header.source) = ip("192.0.2.53"); };
        return is_question ? link(kVictim, place) / with(ipv4(kVictim, place), edit) / udp(40000, 53)
                           : link(place, kVictim) / with(ipv4(place, kVictim), edit) / udp(53, 40000);
    };
    field.expect_pass(out_of(kVictim, kOutside), dns(kOutside, true));
    const Packet forged = dns(kAttacker, false);
    field.expect_drop(out_of(kAttacker, kVictim), forged, PC_REASON_source_address);
    field.expect_pass(into(kVictim, kOutside), dns(kOutside, false));
    field.expect_pass(into(kVictim, kHost), dns(kHost, false));
    // Even an instance without SourceDestCheck is no resolver.
    field.begin(edited(
        world({.victim_in = kNothing, .victim_out = kNothing}, {R"({"Portcullis": {"Services": {"DnsResolvers": ["192.0.2.53"]}}})"}),
        R"("NetworkInterfaceId": "eni-attacker", "VpcId")", R"("NetworkInterfaceId": "eni-attacker", "SourceDestCheck": false, "VpcId")"));
    field.expect_pass(out_of(kVictim, kOutside), dns(kOutside, true));
    field.expect_drop(out_of(kAttacker, kVictim), forged, PC_REASON_source_address);
    field.expect_pass(into(kVictim, kOutside), dns(kOutside, false));
}

}  // namespace
}  // namespace portcullis::test
