// SPDX-License-Identifier: Apache-2.0
// Attacks A09-A11 and A14: forged neighbour discovery, hidden behind other headers, rogue routers, somebody else's duplicate detection.
#include "tests/attacks/attack_test.h"

namespace portcullis::test {
namespace {

constexpr Place kVictim = Place::Victim, kAttacker = Place::Attacker, kNeighbour = Place::Neighbour, kOutside = Place::Outside;

class NeighbourDiscovery : public AttackTest {
   protected:
    NeighbourDiscovery() { field.begin(world()); }
};
PORTCULLIS_ATTACK_EVERYWHERE(NeighbourDiscovery);

const Address kAllNodes = ip("ff02::1");
const Mac kAllNodesMac = mac("33:33:00:00:00:01");

Address solicited_node(const Address& target) {
    Address group = ip("ff02::1:ff00:0");
    std::copy(target.bytes.begin() + 13, target.bytes.end(), group.bytes.begin() + 13);
    return group;
}
Mac group_mac(const Address& group) { return {{0x33, 0x33, group.bytes[12], group.bytes[13], group.bytes[14], group.bytes[15]}}; }
Ipv6 discovery(const Address& source, const Address& destination) {
    Ipv6 header;
    header.source = source;
    header.destination = destination;
    header.hop_limit = 255;
    return header;
}
Neighbour message(std::uint8_t type, const Address& target, const Bytes& options) {
    return {.type = type, .target = target, .options = options};
}
Bytes joined(Bytes first, const Bytes& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}
Bytes own_option(std::uint8_t type, Place place = kAttacker) { return nd_link_option(type, mac_of(place)); }

// Who has the target? From the attacker, to the target's group.
Packet solicitation(const Address& source, const Address& target, const Bytes& options) {
    const Address group = solicited_node(target);
    return link(kAttacker, group_mac(group)) / discovery(source, group) / message(135, target, options);
}
Packet honest_solicitation() { return solicitation(ipv6_of(kAttacker), ipv6_of(kVictim), own_option(1)); }
Packet advertisement(const Address& source, const Address& target, const Bytes& options) {
    return link(kAttacker, kVictim) / discovery(source, ipv6_of(kVictim)) / message(136, target, options);
}
Packet honest_advertisement() { return advertisement(ipv6_of(kAttacker), ipv6_of(kAttacker), own_option(2)); }
template <class Edit>
Packet odd_advertisement(Edit edit) {
    Ipv6 header = discovery(ipv6_of(kAttacker), ipv6_of(kVictim));
    Neighbour body = message(136, ipv6_of(kAttacker), own_option(2));
    edit(header, body);
    return link(kAttacker, kVictim) / header / body;
}

TEST_P(NeighbourDiscovery, A09AnInstanceAdvertisesItsOwnAddressAndMacAlone) {
    const Address own = ipv6_of(kAttacker);
    const Address neighbour = ipv6_of(kNeighbour);
    const Attack attacks[] = {
        {"the neighbour's address", advertisement(own, neighbour, own_option(2)), PC_REASON_nd},
        {"the neighbour's address, from it", advertisement(neighbour, neighbour, own_option(2)), PC_REASON_nd},
        {"the own address, from the neighbour's", advertisement(neighbour, own, own_option(2)), PC_REASON_nd},
        {"the victim's address", advertisement(own, ipv6_of(kVictim), own_option(2)), PC_REASON_nd},
        {"the neighbour's link-local address", advertisement(own, mac_of(kNeighbour).link_local(), own_option(2)), PC_REASON_nd},
        {"another target MAC", advertisement(own, own, own_option(2, kNeighbour)), PC_REASON_nd},
        {"another source MAC", advertisement(own, own, own_option(1, kNeighbour)), PC_REASON_nd},
        {"a second MAC behind the own", advertisement(own, own, joined(own_option(2), own_option(2, kNeighbour))), PC_REASON_nd},
        {"a MAC option of 16 bytes", advertisement(own, own, {2, 2, 2, 0, 0, 0, 1, 0x14, 0, 0, 0, 0, 0, 0, 0, 0}), PC_REASON_nd},
        {"an option of length 0", advertisement(own, own, {2, 0, 2, 0, 0, 0, 1, 0x14}), PC_REASON_nd},
        {"an option of length 0 behind a good one", advertisement(own, own, joined(own_option(2), Bytes(8))), PC_REASON_nd},
        {"an option beyond the packet", advertisement(own, own, {14, 2, 0, 0, 0, 0, 0, 0}), PC_REASON_nd},
        {"half an option", advertisement(own, own, {14, 1, 0, 0}), PC_REASON_nd},
        {"an MTU", advertisement(own, own, {5, 1, 0, 0, 0, 0, 5, 0}), PC_REASON_nd},
        {"a redirected header", advertisement(own, own, {4, 1, 0, 0, 0, 0, 0, 0}), PC_REASON_nd},
        {"72 bytes of options",
         advertisement(own, own,
                       joined(own_option(2),
                              [] {
                                  Bytes nonce(64);
                                  nonce[0] = 14;
                                  nonce[1] = 8;
                                  return nonce;
                              }())),
         PC_REASON_nd},
        {"hop limit 254", odd_advertisement([](Ipv6& header, Neighbour&) { header.hop_limit = 254; }), PC_REASON_nd},
        {"hop limit 1", odd_advertisement([](Ipv6& header, Neighbour&) { header.hop_limit = 1; }), PC_REASON_nd},
        {"code 1", odd_advertisement([](Ipv6&, Neighbour& body) { body.code = 1; }), PC_REASON_nd},
        {"cut in the target", odd_advertisement([](Ipv6& header, Neighbour&) { header.payload_length = 16; }), PC_REASON_nd},
    };
    field.repel(out_of(kAttacker, kVictim), attacks, honest_advertisement());
}

TEST_P(NeighbourDiscovery, A09AnInstanceAsksAsItselfAlone) {
    const Address own = ipv6_of(kAttacker);
    const Address victim = ipv6_of(kVictim);
    const Attack attacks[] = {
        {"as the neighbour", solicitation(ipv6_of(kNeighbour), victim, own_option(1)), PC_REASON_nd},
        {"as the neighbour's link-local address", solicitation(mac_of(kNeighbour).link_local(), victim, own_option(1)), PC_REASON_nd},
        {"with the neighbour's MAC", solicitation(own, victim, own_option(1, kNeighbour)), PC_REASON_nd},
        {"with the neighbour's MAC as the target's", solicitation(own, victim, own_option(2, kNeighbour)), PC_REASON_nd},
        {"for a group", solicitation(own, kAllNodes, own_option(1)), PC_REASON_nd},
        {"for nobody", solicitation(own, ip("::"), own_option(1)), PC_REASON_nd},
    };
    field.repel(out_of(kAttacker, kVictim), attacks, honest_solicitation());
}

TEST_P(NeighbourDiscovery, A09NobodyOutsideSpeaksForTheReceiver) {
    const Path path = into(kVictim, kOutside);
    const Address victim = ipv6_of(kVictim);
    const auto from_outside = [](const Address& source, std::uint8_t type, const Address& target) {
        return link(kOutside, kAllNodesMac) / discovery(source, kAllNodes) / message(type, target, own_option(1, kOutside));
    };
    const Packet legal = from_outside(ipv6_of(kOutside), 135, victim);
    const Attack attacks[] = {
        {"the victim's address advertised", from_outside(ipv6_of(kOutside), 136, victim), PC_REASON_nd},
        {"the victim's link-local address advertised", from_outside(ipv6_of(kOutside), 136, mac_of(kVictim).link_local()), PC_REASON_nd},
        {"a question from the victim's address", from_outside(victim, 135, victim), PC_REASON_nd},
        {"a question for somebody else", from_outside(ipv6_of(kOutside), 135, ipv6_of(kNeighbour)), PC_REASON_nd},
        {"a router solicitation",
         link(kOutside, mac("33:33:00:00:00:02")) / discovery(ipv6_of(kOutside), ip("ff02::2")) / Icmpv6{.type = 133, .checksum = {}},
         PC_REASON_nd},
    };
    field.repel(path, attacks, legal);
}

Packet router_advertisement(Place from, const Mac& to, const Ipv6& header) {
    return link(from, to) / header / Icmpv6{.type = 134, .identifier = 0x4000, .sequence = 1800, .checksum = {}} /
           Payload{.bytes = joined(Bytes(8), own_option(1, from))};
}

TEST_P(NeighbourDiscovery, A10DiscoveryBehindOtherHeadersIsDropped) {
    const Ipv6 header = discovery(mac_of(kAttacker).link_local(), ipv6_of(kVictim));
    const Bytes nothing(6);
    const ExtensionHeader hop_by_hop{.number = 0, .body = nothing}, options{.number = 60, .body = nothing};
    const Neighbour honest = message(136, mac_of(kAttacker).link_local(), own_option(2));
    const Icmpv6 router{.type = 134, .sequence = 1800, .checksum = {}};
    const Payload rest{.bytes = Bytes(8)};
    const FragmentHeader atomic{.id = 7}, first{.more = true, .id = 8};
    const Ethernet frame = link(kAttacker, kVictim);
    const Attack attacks[] = {
        {"an advertisement behind hop-by-hop options", frame / header / hop_by_hop / honest, PC_REASON_nd},
        {"an advertisement behind destination options", frame / header / options / honest, PC_REASON_nd},
        {"an advertisement as an atomic fragment", frame / header / atomic / honest, PC_REASON_nd},
        {"an advertisement as a first fragment", frame / header / first / honest, PC_REASON_nd},
        {"a router behind hop-by-hop options", frame / header / hop_by_hop / router / rest, PC_REASON_nd},
        {"a router behind destination options", frame / header / options / router / rest, PC_REASON_nd},
        {"a router as an atomic fragment", frame / header / atomic / router / rest, PC_REASON_nd},
        {"a router as a first fragment", frame / header / first / router / rest, PC_REASON_nd},
        {"a router behind options in an atomic fragment", frame / header / atomic / options / router / rest, PC_REASON_nd},
        {"a router whose type the first fragment hides",
         frame / header / first / with(options, [](ExtensionHeader& h) { h.next_header = 58; }), PC_REASON_transport_malformed},
        {"a redirect behind destination options",
         frame / header / options / Icmpv6{.type = 137, .checksum = {}} / Payload{.bytes = Bytes(32)}, PC_REASON_nd},
    };
    field.repel(out_of(kAttacker, kVictim), attacks, frame / header / honest);
}

TEST_P(NeighbourDiscovery, A11AnInstanceIsNoRouterAndRedirectsNobody) {
    const Address own = mac_of(kAttacker).link_local();
    const Packet echo = link(kAttacker, kVictim) / ipv4(kAttacker, kVictim) / Icmp{.type = 8, .identifier = 1, .checksum = {}};
    const Attack attacks[] = {
        {"a router to all", router_advertisement(kAttacker, kAllNodesMac, discovery(own, kAllNodes)), PC_REASON_router_advertisement},
        {"a router to one", router_advertisement(kAttacker, mac_of(kVictim), discovery(own, ipv6_of(kVictim))),
         PC_REASON_router_advertisement},
        {"the end of the router",
         link(kAttacker, kAllNodesMac) / discovery(own, kAllNodes) / Icmpv6{.type = 134, .checksum = {}} / Payload{.bytes = Bytes(8)},
         PC_REASON_router_advertisement},
        {"an IPv6 redirect",
         link(kAttacker, kVictim) / discovery(own, ipv6_of(kVictim)) / Icmpv6{.type = 137, .checksum = {}} / Payload{.bytes = Bytes(32)},
         PC_REASON_redirect},
        {"an IPv4 redirect",
         link(kAttacker, kVictim) / ipv4(kAttacker, kVictim) / Icmp{.type = 5, .code = 1, .checksum = {}} / Payload{.bytes = Bytes(28)},
         PC_REASON_redirect},
        {"router renumbering to all routers",
         link(kAttacker, mac("33:33:00:00:00:02")) / discovery(own, ip("ff02::2")) / Icmpv6{.type = 138, .checksum = {}} /
             Payload{.bytes = Bytes(8)},
         PC_REASON_multicast},
        {"router renumbering to one",
         link(kAttacker, kVictim) / discovery(own, ipv6_of(kVictim)) / Icmpv6{.type = 138, .checksum = {}} / Payload{.bytes = Bytes(8)},
         PC_REASON_redirect},
    };
    field.repel(out_of(kAttacker, kVictim), attacks, echo);
}

TEST_P(NeighbourDiscovery, A11RedirectsFromOutsideAreDropped) {
    const Packet echo = link(kOutside, kVictim) / ipv4(kOutside, kVictim) / Icmp{.type = 8, .identifier = 1, .checksum = {}};
    const Attack attacks[] = {
        {"IPv4",
         link(kOutside, kVictim) / ipv4(kOutside, kVictim) / Icmp{.type = 5, .code = 1, .checksum = {}} / Payload{.bytes = Bytes(28)},
         PC_REASON_redirect},
        {"IPv6",
         link(kOutside, kVictim) / discovery(mac_of(kOutside).link_local(), ipv6_of(kVictim)) / Icmpv6{.type = 137, .checksum = {}} /
             Payload{.bytes = Bytes(32)},
         PC_REASON_redirect},
    };
    field.repel(into(kVictim, kOutside), attacks, echo);
}

// Without a configured router the bridge's host alone is one; with one, what enters by the uplink with its MAC.
TEST_P(NeighbourDiscovery, A11RouterAdvertisementsAreBelievedByWhereTheyEntered) {
    const auto from = [](Place place) {
        return router_advertisement(place, kAllNodesMac, discovery(mac_of(place).link_local(), kAllNodes));
    };
    field.expect_drop(into(kVictim, kOutside), from(kOutside), PC_REASON_router_advertisement);
    field.expect_pass(into(kVictim, Place::Host), from(Place::Host));

    field.begin(
        world({}, {R"({"Portcullis": {"Services": {"Routers": [{"Mac": "02:00:00:00:00:fe", "Addresses": ["192.0.2.1", "fe80::1"]}]}}})"}));
    field.expect_drop(into(kVictim, Place::Host), from(Place::Host), PC_REASON_router_advertisement);
    field.expect_pass(into(kVictim, kOutside), from(kOutside));
    const Ethernet stranger{.source = mac("02:00:00:00:00:fd"), .destination = kAllNodesMac, .type = {}};
    field.expect_drop(
        into(kVictim, kOutside),
        stranger / discovery(mac_of(kOutside).link_local(), kAllNodes) / Icmpv6{.type = 134, .checksum = {}} / Payload{.bytes = Bytes(8)},
        PC_REASON_router_advertisement);
    field.expect_drop(out_of(kAttacker, kVictim), from(kAttacker), PC_REASON_router_advertisement);
    field.expect_pass(out_of(kAttacker, kVictim), honest_advertisement());
}

TEST_P(NeighbourDiscovery, A14TheUnspecifiedAddressDetectsDuplicatesOfOwnAddressesAlone) {
    const Address none = ip("::");
    const Address own = ipv6_of(kAttacker);
    const auto probe = [&](const Address& target) { return solicitation(none, target, {}); };
    const Attack attacks[] = {
        {"for the victim's address", probe(ipv6_of(kVictim)), PC_REASON_nd},
        {"for the victim's link-local address", probe(mac_of(kVictim).link_local()), PC_REASON_nd},
        {"for a free global address", probe(ip("2001:db8:1::99")), PC_REASON_nd},
        {"with a MAC", solicitation(none, own, own_option(1)), PC_REASON_nd},
        {"as an advertisement", link(kAttacker, kAllNodesMac) / discovery(none, kAllNodes) / message(136, own, own_option(2)),
         PC_REASON_nd},
        {"as a datagram", link(kAttacker, kVictim) / discovery(none, ipv6_of(kVictim)) / udp(4000, 4000), PC_REASON_source_address},
        {"as an echo request", link(kAttacker, kVictim) / discovery(none, ipv6_of(kVictim)) / Icmpv6{.checksum = {}},
         PC_REASON_source_address},
        {"as a SYN", link(kAttacker, kVictim) / discovery(none, ipv6_of(kVictim)) / tcp(4000, 80, kSyn), PC_REASON_source_address},
    };
    field.repel(out_of(kAttacker, kOutside), attacks, probe(own));
    field.expect_pass(out_of(kAttacker, kOutside), probe(mac_of(kAttacker).link_local()));
}

// Link-local addresses beside that of the MAC: first come on the bridge, four a port, and none that is somebody's already.
TEST_P(NeighbourDiscovery, A14ALinkLocalAddressIsClaimedOnceAndNeverSomebodyElses) {
    field.begin(world({}, {R"({"Portcullis": {"Services": {"Routers": [{"Mac": "02:00:00:00:00:fe", "Addresses": ["fe80::1"]}]}}})"}));
    const Path path = out_of(kAttacker, kOutside);
    const auto probe = [](Place from, std::string_view target) {
        const Address group = solicited_node(ip(target));
        return link(from, group_mac(group)) / discovery(ip("::"), group) / message(135, ip(target), {});
    };
    const auto say = [](Place from, std::string_view source) {
        return link(from, kOutside) / with(ipv6(from, kOutside), [&](Ipv6& header) { header.source = ip(source); }) / udp(4000, 4000);
    };
    field.expect_drop(path, say(kAttacker, "fe80::a1"), PC_REASON_source_address);
    field.expect_pass(path, probe(kAttacker, "fe80::a1"));
    field.expect_pass(path, say(kAttacker, "fe80::a1"));
    const Attack attacks[] = {
        {"the router's", probe(kAttacker, "fe80::1"), PC_REASON_nd},
        {"the neighbour's", probe(kAttacker, "fe80::ff:fe00:11e"), PC_REASON_nd},
        {"the host's", probe(kAttacker, "fe80::ff:fe00:2"), PC_REASON_nd},
        {"a global one", probe(kAttacker, "2001:db8:1::a1"), PC_REASON_nd},
    };
    field.repel(path, attacks, probe(kAttacker, "fe80::a1"));
    field.expect_drop(out_of(kNeighbour, kOutside), probe(kNeighbour, "fe80::a1"), PC_REASON_nd);
    field.expect_drop(out_of(kNeighbour, kOutside), say(kNeighbour, "fe80::a1"), PC_REASON_source_address);
    for (const std::string_view more : {"fe80::a2", "fe80::a3", "fe80::a4"}) {
        field.expect_pass(path, probe(kAttacker, more));
    }
    field.expect_drop(path, probe(kAttacker, "fe80::a5"), PC_REASON_nd);
    field.expect_pass(out_of(kNeighbour, kOutside), probe(kNeighbour, "fe80::a5"));

    field.begin(with_port(world(), kAttacker, R"("LinkLocal": "mac")"));
    field.expect_drop(path, probe(kAttacker, "fe80::a1"), PC_REASON_nd);
    field.expect_pass(path, probe(kAttacker, "fe80::ff:fe00:114"));
}

}  // namespace
}  // namespace portcullis::test
