// SPDX-License-Identifier: Apache-2.0
// Attacks A05-A07: forged and malformed ARP.
#include "tests/attacks/attack_test.h"

namespace portcullis::test {
namespace {

constexpr Place kVictim = Place::Victim, kAttacker = Place::Attacker, kNeighbour = Place::Neighbour, kOutside = Place::Outside;

class ArpGuard : public AttackTest {
   protected:
    ArpGuard() { field.begin(world()); }
};
PORTCULLIS_ATTACK_EVERYWHERE(ArpGuard);

template <class Edit>
Packet question(Place from, Place target, Edit edit) {
    return link(from, kBroadcast) / with(arp(1, from, target), edit);
}
Packet question(Place from, Place target) {
    return question(from, target, [](Arp&) {});
}
template <class Edit>
Packet answer(Place from, Place to, Edit edit) {
    return link(from, to) / with(arp(2, from, to), edit);
}
Packet answer(Place from, Place to) {
    return answer(from, to, [](Arp&) {});
}
// Of `whose` address, as if the sender had it.
Packet announcement(Place from, std::uint16_t operation, const Address& whose) {
    return link(from, kBroadcast) / with(arp(operation, from, from), [&](Arp& message) { message.sender = message.target = whose; });
}
// The message cut or drawn out to that many bytes of frame.
Packet sized(const Packet& packet, std::size_t bytes) {
    Bytes whole = packet.bytes();
    whole.resize(bytes);
    const Mac destination{{whole[0], whole[1], whole[2], whole[3], whole[4], whole[5]}};
    return of_type(link(kAttacker, destination), 0x0806) / Payload{.bytes = Bytes(whole.begin() + 14, whole.end())};
}

TEST_P(ArpGuard, A05AnInstanceSpeaksForItsOwnAddressAndMacAlone) {
    const Address router = ip("192.0.2.1");
    const Attack attacks[] = {
        {"a question as the neighbour", question(kAttacker, kVictim, [](Arp& a) { a.sender = ipv4_of(Place::Neighbour); }), PC_REASON_arp},
        {"a question as the router", question(kAttacker, kVictim, [&](Arp& a) { a.sender = router; }), PC_REASON_arp},
        {"a question from another MAC", question(kAttacker, kVictim, [](Arp& a) { a.sender_mac = mac_of(Place::Neighbour); }),
         PC_REASON_arp},
        {"the neighbour's address announced", announcement(kAttacker, 1, ipv4_of(kNeighbour)), PC_REASON_arp},
        {"the neighbour's address announced as a reply", announcement(kAttacker, 2, ipv4_of(kNeighbour)), PC_REASON_arp},
        {"the router's address announced", announcement(kAttacker, 2, router), PC_REASON_arp},
        {"0.0.0.0 announced as a reply", announcement(kAttacker, 2, ip("0.0.0.0")), PC_REASON_arp},
    };
    field.repel(out_of(kAttacker, kVictim), attacks, question(kAttacker, kVictim));
    const Attack answers[] = {
        {"as the neighbour", answer(kAttacker, kVictim, [](Arp& a) { a.sender = ipv4_of(Place::Neighbour); }), PC_REASON_arp},
        {"as the router", answer(kAttacker, kVictim, [&](Arp& a) { a.sender = router; }), PC_REASON_arp},
        {"as the victim", answer(kAttacker, kVictim, [](Arp& a) { a.sender = ipv4_of(Place::Victim); }), PC_REASON_arp},
        {"with another MAC", answer(kAttacker, kVictim, [](Arp& a) { a.sender_mac = mac_of(Place::Outside); }), PC_REASON_arp},
        {"with no address", answer(kAttacker, kVictim, [](Arp& a) { a.sender = ip("0.0.0.0"); }), PC_REASON_arp},
    };
    field.repel(out_of(kAttacker, kVictim), answers, answer(kAttacker, kVictim));
}

TEST_P(ArpGuard, A05NobodyOutsideSpeaksForTheReceiver) {
    const Path path = into(kVictim, kOutside);
    const auto as_victim = [](Arp& message) { message.sender = ipv4_of(Place::Victim); };
    const Attack questions[] = {
        {"the victim's own address announced", announcement(kOutside, 1, ipv4_of(kVictim)), PC_REASON_arp},
        {"the victim's own address announced as a reply", announcement(kOutside, 2, ipv4_of(kVictim)), PC_REASON_arp},
        {"a question as the victim", question(kOutside, kVictim, as_victim), PC_REASON_arp},
        {"a sender MAC that is not the frame's", question(kOutside, kVictim, [](Arp& a) { a.sender_mac = mac_of(Place::Neighbour); }),
         PC_REASON_arp},
        {"a question for somebody else", question(kOutside, kNeighbour), PC_REASON_arp},
        {"a reply to everybody", link(kOutside, kBroadcast) / arp(2, kOutside, kVictim), PC_REASON_arp},
    };
    field.repel(path, questions, question(kOutside, kVictim));
    const Attack answers[] = {{"an answer as the victim", answer(kOutside, kVictim, as_victim), PC_REASON_arp}};
    field.repel(path, answers, answer(kOutside, kVictim));
}

TEST_P(ArpGuard, A05ARoutersAddressIsBelievedWithItsMacAlone) {
    field.begin(world({}, {R"({"Portcullis": {"Services": {"Routers": [{"Mac": "02:00:00:00:00:fe", "Addresses": ["192.0.2.1"]}]}}})"}));
    const auto as_router = [](Arp& message) { message.sender = ip("192.0.2.1"); };
    const Ethernet stranger{.source = mac("02:00:00:00:00:fd"), .destination = mac_of(kVictim), .type = {}};
    const auto strangers = [&](Arp message) {
        message.sender_mac = stranger.source;
        as_router(message);
        return message;
    };
    const Attack attacks[] = {
        {"an answer with another MAC", stranger / strangers(arp(2, kOutside, kVictim)), PC_REASON_arp},
        {"a question with another MAC", stranger / strangers(arp(1, kOutside, kVictim)), PC_REASON_arp},
    };
    field.repel(into(kVictim, kOutside), attacks, answer(kOutside, kVictim, as_router));
    field.expect_drop(into(kVictim, Place::Host), answer(Place::Host, kVictim, as_router), PC_REASON_arp);
    field.expect_drop(out_of(kAttacker, kVictim), answer(kAttacker, kVictim, as_router), PC_REASON_arp);
    field.expect_pass(out_of(kAttacker, kVictim), answer(kAttacker, kVictim));
}

TEST_P(ArpGuard, A06ProbesAndAnnouncementsOfTheOwnAddressPass) {
    const auto unspecified = [](Arp& message) { message.sender = ip("0.0.0.0"); };
    const auto forged_probe = [](Arp& message) {
        message.sender = ip("0.0.0.0");
        message.sender_mac = mac_of(Place::Neighbour);
    };
    const Path path = out_of(kAttacker, kOutside);
    field.expect_drop(path, question(kAttacker, kVictim, forged_probe), PC_REASON_arp);
    field.expect_pass(path, question(kAttacker, kVictim, unspecified));
    field.expect_pass(path, question(kAttacker, kAttacker, unspecified));
    field.expect_pass(path, announcement(kAttacker, 1, ipv4_of(kAttacker)));
    field.expect_pass(path, announcement(kAttacker, 2, ipv4_of(kAttacker)));
    field.expect_pass(into(kVictim, kAttacker), announcement(kAttacker, 1, ipv4_of(kAttacker)));
    field.expect_pass(into(kVictim, kAttacker), question(kAttacker, kVictim, unspecified));
}

TEST_P(ArpGuard, A07MalformedAndForeignMessagesAreDropped) {
    const auto odd = [](void (*edit)(Arp&)) {
        return of_type(link(kAttacker, kBroadcast), 0x0806) / with(arp(1, kAttacker, kVictim), edit);
    };
    const Packet legal = question(kAttacker, kVictim);
    const Attack attacks[] = {
        {"hardware type 6", odd([](Arp& a) { a.hardware = 6; }), PC_REASON_arp},
        {"hardware type 0", odd([](Arp& a) { a.hardware = 0; }), PC_REASON_arp},
        {"for IPv6", odd([](Arp& a) { a.protocol = 0x86dd; }), PC_REASON_arp},
        {"hardware length 0", odd([](Arp& a) { a.hardware_length = 0; }), PC_REASON_arp},
        {"hardware length 8", odd([](Arp& a) { a.hardware_length = 8; }), PC_REASON_arp},
        {"protocol length 0", odd([](Arp& a) { a.protocol_length = 0; }), PC_REASON_arp},
        {"protocol length 16", odd([](Arp& a) { a.protocol_length = 16; }), PC_REASON_arp},
        {"operation 0", odd([](Arp& a) { a.operation = 0; }), PC_REASON_arp},
        {"RARP's operations", odd([](Arp& a) { a.operation = 3; }), PC_REASON_arp},
        {"InARP", odd([](Arp& a) { a.operation = 8; }), PC_REASON_arp},
        {"InARP's answer", odd([](Arp& a) { a.operation = 9; }), PC_REASON_arp},
        {"a NAK", odd([](Arp& a) { a.operation = 10; }), PC_REASON_arp},
        {"cut in the header", sized(legal, 20), PC_REASON_arp},
        {"cut behind the header", sized(legal, 22), PC_REASON_arp},
        {"cut in the target", sized(legal, 41), PC_REASON_arp},
        {"65 bytes", sized(legal, 65), PC_REASON_arp},
        {"1500 bytes", sized(legal, 1500), PC_REASON_arp},
    };
    field.repel(out_of(kAttacker, kVictim), attacks, legal);
    field.expect_pass(out_of(kAttacker, kVictim), sized(legal, 60));
    field.expect_pass(out_of(kAttacker, kVictim), sized(legal, 64));
}

// What a hypervisor sends when an instance has moved here; anything else of RARP is a foreign ethertype.
TEST_P(ArpGuard, A07RarpPassesAsTheAnnouncementOfAMigratedInstanceAlone) {
    const auto rarp = [](const Ethernet& frame, auto edit) {
        Arp message = arp(3, kAttacker, kAttacker);
        message.sender = message.target = ip("0.0.0.0");
        message.target_mac = mac_of(kAttacker);
        return of_type(frame, 0x8035) / with(message, edit);
    };
    const Ethernet to_all = link(kAttacker, kBroadcast);
    const Attack attacks[] = {
        {"the victim's MAC", rarp(to_all, [](Arp& a) { a.target_mac = mac_of(Place::Victim); }), PC_REASON_ethertype},
        {"another sender", rarp(to_all, [](Arp& a) { a.sender_mac = mac_of(Place::Victim); }), PC_REASON_ethertype},
        {"an address", rarp(to_all, [](Arp& a) { a.sender = ipv4_of(Place::Attacker); }), PC_REASON_ethertype},
        {"an answer", rarp(to_all, [](Arp& a) { a.operation = 4; }), PC_REASON_ethertype},
        {"to one", rarp(link(kAttacker, kVictim), [](Arp&) {}), PC_REASON_ethertype},
        {"from another MAC", rarp({.source = mac_of(kVictim), .destination = kBroadcast, .type = {}}, [](Arp&) {}), PC_REASON_ethertype},
    };
    field.repel(out_of(kAttacker, kOutside), attacks, question(kAttacker, kOutside));
    const Packet legal = rarp(to_all, [](Arp&) {});
    field.expect_pass(out_of(kAttacker, kOutside), legal);
    field.expect_drop(into(kVictim, kAttacker), legal, PC_REASON_ethertype);
}

}  // namespace
}  // namespace portcullis::test
