// SPDX-License-Identifier: Apache-2.0
// Attack A75: riding on a flow whose packets pass the bridge by. Every attack stands between packets of the flow that took the fast path.
#include "tests/attacks/attack_test.h"

namespace portcullis::test {
namespace {

constexpr Place kVictim = Place::Victim, kAttacker = Place::Attacker, kNeighbour = Place::Neighbour;
constexpr std::uint16_t kAsker = 40000, kService = 4000, kQuestions = 5000;
const Path kOut = out_of(kAttacker, kVictim);
const Path kIn = into(kVictim, kAttacker);

class FastFlows : public AttackTest {
   protected:
    FastFlows() {
        field.begin(documents());
        establish(kVictim);
    }
    // The victim and the neighbour serve UDP to the attacker, and the victim asks it.
    static Documents documents() {
        static const std::string serve = permission("udp", kService, kService), ask = permission("udp", kQuestions, kQuestions);
        return world({.victim_in = serve,
                      .victim_out = ask,
                      .attacker_in = ask,
                      .attacker_out = kEverythingTracked,
                      .neighbour_in = serve,
                      .neighbour_out = kNothing});
    }
    // By the first packet ports admit the flow; one packet in half a minute takes the bridge.
    void establish(Place server) {
        for (int packet = 0; packet < 2; ++packet) {
            field.expect_pass(into(server, kAttacker), datagram(kAttacker, server, kAsker, kService));
            field.expect_pass(into(kAttacker, server), datagram(server, kAttacker, kService, kAsker));
        }
        expect_fast(into(server, kAttacker), datagram(kAttacker, server, kAsker, kService));
    }
    void expect_fast(const Path& path, const Packet& packet) {
        const std::uint64_t before = field.fast_packets(path.from);
        field.expect_pass(path, packet);
        EXPECT_EQ(field.fast_packets(path.from), before + 1) << "it took the bridge";
    }
    void repel_fast(const Path& path, std::span<const Attack> attacks) {
        for (const Attack& attack : attacks) {
            SCOPED_TRACE(attack.what);
            field.expect_drop(path, attack.frame, attack.reason);
            expect_fast(kIn, datagram(kAttacker, kVictim, kAsker, kService));
        }
    }
    static Packet datagram(Place from, Place to, std::uint16_t source, std::uint16_t destination) {
        return link(from, to) / ipv4(from, to) / udp(source, destination);
    }
};
PORTCULLIS_ATTACK_ON_FAST_PATHS(FastFlows);

const Ethernet kFrame = link(kAttacker, kVictim);
const Ipv4 kHeader = ipv4(kAttacker, kVictim);
const Udp kPorts = udp(kAsker, kService);
Ethernet between(const Mac& from, const Mac& to) { return {.source = from, .destination = to, .type = {}}; }

TEST_P(FastFlows, A75TheFlowsAddressesUnderAnotherMacOrTagAreDropped) {
    const Attack attacks[] = {
        {"the neighbour's MAC", between(mac_of(kNeighbour), mac_of(kVictim)) / kHeader / kPorts, PC_REASON_source_mac},
        {"the victim's MAC", between(mac_of(kVictim), mac_of(kVictim)) / kHeader / kPorts, PC_REASON_source_mac},
        {"a tag", kFrame / Vlan{} / kHeader / kPorts, PC_REASON_vlan},
        {"a priority tag", kFrame / Vlan{.id = 0} / kHeader / kPorts, PC_REASON_vlan},
        {"the neighbour's address", kFrame / ipv4(kNeighbour, kVictim) / kPorts, PC_REASON_source_address},
    };
    repel_fast(kOut, attacks);
}

// Its port has passed them: the sender's flow, whose word it is, is the flow of the victim.
TEST_P(FastFlows, A75TheFlowsAddressesToAnotherPortsMacAreDroppedThere) {
    const Attack attacks[] = {{"to the neighbour", link(kAttacker, kNeighbour) / kHeader / kPorts, PC_REASON_destination_address}};
    repel_fast(into(kNeighbour, kAttacker), attacks);
}

TEST_P(FastFlows, A75PacketsThatContradictThemselvesAreDropped) {
    const auto odd = [](auto edit) { return kFrame / with(kHeader, edit) / kPorts; };
    const Attack attacks[] = {
        {"a total length beyond the frame", odd([](Ipv4& h) { h.total_length = 1000; }), PC_REASON_ip_malformed},
        {"a total length below the header", odd([](Ipv4& h) { h.total_length = 19; }), PC_REASON_ip_malformed},
        {"a source route", odd([](Ipv4& h) { h.options = {131, 7, 4, 192, 0, 2, 30, 0}; }), PC_REASON_source_route},
        {"a UDP length beyond the packet", kFrame / kHeader / with(kPorts, [](Udp& u) { u.length = 1000; }), PC_REASON_transport_malformed},
        {"ports in the padding", odd([](Ipv4& h) { h.total_length = 20; }), PC_REASON_transport_malformed},
    };
    repel_fast(kOut, attacks);
}

TEST_P(FastFlows, A75WhatIsNotOfTheFlowIsJudgedByTheReceiver) {
    const Attack attacks[] = {
        {"a closed port", datagram(kAttacker, kVictim, kAsker, kService + 1), PC_REASON_security_group},
        {"another protocol", kFrame / kHeader / tcp(kAsker, kService, kAck), PC_REASON_security_group},
        {"the other family", kFrame / ipv6(kAttacker, kVictim) / udp(kAsker, kService + 1), PC_REASON_security_group},
    };
    repel_fast(kIn, attacks);
}

TEST_P(FastFlows, A75NobodyElseSendsIntoTheFlow) {
    const Attack attacks[] = {
        {"the attacker's address", link(kNeighbour, kVictim) / kHeader / kPorts, PC_REASON_source_address},
        {"its own address", datagram(kNeighbour, kVictim, kAsker, kService), PC_REASON_security_group},
    };
    repel_fast(out_of(kNeighbour, kVictim), attacks);
}

// What passes by the bridge moves the window that a reset is measured by.
TEST_P(FastFlows, A75AResetClosesInTheWindowOfTodayAlone) {
    constexpr std::uint32_t kClientStart = 5000, kServerStart = 900000, kSent = 50000;
    const auto segment = [](Place from, Place to, std::uint8_t flags, std::uint32_t sequence, std::uint32_t acknowledgement) {
        Tcp header = from == kAttacker ? tcp(kAsker, kService, flags) : tcp(kService, kAsker, flags);
        header.sequence = sequence;
        header.acknowledgement = acknowledgement;
        header.window = 1000;
        return link(from, to) / ipv4(from, to) / header;
    };
    const auto client = [&](std::uint8_t flags, std::uint32_t sequence) {
        return segment(kAttacker, kVictim, flags, sequence, kServerStart + 1);
    };
    const auto answer = [&](std::uint32_t acknowledgement) { return segment(kVictim, kAttacker, kAck, kServerStart + 1, acknowledgement); };
    const std::string serve = permission("tcp", kService, kService);
    field.begin(world({.victim_in = serve, .victim_out = kNothing, .attacker_in = kNothing, .attacker_out = kEverythingTracked}));
    const Path back = out_of(kVictim, kAttacker);
    field.expect_pass(kIn, client(kSyn, kClientStart));
    field.expect_pass(back, segment(kVictim, kAttacker, kSyn | kAck, kServerStart, kClientStart + 1));
    for (int packet = 0; packet < 2; ++packet) {
        field.expect_pass(kIn, client(kAck, kClientStart + 1));
        field.expect_pass(back, answer(kClientStart + 1));
    }
    expect_fast(back, answer(kClientStart + 1 + kSent));
    for (const std::uint32_t guess : {kClientStart + 1, std::uint32_t{0}, std::uint32_t{0x80000000}}) {
        SCOPED_TRACE(guess);
        field.expect_pass(kIn, client(kRst, guess));
        expect_fast(back, answer(kClientStart + 1 + kSent));
    }
    field.expect_pass(kIn, client(kRst, kClientStart + 1 + kSent));
    field.pass_time(11);
    field.expect_drop(back, answer(kClientStart + 1 + kSent), PC_REASON_security_group);
}

// The attacker's port still has the flow by which it answered.
TEST_P(FastFlows, A75ANewInstanceUnderOldNumbersGetsNothingOfTheFormersFlows) {
    const Packet question = datagram(kVictim, kAttacker, kAsker, kQuestions), answer = datagram(kAttacker, kVictim, kQuestions, kAsker);
    for (int packet = 0; packet < 2; ++packet) {
        field.expect_pass(into(kAttacker, kVictim), question);
        field.expect_pass(kIn, answer);
    }
    expect_fast(kIn, answer);
    field.replug(kVictim);
    field.change(documents());
    (void)field.play(kVictim, [] {});  // the bridge learns where it is
    field.expect_drop(kIn, answer, PC_REASON_security_group);
    field.expect_pass(into(kAttacker, kVictim), question);
    field.expect_pass(kIn, answer);
}

TEST_P(FastFlows, A75APortOfAnotherBridgeGetsNothingMore) {
    establish(kNeighbour);
    const RawSocket other_host = field.part_neighbour();
    field.change(documents());
    const std::uint64_t before = field.fast_packets(kAttacker);
    Battlefield::Round round =
        field.play(kAttacker, [&] { field.send(kAttacker, datagram(kAttacker, kNeighbour, kAsker, kService).bytes()); });
    EXPECT_TRUE(round.heard[kNeighbour].empty());
    EXPECT_EQ(field.fast_packets(kAttacker), before);
    EXPECT_FALSE(other_host.receive());
    field.expect_pass(kIn, datagram(kAttacker, kVictim, kAsker, kService));  // judged anew, as all are
    expect_fast(kIn, datagram(kAttacker, kVictim, kAsker, kService));
    field.begin(documents());
}

}  // namespace
}  // namespace portcullis::test
