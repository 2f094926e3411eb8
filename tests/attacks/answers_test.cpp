// SPDX-License-Identifier: Apache-2.0
// Attacks A71 to A74: where denials are answered (OnDeny "reject"), the answers serve nobody but the sender, whatever it sends.
#include "tests/attacks/attack_test.h"
#include "tests/support/packet_messages.h"

namespace portcullis::test {
namespace {

constexpr Place kVictim = Place::Victim, kAttacker = Place::Attacker, kOutside = Place::Outside;
constexpr std::uint16_t kPort = 4000, kOwnPort = 1024;
constexpr std::size_t kQuoted = 304;
constexpr std::uint32_t kSequence = 1000, kAcknowledged = 0xfffffff0;
constexpr std::string_view kReject = R"({"Portcullis": {"OnDeny": {"Action": "reject"}}})";

// The victim and the attacker may send nothing.
Documents rejecting() { return world({.victim_out = kNothing, .attacker_out = kNothing}, {std::string(kReject)}); }

Packet from_to(Family family, Place from, Place to) {
    if (family == Family::Ipv4) {
        return link(from, to) / ipv4(from, to);
    }
    return link(from, to) / ipv6(from, to);
}
// Headers of an answer: what the program that answers writes.
Packet back(Family family, Place from, Place to) {
    if (family == Family::Ipv4) {
        return link(from, to) / with(ipv4(from, to), [](Ipv4& header) { header.dont_fragment = true; });
    }
    return link(from, to) / ipv6(from, to);
}

Tcp syn() {
    return with(tcp(kOwnPort, kPort, kSyn), [](Tcp& segment) { segment.sequence = kSequence; });
}
Tcp data() {
    return with(tcp(kOwnPort, kPort, kAck), [](Tcp& segment) { segment.acknowledgement = kAcknowledged; });
}
Tcp reset(std::uint8_t flags, std::uint32_t sequence, std::uint32_t acknowledgement) {
    return with(tcp(kPort, kOwnPort, flags), [&](Tcp& segment) {
        segment.sequence = sequence;
        segment.acknowledgement = acknowledgement;
        segment.window = 0;
    });
}
Packet to_syn(Family family, Place from, Place to) { return back(family, from, to) / reset(kRst | kAck, 0, kSequence + 1); }
Packet to_data(Family family, Place from, Place to) { return back(family, from, to) / reset(kRst, kAcknowledged, 0); }
Packet prohibited(Family family, Place from, Place to, const Bytes& denied) {
    if (family == Family::Ipv4) {
        return back(family, from, to) / Icmp{.type = 3, .code = 13} / quote_of(denied, kQuoted);
    }
    return back(family, from, to) / Icmpv6{.type = 1, .code = 1} / quote_of(denied, kQuoted);
}

class AnswersBase : public AttackTest {
   protected:
    AnswersBase() { field.begin(rejecting()); }

