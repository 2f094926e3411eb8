// SPDX-License-Identifier: Apache-2.0
// Attacks A12, A13 and A15: rogue DHCP servers, forged clients, DHCP as a tunnel, forged group memberships and queriers.
#include "tests/attacks/attack_test.h"

namespace portcullis::test {
namespace {

constexpr Place kVictim = Place::Victim, kAttacker = Place::Attacker, kNeighbour = Place::Neighbour, kOutside = Place::Outside;

class LinkServices : public AttackTest {
   protected:
    LinkServices() { field.begin(world()); }
};
PORTCULLIS_ATTACK_EVERYWHERE(LinkServices);

const Address kNone4 = ip("0.0.0.0"), kAll4 = ip("255.255.255.255");

struct Dhcp4 {
    std::uint8_t operation = 1;
    Address relay = kNone4;
    Mac client = mac_of(kAttacker);
    std::uint8_t hardware = 1, hardware_length = 6;
};
// The fixed part up to chaddr: 44 bytes.
Payload dhcp4(const Dhcp4& message) {
    Bytes body{message.operation, message.hardware, message.hardware_length, 0};
    body.resize(24);
    body.insert(body.end(), message.relay.bytes.begin(), message.relay.bytes.begin() + 4);
    body.insert(body.end(), message.client.bytes.begin(), message.client.bytes.end());
    body.resize(240);
    return {.bytes = body};
}
Ipv4 between(const Address& source, const Address& destination) {
    Ipv4 header;
    header.source = source;
    header.destination = destination;
    return header;
}
Ipv6 between6(const Address& source, const Address& destination, std::uint8_t hop_limit = 64) {
    Ipv6 header;
    header.source = source;
    header.destination = destination;
    header.hop_limit = hop_limit;
    return header;
}
Packet discover(const Dhcp4& message = {}, const Address& source = kNone4) {
    return link(kAttacker, kBroadcast) / between(source, kAll4) / udp(68, 67) / dhcp4(message);
}
const Mac kAllDhcp6Mac = mac("33:33:00:01:00:02");
const Address kAllDhcp6 = ip("ff02::1:2");
Packet solicit6(std::uint8_t type, const Address& source) {
    return link(kAttacker, kAllDhcp6Mac) / between6(source, kAllDhcp6) / udp(546, 547) / Payload{.bytes = {type, 1, 2, 3, 0, 1, 0, 2}};
}

TEST_P(LinkServices, A12AnInstanceIsNoDhcpServerWhateverItsGroupsSay) {
    const Dhcp4 reply{.operation = 2, .client = mac_of(kVictim)};
    const Payload advertise{.bytes = {2, 1, 2, 3, 0, 1, 0, 2}};
    const Address own6 = mac_of(kAttacker).link_local();
    const Ethernet frame = link(kAttacker, kVictim);
    const Attack attacks[] = {
        {"an offer to one", frame / ipv4(kAttacker, kVictim) / udp(67, 68) / dhcp4(reply), PC_REASON_dhcp},
        {"an offer to all", link(kAttacker, kBroadcast) / between(ipv4_of(kAttacker), kAll4) / udp(67, 68) / dhcp4(reply), PC_REASON_dhcp},
        {"an offer as the router", frame / between(ip("192.0.2.1"), ipv4_of(kVictim)) / udp(67, 68) / dhcp4(reply), PC_REASON_dhcp},
        {"from the server's port to any", frame / ipv4(kAttacker, kVictim) / udp(67, 4000), PC_REASON_dhcp},
        {"as a relay", frame / ipv4(kAttacker, kVictim) / udp(67, 67) / dhcp4({}), PC_REASON_dhcp},
        {"a reply from the client's port", frame / ipv4(kAttacker, kVictim) / udp(68, 67) / dhcp4({.operation = 2}), PC_REASON_dhcp},
        {"a DHCPv6 advertisement", frame / between6(own6, mac_of(kVictim).link_local()) / udp(547, 546) / advertise, PC_REASON_dhcp},
        {"a DHCPv6 reply", frame / ipv6(kAttacker, kVictim) / udp(547, 546) / Payload{.bytes = {7, 1, 2, 3}}, PC_REASON_dhcp},
        {"from the DHCPv6 server's port to any", frame / ipv6(kAttacker, kVictim) / udp(547, 4000), PC_REASON_dhcp},
        {"as a DHCPv6 relay", frame / ipv6(kAttacker, kVictim) / udp(547, 547) / Payload{.bytes = {12, 0, 0, 0}}, PC_REASON_dhcp},
    };
    field.repel(out_of(kAttacker, kVictim), attacks, frame / ipv4(kAttacker, kVictim) / udp(4000, 67));
    field.expect_pass(out_of(kAttacker, kVictim), frame / ipv6(kAttacker, kVictim) / udp(4000, 547));
}

TEST_P(LinkServices, A12AServerIsBelievedByWhereItsMessagesEntered) {
    const Dhcp4 reply{.operation = 2, .client = mac_of(kVictim)};
    const auto offer = [&](Place from, const Dhcp4& message) {
        return link(from, kVictim) / ipv4(from, kVictim) / udp(67, 68) / dhcp4(message);
    };
    field.expect_drop(into(kVictim, kOutside), offer(kOutside, reply), PC_REASON_dhcp);
    field.expect_drop(into(kVictim, Place::Host), offer(Place::Host, {.operation = 2, .client = mac_of(kNeighbour)}), PC_REASON_dhcp);
    field.expect_drop(into(kVictim, Place::Host), offer(Place::Host, {.operation = 1, .client = mac_of(kVictim)}), PC_REASON_dhcp);
    field.expect_pass(into(kVictim, Place::Host), offer(Place::Host, reply));

    field.begin(world({}, {R"({"Portcullis": {"Services": {"DhcpServers": [{"Address": "198.51.100.7"}]}}})"}));
    field.expect_drop(into(kVictim, Place::Host), offer(Place::Host, reply), PC_REASON_dhcp);
    field.expect_pass(into(kVictim, kOutside), offer(kOutside, reply));
    field.expect_drop(into(kVictim, kOutside),
                      link(kOutside, kVictim) / between(ip("198.51.100.8"), ipv4_of(kVictim)) / udp(67, 68) / dhcp4(reply), PC_REASON_dhcp);

    field.begin(world({}, {R"({"Portcullis": {"Services": {"DhcpServers": [{"Address": "198.51.100.7", "Device": "host"}]}}})"}));
    field.expect_drop(into(kVictim, kOutside), offer(kOutside, reply), PC_REASON_dhcp);
    field.expect_pass(into(kVictim, Place::Host),
                      link(Place::Host, kVictim) / between(ipv4_of(kOutside), ipv4_of(kVictim)) / udp(67, 68) / dhcp4(reply));
}

TEST_P(LinkServices, A13AClientAsksForItselfAndAsksServersAlone) {
    const Dhcp4 own;
    const auto to_victim = [](const Address& source, const Payload& message) {
        return link(kAttacker, kVictim) / between(source, ipv4_of(kVictim)) / udp(68, 67) / message;
    };
    const Attack attacks[] = {
        {"the victim's chaddr", discover({.client = mac_of(kVictim)}), PC_REASON_dhcp},
        {"a forged relay", discover({.relay = ipv4_of(kAttacker)}), PC_REASON_dhcp},
        {"another kind of link", discover({.hardware = 6}), PC_REASON_dhcp},
        {"a chaddr of 16 bytes", discover({.hardware_length = 16}), PC_REASON_dhcp},
        {"an operation that is none", discover({.operation = 0}), PC_REASON_dhcp},
        {"from the victim's address", discover(own, ipv4_of(kVictim)), PC_REASON_dhcp},
        {"cut before chaddr ends", link(kAttacker, kBroadcast) / between(kNone4, kAll4) / udp(68, 67) / Payload{.bytes = Bytes(43, 1)},
         PC_REASON_dhcp},
        {"a tunnel to the victim", to_victim(ipv4_of(kAttacker), dhcp4(own)), PC_REASON_dhcp},
        {"a tunnel without an address", to_victim(kNone4, dhcp4(own)), PC_REASON_dhcp},
        {"a tunnel of plain text", to_victim(ipv4_of(kAttacker), text("a tunnel of plain text, long enough for DHCP")), PC_REASON_dhcp},
        {"as a fragment",
         link(kAttacker, kBroadcast) / with(between(kNone4, kAll4), [](Ipv4& header) { header.more_fragments = true; }) / udp(68, 67) /
             dhcp4(own),
         PC_REASON_dhcp},
        {"a foreign source MAC",
         Ethernet{.source = mac_of(kVictim), .destination = kBroadcast, .type = {}} / between(kNone4, kAll4) / udp(68, 67) / dhcp4(own),
         PC_REASON_source_mac},
    };
    field.repel(out_of(kAttacker, kOutside), attacks, discover());
    field.expect_pass(out_of(kAttacker, kOutside), discover(own, ipv4_of(kAttacker)));
}

TEST_P(LinkServices, A13ADhcp6ClientAsksAsItselfAndAsksServersAlone) {
    const Address own = mac_of(kAttacker).link_local();
    const Attack attacks[] = {
        {"from the victim's address", solicit6(1, ipv6_of(kVictim)), PC_REASON_dhcp},
        {"from the victim's link-local address", solicit6(1, mac_of(kVictim).link_local()), PC_REASON_dhcp},
        {"from nobody", solicit6(1, ip("::")), PC_REASON_dhcp},
        {"a relay's message", solicit6(12, own), PC_REASON_dhcp},
        {"a server's message", solicit6(2, own), PC_REASON_dhcp},
        {"a tunnel to the victim", link(kAttacker, kVictim) / ipv6(kAttacker, kVictim) / udp(546, 547) / Payload{.bytes = {1, 1, 2, 3}},
         PC_REASON_dhcp},
        {"without a message", link(kAttacker, kAllDhcp6Mac) / between6(own, kAllDhcp6) / udp(546, 547), PC_REASON_dhcp},
    };
    field.repel(out_of(kAttacker, kOutside), attacks, solicit6(1, own));
}

TEST_P(LinkServices, A13AnotherInstanceNeverHearsAClient) {
    field.expect_drop(into(kVictim, kAttacker), discover(), PC_REASON_dhcp);
    field.expect_drop(into(kVictim, kAttacker), solicit6(1, mac_of(kAttacker).link_local()), PC_REASON_dhcp);
    field.expect_pass(into(kVictim, kAttacker), link(kAttacker, kVictim) / ipv4(kAttacker, kVictim) / udp(68, 68));
}

const Address kReports6 = ip("ff02::16");
const Mac kReports6Mac = mac("33:33:00:00:00:16");
// With the router alert that MLD goes with, or without.
Packet report6(const Address& source, std::uint8_t type = 143, std::uint8_t hop_limit = 1) {
    return link(kAttacker, kReports6Mac) / between6(source, kReports6, hop_limit) /
           ExtensionHeader{.number = 0, .body = {5, 2, 0, 0, 1, 0}} / Icmpv6{.type = type, .checksum = {}} / Payload{.bytes = Bytes(20)};
}
Packet bare6(const Address& source, std::uint8_t type) {
    return link(kAttacker, kReports6Mac) / between6(source, kReports6, 1) / Icmpv6{.type = type, .checksum = {}} /
           Payload{.bytes = Bytes(20)};
}

TEST_P(LinkServices, A15GroupMembershipIsReportedFromOwnAddressesAlone) {
    const Address own = mac_of(kAttacker).link_local();
    const Attack attacks[] = {
        {"from the victim's address", report6(mac_of(kVictim).link_local()), PC_REASON_multicast_listener},
        {"from the victim's address, bare", bare6(ipv6_of(kVictim), 131), PC_REASON_multicast_listener},
        {"a query", report6(own, 130), PC_REASON_multicast_listener},
        {"a query, bare", bare6(own, 130), PC_REASON_multicast_listener},
        {"hop limit 2", report6(own, 143, 2), PC_REASON_multicast_listener},
        {"hop limit 255", report6(own, 143, 255), PC_REASON_multicast_listener},
        {"as a first fragment",
         link(kAttacker, kReports6Mac) / between6(own, kReports6, 1) / FragmentHeader{.more = true, .id = 3} /
             Icmpv6{.type = 143, .checksum = {}} / Payload{.bytes = Bytes(20)},
         PC_REASON_multicast_listener},
        {"to one",
         link(kAttacker, kVictim) / between6(own, ipv6_of(kVictim), 1) / Icmpv6{.type = 143, .checksum = {}} / Payload{.bytes = Bytes(20)},
         PC_REASON_multicast_listener},
    };
    field.repel(out_of(kAttacker, kOutside), attacks, report6(own));
    for (const std::uint8_t type : std::initializer_list<std::uint8_t>{131, 132, 143}) {
        field.expect_pass(out_of(kAttacker, kOutside), bare6(own, type));
    }
    field.expect_pass(out_of(kAttacker, kOutside), report6(ip("::")));
}

Packet igmp(Place from, const Address& source, std::uint8_t type, std::uint8_t ttl = 1) {
    Ipv4 header = between(source, ip("224.0.0.22"));
    header.ttl = ttl;
    header.protocol = 2;
    header.options = {148, 4, 0, 0};  // router alert
    return link(from, mac("01:00:5e:00:00:16")) / header / Payload{.bytes = {type, 0, 0, 0, 0, 0, 0, 0}};
}

TEST_P(LinkServices, A15Ipv4GroupMembershipIsReportedFromOwnAddressesAlone) {
    const Address own = ipv4_of(kAttacker);
    const Attack attacks[] = {
        {"from the victim's address", igmp(kAttacker, ipv4_of(kVictim), 0x22), PC_REASON_multicast_listener},
        {"a query", igmp(kAttacker, own, 0x11), PC_REASON_multicast_listener},
        {"a query from nobody", igmp(kAttacker, kNone4, 0x11), PC_REASON_multicast_listener},
        {"a routing protocol's type", igmp(kAttacker, own, 0x13), PC_REASON_multicast_listener},
        {"TTL 2", igmp(kAttacker, own, 0x22, 2), PC_REASON_multicast_listener},
        {"cut",
         link(kAttacker, mac("01:00:5e:00:00:16")) /
             with(between(own, ip("224.0.0.22")),
                  [](Ipv4& header) {
                      header.ttl = 1;
                      header.protocol = 2;
                  }) /
             Payload{.bytes = {0x22, 0, 0, 0}},
         PC_REASON_multicast_listener},
    };
    field.repel(out_of(kAttacker, kOutside), attacks, igmp(kAttacker, own, 0x22));
    for (const std::uint8_t type : std::initializer_list<std::uint8_t>{0x12, 0x16, 0x17, 0x22}) {
        field.expect_pass(out_of(kAttacker, kOutside), igmp(kAttacker, own, type));
    }
    field.expect_pass(out_of(kAttacker, kOutside), igmp(kAttacker, kNone4, 0x22));
}

TEST_P(LinkServices, A15QueriesAreBelievedByWhereTheyEntered) {
    const auto query = [](Place from) {
        return link(from, mac("33:33:00:00:00:01")) / between6(mac_of(from).link_local(), ip("ff02::1"), 1) /
               Icmpv6{.type = 130, .checksum = {}} / Payload{.bytes = Bytes(20)};
    };
    field.expect_drop(into(kVictim, kOutside), query(kOutside), PC_REASON_multicast_listener);
    field.expect_pass(into(kVictim, Place::Host), query(Place::Host));
    field.expect_drop(into(kVictim, kOutside), igmp(kOutside, ipv4_of(kOutside), 0x11), PC_REASON_multicast_listener);
    field.expect_pass(into(kVictim, Place::Host), igmp(Place::Host, ipv4_of(Place::Host), 0x11));
    field.expect_drop(into(kVictim, Place::Host), igmp(Place::Host, ipv4_of(Place::Host), 0x22), PC_REASON_multicast_listener);
}

}  // namespace
}  // namespace portcullis::test
