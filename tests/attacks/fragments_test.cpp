// SPDX-License-Identifier: Apache-2.0
// Attacks A28-A32: ports hidden by fragments. The victim's groups admit udp 4000 and echo requests alone; the attacker may send everything,
// so that the victim's port is the one that judges.
#include "tests/attacks/attack_test.h"

namespace portcullis::test {
namespace {

constexpr Place kVictim = Place::Victim, kAttacker = Place::Attacker, kNeighbour = Place::Neighbour;
constexpr std::uint16_t kOpen = 4000, kClosed = 5000;
const Path kOut = out_of(kAttacker, kVictim);
const Path kIn = into(kVictim, kAttacker);

constexpr std::string_view kVictimIn =
    R"([{"IpProtocol": "udp", "FromPort": 4000, "ToPort": 4000, "IpRanges": [{"CidrIp": "192.0.2.0/24"}], "Ipv6Ranges": [{"CidrIpv6": "2001:db8:1::/56"}]},
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": 0, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}])";

class Fragments : public AttackTest {
   protected:
    Fragments() { field.begin(world(kGroups)); }
    static constexpr Groups kGroups{.victim_in = kVictimIn, .attacker_out = kEverythingTracked};
};
PORTCULLIS_ATTACK_EVERYWHERE(Fragments);

struct Part {
    std::uint16_t id = 1;
    std::uint16_t offset = 0;
    bool more = true;
    std::uint8_t protocol = 17;
    Place from = kAttacker;
    Family family = Family::Ipv4;
};
Packet head(const Part& part) {
    if (part.family == Family::Ipv6) {
        return link(part.from, kVictim) / ipv6(part.from, kVictim) /
               FragmentHeader{.offset = part.offset, .more = part.more, .id = part.id, .next_header = part.protocol};
    }
    return link(part.from, kVictim) / with(ipv4(part.from, kVictim), [&](Ipv4& header) {
               header.id = part.id;
               header.fragment_offset = part.offset;
               header.more_fragments = part.more;
               header.protocol = part.protocol;
           });
}
// A datagram of 40 bytes in two parts: 24 with the ports, 16 without.
Packet first(Part part, std::uint16_t port) {
    return head(part) / with(udp(kOpen, port), [](Udp& header) { header.length = 40; }) / Payload{.bytes = Bytes(16)};
}
Packet later(Part part) {
    part.offset = 3;
    part.more = false;
    return head(part) / Payload{.bytes = Bytes(16)};
}
Packet whole(std::uint16_t port) { return link(kAttacker, kVictim) / ipv4(kAttacker, kVictim) / udp(kOpen, port); }
constexpr Family kFamilies[] = {Family::Ipv4, Family::Ipv6};

TEST_P(Fragments, A28AFirstFragmentWithoutItsWholeTransportHeaderIsDropped) {
    for (const Family family : kFamilies) {
        const std::uint8_t icmp = family == Family::Ipv4 ? 1 : 58;
        for (const auto& [protocol, bytes] : std::initializer_list<std::pair<std::uint8_t, std::size_t>>{
                 {17, 0}, {17, 7}, {6, 0}, {6, 8}, {6, 16}, {6, 19}, {icmp, 0}, {icmp, 7}}) {
            SCOPED_TRACE(std::to_string(protocol) + " with " + std::to_string(bytes) + " bytes");
            field.expect_drop(kOut, head({.protocol = protocol, .family = family}) / Payload{.bytes = Bytes(bytes)},
                              PC_REASON_transport_malformed);
        }
        field.expect_pass(kIn, first({.id = 2, .family = family}, kOpen));
    }
    // The transport header may not be in the second fragment either because options fill the first.
    const Packet hidden = link(kAttacker, kVictim) / ipv6(kAttacker, kVictim) / FragmentHeader{.more = true, .id = 3} /
                          ExtensionHeader{.number = 60, .body = {1, 4, 0, 0, 0, 0}, .next_header = 17};
    field.expect_drop(kOut, hidden, PC_REASON_transport_malformed);
}

TEST_P(Fragments, A29AFragmentThatOverwritesTheTransportHeaderIsDropped) {
    field.expect_pass(kIn, first({}, kOpen));
    field.expect_drop(kOut, head({.offset = 1, .more = true}) / Payload{.bytes = Bytes(16)}, PC_REASON_fragment);
    field.expect_drop(kOut, head({.offset = 1, .more = false}) / Payload{.bytes = Bytes(16)}, PC_REASON_fragment);
    field.expect_drop(kOut, head({.offset = 1, .protocol = 6}) / Payload{.bytes = Bytes(16)}, PC_REASON_fragment);
    field.expect_pass(kIn, later({}));
}

// The first fragment again, with another port: what follows follows the last.
TEST_P(Fragments, A29ASecondFirstFragmentThatIsDeniedTakesTheRestWithIt) {
    for (const Family family : kFamilies) {
        field.expect_pass(kIn, first({.id = 4, .family = family}, kOpen));
        field.expect_drop(kIn, first({.id = 4, .family = family}, kClosed), PC_REASON_security_group);
        field.expect_drop(kIn, later({.id = 4, .family = family}), PC_REASON_security_group);
        field.expect_pass(kIn, first({.id = 4, .family = family}, kOpen));
        field.expect_pass(kIn, later({.id = 4, .family = family}));
    }
}

TEST_P(Fragments, A30ALaterFragmentNeedsItsFirst) {
    for (const Family family : kFamilies) {
        field.expect_drop(kIn, later({.id = 5, .family = family}), PC_REASON_security_group);
        field.expect_pass(kIn, first({.id = 5, .family = family}, kOpen));
        field.expect_pass(kIn, later({.id = 5, .family = family}));
        field.expect_pass(kIn, later({.id = 5, .family = family}));
    }
    EXPECT_EQ(field.flows(kVictim), 2u) << "the later ones open nothing";
}

TEST_P(Fragments, A30AFragmentOfAnyPortPassesWhereEveryPortDoes) {
    field.begin(world({.victim_in = kEverythingTracked, .attacker_out = kEverythingTracked}));
    for (const Family family : kFamilies) {
        field.expect_pass(kIn, later({.id = 6, .family = family}));
        field.expect_pass(kIn, later({.id = 6, .protocol = 6, .family = family}));
    }
    field.begin(world({.victim_in = permission("udp", 0, 65535), .attacker_out = kEverythingTracked}));
    for (const Family family : kFamilies) {
        field.expect_pass(kIn, later({.id = 6, .family = family}));
        field.expect_drop(kIn, later({.id = 6, .protocol = 6, .family = family}), PC_REASON_security_group);
    }
    field.begin(world({.victim_in = permission("udp", 0, 65534), .attacker_out = kEverythingTracked}));
    for (const Family family : kFamilies) {
        field.expect_drop(kIn, later({.id = 6, .family = family}), PC_REASON_security_group);
        field.expect_pass(kIn, first({.id = 7, .family = family}, kOpen));
    }
}

TEST_P(Fragments, A31AFragmentFollowsItsOwnFirstAlone) {
    for (const Family family : kFamilies) {
        field.expect_drop(kIn, first({.id = 8, .family = family}, kClosed), PC_REASON_security_group);
        field.expect_drop(kIn, later({.id = 8, .family = family}), PC_REASON_security_group);
        field.expect_pass(kIn, first({.id = 9, .family = family}, kOpen));
        field.expect_drop(kIn, later({.id = 8, .family = family}), PC_REASON_security_group);
        field.expect_drop(kIn, later({.id = 9, .protocol = 6, .family = family}), PC_REASON_security_group);
        field.expect_drop(into(kVictim, kNeighbour), later({.id = 9, .from = kNeighbour, .family = family}), PC_REASON_security_group);
        field.expect_pass(kIn, later({.id = 9, .family = family}));
    }
}

// Same addresses, same id, entered elsewhere: what the attacker's first fragment opened is not for a forger outside.
TEST_P(Fragments, A31AFragmentFollowsWhereItsFirstEntered) {
    field.expect_pass(kIn, first({.id = 10}, kOpen));
    const Packet forged = Ethernet{.source = mac_of(Place::Outside), .destination = mac_of(kVictim), .type = {}} /
                          with(ipv4(kAttacker, kVictim),
                               [](Ipv4& header) {
                                   header.id = 10;
                                   header.fragment_offset = 3;
                                   header.protocol = 17;
                               }) /
                          Payload{.bytes = Bytes(16)};
    field.expect_drop(into(kVictim, Place::Outside), forged, PC_REASON_security_group);
    field.expect_pass(kIn, later({.id = 10}));
}

TEST_P(Fragments, A31WhatWasRememberedEndsWithTheRulesThatAdmittedIt) {
    field.expect_pass(kIn, first({.id = 11}, kOpen));
    field.expect_pass(kIn, later({.id = 11}));
    field.change(world({.victim_in = permission("udp", kClosed, kClosed), .attacker_out = kEverythingTracked}));
    field.expect_drop(kIn, later({.id = 11}), PC_REASON_security_group);
    field.expect_pass(kIn, first({.id = 11}, kClosed));
    field.expect_pass(kIn, later({.id = 11}));
}

TEST_P(Fragments, A31TheRingOfFragmentsIsTheAttackersOwn) {
    field.expect_pass(into(kVictim, kNeighbour), first({.id = 12, .from = kNeighbour}, kOpen));
    for (std::uint16_t id = 100; id < 140; ++id) {
        field.expect_pass(out_of(kAttacker, Place::Outside),
                          link(kAttacker, Place::Outside) / with(ipv4(kAttacker, Place::Outside), [&](Ipv4& h) {
                              h.id = id;
                              h.more_fragments = true;
                          }) / with(udp(1, 1), [](Udp& u) {
                              u.length = 40;
                          }) / Payload{.bytes = Bytes(16)});
    }
    field.expect_pass(into(kVictim, kNeighbour), later({.id = 12, .from = kNeighbour}));
}

TEST_P(Fragments, A32AnAtomicFragmentIsJudgedAsAWholePacket) {
    const auto atomic = [](std::uint16_t port) {
        return link(kAttacker, kVictim) / ipv6(kAttacker, kVictim) / FragmentHeader{.id = 13} / udp(kOpen, port);
    };
    field.expect_drop(kIn, atomic(kClosed), PC_REASON_security_group);
    field.expect_drop(
        kOut,
        link(kAttacker, kVictim) / ipv6(kAttacker, kVictim) / FragmentHeader{.id = 13, .next_header = 17} / Payload{.bytes = Bytes(7)},
        PC_REASON_transport_malformed);
    field.expect_pass(kIn, atomic(kOpen));
    field.expect_drop(kIn, later({.id = 13, .family = Family::Ipv6}), PC_REASON_security_group);
}

TEST_P(Fragments, A42IcmpIsFragmentedAsOthersAre) {
    const auto echo = [](std::uint16_t id, std::uint8_t type) {
        return head({.id = id, .protocol = 1}) / Icmp{.type = type, .checksum = {}} / Payload{.bytes = Bytes(16)};
    };
    field.expect_drop(kIn, echo(14, 13), PC_REASON_security_group);
    field.expect_drop(kIn, later({.id = 14, .protocol = 1}), PC_REASON_security_group);
    field.expect_pass(kIn, echo(14, 8));
    field.expect_pass(kIn, later({.id = 14, .protocol = 1}));
    field.expect_pass(kIn, whole(kOpen));
}

}  // namespace
}  // namespace portcullis::test
