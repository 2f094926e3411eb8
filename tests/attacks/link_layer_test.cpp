// SPDX-License-Identifier: Apache-2.0
// Attacks A01-A04 and A16-A19: forged and flooded MAC addresses, tags, foreign frame formats and link protocols.
#include <algorithm>

#include "tests/attacks/attack_test.h"

namespace portcullis::test {
namespace {

constexpr Place kVictim = Place::Victim, kAttacker = Place::Attacker, kNeighbour = Place::Neighbour, kOutside = Place::Outside;

class LinkLayer : public AttackTest {
   protected:
    LinkLayer() { field.begin(world()); }
};
PORTCULLIS_ATTACK_EVERYWHERE(LinkLayer);

Packet datagram(Place from, Place to) { return link(from, to) / ipv4(from, to) / udp(4000, 4000) / text("legal"); }
Packet datagram6(Place from, Place to) { return link(from, to) / ipv6(from, to) / udp(4000, 4000) / text("legal"); }
Packet datagram_in(const Ethernet& frame) { return frame / ipv4(kAttacker, kVictim) / udp(4000, 4000) / text("forged"); }
Packet question(Place from, Place target) { return link(from, kBroadcast) / arp(1, from, target); }

Packet raw(const Ethernet& frame, Bytes bytes) {
    bytes.resize(std::max<std::size_t>(bytes.size(), 46));
    return frame / Payload{.bytes = std::move(bytes)};
}
Ethernet as(const Mac& source) { return {.source = source, .destination = mac_of(kVictim), .type = {}}; }

TEST_P(LinkLayer, A01ASpoofedSourceMacIsDroppedBeforeTheBridgeLearnsIt) {
    const Mac stranger = mac("02:00:00:00:66:66");
    const std::vector<std::string> learned = field.forwarding_entries();
    const Attack attacks[] = {
        {"IPv4", datagram_in(as(stranger)), PC_REASON_source_mac},
        {"IPv6", as(stranger) / ipv6(kAttacker, kVictim) / udp(1, 1), PC_REASON_source_mac},
        {"ARP", of_type(as(stranger), 0x0806) / arp(2, kAttacker, kVictim), PC_REASON_source_mac},
        {"LLDP", raw(of_type({.source = stranger, .destination = mac("01:80:c2:00:00:0e"), .type = {}}, 0x88cc), {}), PC_REASON_ethertype},
        {"spanning tree", raw(of_type({.source = stranger, .destination = mac("01:80:c2:00:00:00"), .type = {}}, 38), {0x42, 0x42, 3}),
         PC_REASON_ethertype},
        {"a tag", as(stranger) / Vlan{.id = 7, .type = {}} / ipv4(kAttacker, kVictim) / udp(1, 1), PC_REASON_vlan},
    };
    field.repel(out_of(kAttacker, kVictim), attacks, datagram(kAttacker, kVictim));
    EXPECT_EQ(field.forwarding_entries(), learned);
}

TEST_P(LinkLayer, A02AFloodOfSourceMacsLeavesTheForwardingTableAsItWas) {
    constexpr std::uint16_t kMacs = 1000;
    const std::vector<std::string> learned = field.forwarding_entries();
    EXPECT_EQ(learned.size(), 4u) << "three instances and the outside";
    const Battlefield::Round round = field.play(kAttacker, [&] {
        for (std::uint16_t i = 0; i < kMacs; ++i) {
            const Mac forged{{0x02, 0x66, 0, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}};
            field.send(kAttacker, datagram_in(as(forged)).bytes());
        }
    });
    EXPECT_EQ(to_string(round.counted), to_string({{{kAttacker, Direction::Outbound, PC_REASON_source_mac}, kMacs}}));
    EXPECT_TRUE(round.heard.empty());
    EXPECT_EQ(field.forwarding_entries(), learned);
    field.expect_pass(out_of(kAttacker, kVictim), datagram(kAttacker, kVictim));
}

TEST_P(LinkLayer, A03ASourceMacThatIsAGroupZeroOrSomebodyElsesIsDropped) {
    const std::vector<std::string> learned = field.forwarding_entries();
    const Attack attacks[] = {
        {"multicast", datagram_in(as(mac("03:00:00:00:01:14"))), PC_REASON_source_mac},
        {"broadcast", datagram_in(as(kBroadcast)), PC_REASON_source_mac},
        {"zero", datagram_in(as(Mac{})), PC_REASON_source_mac},
        {"the bridge's", datagram_in(as(mac_of(Place::Host))), PC_REASON_source_mac},
        {"the victim's", datagram_in(as(mac_of(kVictim))), PC_REASON_source_mac},
        {"the neighbour's", datagram_in(as(mac_of(kNeighbour))), PC_REASON_source_mac},
    };
    field.repel(out_of(kAttacker, kVictim), attacks, datagram(kAttacker, kVictim));
    EXPECT_EQ(field.forwarding_entries(), learned) << "the bridge was told that somebody moved";
}

TEST_P(LinkLayer, A03AFrameFromOutsideWithTheReceiversOwnMacIsDropped) {
    const Ethernet forged{.source = mac_of(kVictim), .destination = kBroadcast, .type = {}};
    field.expect_drop(into(kVictim, kOutside),
                      forged / with(arp(1, kOutside, kVictim), [](Arp& message) { message.sender_mac = mac_of(Place::Victim); }),
                      PC_REASON_source_mac);
    field.expect_pass(into(kVictim, kOutside), question(kOutside, kVictim));
}

// Until the bridge has learned where the victim is it sends its frames everywhere.
TEST_P(LinkLayer, A04AFloodedFrameReachesItsAddresseeAlone) {
    field.ip("link set p1 type bridge_slave learning off\nlink set br0 type bridge fdb_flush\n");
    const Bytes frame = datagram(kAttacker, kVictim).bytes();
    Battlefield::Round round = field.play(kAttacker, [&] { field.send(kAttacker, frame); });
    field.ip("link set p1 type bridge_slave learning on\n");
    EXPECT_EQ(to_string(round.counted), to_string({{{kAttacker, Direction::Outbound, PC_REASON_passed}, 1},
                                                   {{kVictim, Direction::Inbound, PC_REASON_passed}, 1},
                                                   {{kNeighbour, Direction::Inbound, PC_REASON_destination_mac}, 1}}));
    EXPECT_EQ(round.heard[kVictim], std::vector<Bytes>{frame});
    EXPECT_TRUE(round.heard[kNeighbour].empty());
    EXPECT_EQ(round.heard[kOutside], std::vector<Bytes>{frame}) << "the uplink, which nobody guards, shows that it was flooded";
}

const Attack kTags[] = {
    {"a tag", link(kAttacker, kVictim) / Vlan{.id = 7, .type = {}} / ipv4(kAttacker, kVictim) / udp(1, 1), PC_REASON_vlan},
    {"a priority tag", link(kAttacker, kVictim) / Vlan{.id = 0, .priority = 5, .type = {}} / ipv4(kAttacker, kVictim) / udp(1, 1),
     PC_REASON_vlan},
    {"a tag around ARP", link(kAttacker, kBroadcast) / Vlan{.id = 0, .type = {}} / arp(1, kAttacker, kVictim), PC_REASON_vlan},
    {"802.1ad", link(kAttacker, kVictim) / Vlan{.id = 7, .tpid = 0x88a8, .type = {}} / ipv4(kAttacker, kVictim) / udp(1, 1),
     PC_REASON_vlan},
    {"QinQ: one tag in metadata, one in the frame",
     link(kAttacker, kVictim) / Vlan{.id = 7, .tpid = 0x88a8, .type = {}} / Vlan{.id = 8, .type = {}} / ipv4(kAttacker, kVictim) /
         udp(1, 1),
     PC_REASON_vlan},
    {"two priority tags",
     link(kAttacker, kVictim) / Vlan{.id = 0, .type = {}} / Vlan{.id = 0, .type = {}} / ipv4(kAttacker, kVictim) / udp(1, 1),
     PC_REASON_vlan},
    {"three tags",
     link(kAttacker, kVictim) / Vlan{.id = 1, .type = {}} / Vlan{.id = 2, .type = {}} / Vlan{.id = 3, .type = {}} /
         ipv4(kAttacker, kVictim) / udp(1, 1),
     PC_REASON_vlan},
    {"the old QinQ type, which the kernel leaves in the frame",
     link(kAttacker, kVictim) / Vlan{.id = 7, .tpid = 0x9100, .type = {}} / ipv4(kAttacker, kVictim) / udp(1, 1), PC_REASON_vlan},
    {"the old QinQ type behind a priority tag",
     link(kAttacker, kVictim) / Vlan{.id = 0, .type = {}} / Vlan{.id = 7, .tpid = 0x9100, .type = {}} / ipv4(kAttacker, kVictim) /
         udp(1, 1),
     PC_REASON_vlan},
    {"a tag around a router advertisement",
     link(kAttacker, mac("33:33:00:00:00:01")) / Vlan{.id = 0, .type = {}} / ipv6(kAttacker, kVictim) /
         Icmpv6{.type = 134, .checksum = {}} / Payload{.bytes = Bytes(8)},
     PC_REASON_vlan},
};

TEST_P(LinkLayer, A16TaggedFramesAreDropped) { field.repel(out_of(kAttacker, kVictim), kTags, datagram(kAttacker, kVictim)); }

TEST_P(LinkLayer, A16TaggedFramesFromOutsideAreDroppedOnDelivery) {
    for (const std::uint16_t tpid : std::initializer_list<std::uint16_t>{0x8100, 0x88a8, 0x9100}) {
        for (const std::uint16_t id : std::initializer_list<std::uint16_t>{0, 7}) {
            const Packet tagged =
                link(kOutside, kVictim) / Vlan{.id = id, .tpid = tpid, .type = {}} / ipv4(kOutside, kVictim) / udp(4000, 4000);
            field.expect_drop(into(kVictim, kOutside), tagged, PC_REASON_vlan);
            field.expect_pass(into(kVictim, kOutside), datagram(kOutside, kVictim));
        }
    }
}

// 802.3: the type field is a length. LLC and SNAP may carry any ethertype.
Packet snap(Place from, const Mac& to, const Packet& inner, std::optional<std::uint16_t> length = {}) {
    Bytes whole = inner.bytes();
    Bytes body{0xaa, 0xaa, 0x03, 0, 0, 0};
    body.insert(body.end(), whole.begin() + 12, whole.end());
    return raw(of_type(link(from, to), length.value_or(static_cast<std::uint16_t>(body.size()))), body);
}

TEST_P(LinkLayer, A17Ieee8023FramesAreDroppedWhateverTheyCarry) {
    const Packet advertisement =
        link(kAttacker, kVictim) / ipv6(kAttacker, kVictim) / Icmpv6{.type = 134, .checksum = {}} / Payload{.bytes = Bytes(8)};
    const Attack attacks[] = {
        {"IPv4", snap(kAttacker, mac_of(kVictim), datagram(kAttacker, kVictim)), PC_REASON_ethertype},
        {"IPv6", snap(kAttacker, mac_of(kVictim), datagram6(kAttacker, kVictim)), PC_REASON_ethertype},
        {"ARP", snap(kAttacker, kBroadcast, question(kAttacker, kVictim)), PC_REASON_ethertype},
        {"a router advertisement", snap(kAttacker, mac("33:33:00:00:00:01"), advertisement), PC_REASON_ethertype},
        {"length 0", snap(kAttacker, mac_of(kVictim), datagram(kAttacker, kVictim), 0), PC_REASON_ethertype},
        {"a length beyond the frame", snap(kAttacker, mac_of(kVictim), datagram(kAttacker, kVictim), 1500), PC_REASON_ethertype},
        {"neither length nor type", snap(kAttacker, mac_of(kVictim), datagram(kAttacker, kVictim), 0x05ff), PC_REASON_ethertype},
        {"IPX as raw 802.3", raw(of_type(link(kAttacker, kVictim), 46), {0xff, 0xff}), PC_REASON_ethertype},
    };
    field.repel(out_of(kAttacker, kVictim), attacks, datagram(kAttacker, kVictim));
}

TEST_P(LinkLayer, A18FramesOfOtherTypesAreDroppedBothWays) {
    constexpr std::uint16_t kTypes[] = {0x0600, 0x0801, 0x0805, 0x0842, 0x22f3, 0x4305, 0x6558, 0x8035, 0x809b, 0x80f3, 0x8137,
                                        0x8847, 0x8848, 0x8863, 0x8864, 0x886c, 0x888e, 0x8892, 0x88a2, 0x88b5, 0x88cc, 0x88e1,
                                        0x88e5, 0x88e7, 0x88f7, 0x8902, 0x8906, 0x8915, 0x893b, 0x894f, 0x9000, 0x9200, 0xffff};
    for (const std::uint16_t type : kTypes) {
        SCOPED_TRACE(type);
        const Bytes inner = datagram(kAttacker, kVictim).bytes();
        const Bytes body(inner.begin() + 14, inner.end());
        field.expect_drop(out_of(kAttacker, kVictim), raw(of_type(link(kAttacker, kVictim), type), body), PC_REASON_ethertype);
        field.expect_drop(into(kVictim, kOutside), raw(of_type(link(kOutside, kVictim), type), body), PC_REASON_ethertype);
        field.expect_drop(out_of(kAttacker, kVictim), raw(of_type(link(kAttacker, kBroadcast), type), body), PC_REASON_ethertype);
    }
    field.expect_pass(out_of(kAttacker, kVictim), datagram(kAttacker, kVictim));
    field.expect_pass(into(kVictim, kOutside), datagram(kOutside, kVictim));
    field.expect_pass(out_of(kAttacker, kVictim), question(kAttacker, kVictim));
}

TEST_P(LinkLayer, A19ProtocolsBetweenBridgesAreDropped) {
    const auto reserved = [](std::uint8_t last) { return link(kAttacker, Mac{{0x01, 0x80, 0xc2, 0, 0, last}}); };
    const Attack attacks[] = {
        {"spanning tree", raw(of_type(reserved(0), 38), {0x42, 0x42, 3, 0, 0, 2, 2}), PC_REASON_ethertype},
        {"PAUSE", raw(of_type(reserved(1), 0x8808), {0, 1, 0xff, 0xff}), PC_REASON_ethertype},
        {"LACP", raw(of_type(reserved(2), 0x8809), {1, 1}), PC_REASON_ethertype},
        {"802.1X", raw(of_type(reserved(3), 0x888e), {1, 1}), PC_REASON_ethertype},
        {"LLDP", raw(of_type(reserved(0x0e), 0x88cc), {2, 7}), PC_REASON_ethertype},
        {"GVRP", raw(of_type(reserved(0x21), 40), {0x42, 0x42, 3}), PC_REASON_ethertype},
        {"per-VLAN spanning tree", raw(of_type(link(kAttacker, mac("01:00:0c:cc:cc:cd")), 50), {0xaa, 0xaa, 3, 0, 0, 0x0c, 1, 0x0b}),
         PC_REASON_ethertype},
        {"IPv4 to the bridges' group", reserved(0) / ipv4(kAttacker, kVictim) / udp(1, 1), PC_REASON_multicast},
        {"IPv6 to the bridges' group", reserved(0x0e) / ipv6(kAttacker, kVictim) / udp(1, 1), PC_REASON_multicast},
    };
    field.repel(out_of(kAttacker, kVictim), attacks, datagram(kAttacker, kVictim));
}

TEST_P(LinkLayer, A19SpanningTreeFromOutsideReachesNoInstance) {
    const Packet bpdu = raw(of_type(link(kOutside, mac("01:80:c2:00:00:00")), 38), {0x42, 0x42, 3, 0, 0, 2, 2});
    field.expect_drop(into(kVictim, kOutside), bpdu, PC_REASON_ethertype);
    field.expect_pass(into(kVictim, kOutside), datagram(kOutside, kVictim));
}

}  // namespace
}  // namespace portcullis::test