    // Denied, and the sender alone hears something: this.
    void expect_answer(Place from, const std::function<void()>& send, const Bytes& answer, std::int64_t packets = 1) {
        Battlefield::Round round = field.play(from, send);
        EXPECT_EQ(to_string(round.counted), to_string({{{from, Direction::Outbound, reason_}, packets}}));
        EXPECT_EQ(round.heard[from].size(), 1u);
        if (!round.heard[from].empty()) {
            EXPECT_EQ(hex(round.heard[from].front()), hex(answer));
        }
        expect_nobody_else_heard(from, round);
    }
    void expect_answer(Place from, const Packet& packet, const Packet& answer) {
        const Bytes frame = packet.bytes();
        expect_answer(
            from, [&] { field.send(from, frame); }, answer.bytes());
    }
    static void expect_nobody_else_heard(Place from, Battlefield::Round& round) {
        for (const Place place : kPlaces) {
            EXPECT_TRUE(place == from || round.heard[place].empty()) << name_of(place) << " heard " << hex(round.heard[place].front());
        }
    }
    Reason reason_ = PC_REASON_security_group;
};

class Answers : public AnswersBase {};
PORTCULLIS_ATTACK_EVERYWHERE(Answers);

TEST_P(Answers, A71AnAnswerReachesTheSenderAlone) {
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
        for (const Place to : {kVictim, kOutside}) {
            expect_answer(kAttacker, from_to(family, kAttacker, to) / syn(), to_syn(family, to, kAttacker));
            expect_answer(kAttacker, from_to(family, kAttacker, to) / data() / text("data"), to_data(family, to, kAttacker));
            const Packet datagram = from_to(family, kAttacker, to) / udp(kOwnPort, kPort) / text("question");
            expect_answer(kAttacker, datagram, prohibited(family, to, kAttacker, datagram.bytes()));
        }
    }
    // The victim's go to the victim.
    expect_answer(kVictim, from_to(Family::Ipv4, kVictim, kAttacker) / syn(), to_syn(Family::Ipv4, kAttacker, kVictim));
}

TEST_P(Answers, A71WhatWouldBeDroppedEarlyIsAnsweredToo) {
    const Packet datagram = from_to(Family::Ipv4, kAttacker, kOutside) / udp(kOwnPort, kPort);
    const Packet answer = prohibited(Family::Ipv4, kOutside, kAttacker, datagram.bytes());
    reason_ = PC_REASON_deny_cidr;
    field.begin(world({}, {R"({"Portcullis": {"OnDeny": {"Action": "reject"}, "Egress": {"DenyCidrs": ["198.51.100.0/24"]}}})"}));
    expect_answer(kAttacker, datagram, answer);
    reason_ = PC_REASON_network_acl;
    field.begin(world({}, {std::string(kReject), network_acl("")}));
    expect_answer(kAttacker, datagram, answer);
}

TEST_P(Answers, A71AnAnswerKeepsTheTag) {
    field.begin(with_port(rejecting(), kAttacker, R"("Vlans": [5])"));
    const auto tagged = [](const Packet& untagged) {
        Packet frame = untagged;
        frame.layers.insert(frame.layers.begin() + 1, Vlan{.id = 5});
        return frame;
    };
    expect_answer(kAttacker, tagged(from_to(Family::Ipv4, kAttacker, kVictim) / syn()), tagged(to_syn(Family::Ipv4, kVictim, kAttacker)));
}

TEST_P(Answers, A71NobodyIsAnsweredInAnothersName) {
    const Attack attacks[] = {
        {"the victim's MAC", link(kVictim, kOutside) / ipv4(kAttacker, kOutside) / syn(), PC_REASON_source_mac},
        {"the victim's address", link(kAttacker, kOutside) / ipv4(kVictim, kOutside) / syn(), PC_REASON_source_address},
        {"the victim's IPv6 address", link(kAttacker, kOutside) / ipv6(kVictim, kOutside) / udp(kOwnPort, kPort), PC_REASON_source_address},
        {"a reset", link(kAttacker, kVictim) / ipv4(kAttacker, kVictim) / tcp(kOwnPort, kPort, kRst), PC_REASON_no_flow},
    };
    for (const Attack& attack : attacks) {
        const Bytes frame = attack.frame.bytes();
        Battlefield::Round round = field.play(kAttacker, [&] { field.send(kAttacker, frame); });
        EXPECT_EQ(to_string(round.counted), to_string({{{kAttacker, Direction::Outbound, attack.reason}, 1}})) << attack.what;
        EXPECT_TRUE(round.heard[kAttacker].empty()) << attack.what;
        expect_nobody_else_heard(kAttacker, round);
    }
    expect_answer(kAttacker, from_to(Family::Ipv4, kAttacker, kVictim) / syn(), to_syn(Family::Ipv4, kVictim, kAttacker));
}

TEST_P(Answers, A72InboundDenialsAreSilent) {
    field.begin(world({.victim_in = kNothing, .victim_out = kNothing}, {std::string(kReject)}));
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
        const Bytes frame = (from_to(family, kAttacker, kVictim) / syn()).bytes();
        Battlefield::Round round = field.play(kAttacker, [&] { field.send(kAttacker, frame); });
        EXPECT_EQ(to_string(round.counted), to_string({{{kAttacker, Direction::Outbound, PC_REASON_passed}, 1},
                                                       {{kVictim, Direction::Inbound, PC_REASON_security_group}, 1}}));
        EXPECT_TRUE(round.heard[kAttacker].empty());
        expect_nobody_else_heard(kAttacker, round);
    }
}

TEST_P(Answers, A73AFloodIsAnsweredAtALimitedRateOfItsPortAlone) {
    constexpr unsigned kPackets = 400, kLimit = 100;
    const Bytes frame = (from_to(Family::Ipv4, kAttacker, kOutside) / udp(kOwnPort, kPort)).bytes();
    Battlefield::Round round = field.play(kAttacker, [&] {
        for (unsigned i = 0; i < kPackets; ++i) {
            field.send(kAttacker, frame);
        }
    });
    EXPECT_EQ(to_string(round.counted), to_string({{{kAttacker, Direction::Outbound, PC_REASON_security_group}, kPackets}}));
    EXPECT_GE(round.heard[kAttacker].size(), kLimit);
    EXPECT_LE(round.heard[kAttacker].size(), 3 * kLimit) << "four hundred packets take longer than two windows";
    expect_nobody_else_heard(kAttacker, round);
    expect_answer(kVictim, from_to(Family::Ipv4, kVictim, kOutside) / syn(), to_syn(Family::Ipv4, kOutside, kVictim));
}

TEST_P(Answers, A74OwnFramesThatTheBridgeReturnsAreJudged) {
    field.begin(world({.attacker_in = kEverything, .attacker_out = kEverything}, {std::string(kReject)}));
    const std::string slave = "link set " + port_device(kAttacker) + " type bridge_slave hairpin ";
    field.ip(slave + "on\n");
    // To nobody: flooded, and returned where it came from. So is the marker.
    const Bytes frame = (link(kAttacker, mac("02:00:5e:00:53:99")) / ipv4(kAttacker, kOutside) / udp(kOwnPort, kPort)).bytes();
    Battlefield::Round round = field.play(kAttacker, [&] { field.send(kAttacker, frame); });
    field.ip(slave + "off\n");
    EXPECT_EQ((round.counted[{kAttacker, Direction::Outbound, PC_REASON_passed}]), 1);
    EXPECT_EQ((round.counted[{kAttacker, Direction::Inbound, PC_REASON_source_mac}]), 2);
    EXPECT_TRUE(round.heard[kAttacker].empty());
}

class AnswersToSegments : public AnswersBase {
   protected:
    void expect(const Packet& packet, const VirtioHeader& header, const Packet& answer, std::int64_t segments = 1) {
        const Bytes frame = packet.bytes();
        expect_answer(
            kAttacker, [&] { field.send_segments(kAttacker, frame, header); }, answer.bytes(), segments);
    }
};
PORTCULLIS_ATTACK_ON_TAPS(AnswersToSegments);

TEST_P(AnswersToSegments, A71UncutSegmentsAreAnsweredByOneReset) {
    constexpr std::uint16_t kSegment = 1000;
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
        const std::uint16_t transport = family == Family::Ipv4 ? 34 : 54;
        for (const std::uint16_t linear : std::initializer_list<std::uint16_t>{14, 34, 74, 1000}) {
            const VirtioHeader header{.flags = VirtioHeader::kNeedsChecksum,
                                      .segmentation = family == Family::Ipv4 ? VirtioHeader::kTcp4 : VirtioHeader::kTcp6,
                                      .header_length = linear,
                                      .segment_size = kSegment,
                                      .checksum_start = transport,
                                      .checksum_offset = 16};
            expect(from_to(family, kAttacker, kVictim) / data() / Payload{Bytes(60 * kSegment)}, header,
                   to_data(family, kVictim, kAttacker), 60);
        }
    }
}

// The instance says where a checksum is to be put; in the answer nothing is put there.
TEST_P(AnswersToSegments, A71AChecksumThatIsStillToBeComputedSpoilsNoAnswer) {
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
        const std::uint16_t transport = family == Family::Ipv4 ? 34 : 54;
        for (const std::uint16_t start : std::initializer_list<std::uint16_t>{transport, 40, 60, 200, 300}) {
            const VirtioHeader header{.flags = VirtioHeader::kNeedsChecksum, .checksum_start = start, .checksum_offset = 6};
            const Packet datagram = from_to(family, kAttacker, kVictim) / udp(kOwnPort, kPort) / Payload{Bytes(400, 'x')};
            expect(datagram, header, prohibited(family, kVictim, kAttacker, datagram.bytes()));
            expect(from_to(family, kAttacker, kVictim) / data() / Payload{Bytes(400, 'x')}, header, to_data(family, kVictim, kAttacker));
        }
    }
}

TEST_P(AnswersToSegments, A71AChecksumFarBehindMakesTheDenialSilent) {
    const VirtioHeader header{.flags = VirtioHeader::kNeedsChecksum, .checksum_start = 380, .checksum_offset = 6};
    const Bytes frame = (from_to(Family::Ipv4, kAttacker, kVictim) / udp(kOwnPort, kPort) / Payload{Bytes(400, 'x')}).bytes();
    Battlefield::Round round = field.play(kAttacker, [&] { field.send_segments(kAttacker, frame, header); });
    EXPECT_EQ(to_string(round.counted), to_string({{{kAttacker, Direction::Outbound, PC_REASON_security_group}, 1}}));
    EXPECT_TRUE(round.heard[kAttacker].empty());
    expect_nobody_else_heard(kAttacker, round);
}

}  // namespace
}  // namespace portcullis::test
