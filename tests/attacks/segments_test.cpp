// SPDX-License-Identifier: Apache-2.0
// Attacks A38 and A39: jumbograms, and segments that the instance's stack left uncut (virtio_net_hdr): judged once as each of them would
// be, counted one by one.
#include "tests/attacks/attack_test.h"

namespace portcullis::test {
namespace {

constexpr Place kVictim = Place::Victim, kAttacker = Place::Attacker, kOutside = Place::Outside;
constexpr std::uint16_t kOpen = 4000, kClosed = 5000;
constexpr std::uint16_t kSegment = 1000;

class Jumbograms : public AttackTest {
   protected:
    Jumbograms() { field.begin(world()); }
};
PORTCULLIS_ATTACK_EVERYWHERE(Jumbograms);

TEST_P(Jumbograms, A38AJumbogramFromTheWireIsDropped) {
    const auto jumbo = [](std::uint16_t payload, const Bytes& options) {
        return link(kAttacker, kVictim) / with(ipv6(kAttacker, kVictim), [&](Ipv6& header) { header.payload_length = payload; }) /
               ExtensionHeader{.number = 0, .body = options} / udp(kOpen, kOpen);
    };
    const Attack attacks[] = {
        {"with length 0", jumbo(0, {0xc2, 4, 0, 1, 0, 0}), PC_REASON_extension_header},
        {"with its length", jumbo(16, {0xc2, 4, 0, 0, 0, 16}), PC_REASON_extension_header},
        {"behind padding", jumbo(24, {1, 4, 0, 0, 0, 0, 0xc2, 4, 0, 1, 0, 0, 1, 0}), PC_REASON_extension_header},
        {"a length of 65536 without an option", jumbo(0, {1, 4, 0, 0, 0, 0}), PC_REASON_extension_header},
    };
    field.repel(out_of(kAttacker, kVictim), attacks, jumbo(16, {1, 4, 0, 0, 0, 0}));
}

class Segments : public AttackTest {
   protected:
    Segments() { field.begin(world({.victim_in = permission("tcp", kOpen, kOpen), .attacker_out = kEverythingTracked})); }
    struct Uncut {
        Bytes frame;
        VirtioHeader header;
    };
    // Of `bytes` of payload. `header_length`: what the instance claims its headers to be.
    static Uncut uncut(Family family, std::uint16_t port, std::size_t bytes, std::uint16_t header_length) {
        const bool is_ipv4 = family == Family::Ipv4;
        const Packet front = is_ipv4 ? link(kAttacker, kVictim) / ipv4(kAttacker, kVictim) / tcp(1024, port, kAck)
                                     : link(kAttacker, kVictim) / ipv6(kAttacker, kVictim) / tcp(1024, port, kAck);
        Packet whole = front;
        whole.layers.emplace_back(Payload{.bytes = Bytes(bytes)});
        const std::uint16_t transport = is_ipv4 ? 34 : 54;
        return {.frame = whole.bytes(),
                .header = {.flags = VirtioHeader::kNeedsChecksum,
                           .segmentation = is_ipv4 ? VirtioHeader::kTcp4 : VirtioHeader::kTcp6,
                           .header_length = header_length,
                           .segment_size = kSegment,
                           .checksum_start = transport,
                           .checksum_offset = 16}};
    }
    // The far ends are taps that take no segments uncut, and the uplink, which does.
    void expect(const Uncut& sent, Reason reason, std::int64_t segments) {
        const std::uint64_t flows = field.flows(kVictim);
        Battlefield::Round round = field.play(kAttacker, [&] { field.send_segments(kAttacker, sent.frame, sent.header); });
        const std::int64_t counted = field.counted_for(segments);
        EXPECT_EQ(to_string(round.counted), to_string({{{kAttacker, Direction::Outbound, PC_REASON_passed}, counted},
                                                       {{kVictim, Direction::Inbound, reason}, counted}}));
        const std::size_t heard = round.heard[kVictim].size();
        EXPECT_EQ(heard, reason == PC_REASON_passed ? static_cast<std::size_t>(segments) : 0u);
        if (reason != PC_REASON_passed) {
            EXPECT_EQ(field.flows(kVictim), flows);
        }
        EXPECT_TRUE(round.heard[kOutside].empty());
    }
};
PORTCULLIS_ATTACK_ON_TAPS(Segments);

TEST_P(Segments, A39UncutSegmentsAreJudgedAsEachOfThem) {
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
        const std::uint16_t headers = family == Family::Ipv4 ? 54 : 74;
        expect(uncut(family, kClosed, 10 * kSegment, headers), PC_REASON_security_group, 10);
        expect(uncut(family, kOpen, 10 * kSegment, headers), PC_REASON_passed, 10);
        expect(uncut(family, kOpen, 10 * kSegment + 1, headers), PC_REASON_passed, 11);
        expect(uncut(family, kOpen, 60 * kSegment, headers), PC_REASON_passed, 60);
    }
}

// The kernel keeps linear what the instance says its headers are: here, less than they are.
TEST_P(Segments, A39HeadersOutsideTheLinearPartAreReadAllTheSame) {
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
        for (const std::uint16_t linear : std::initializer_list<std::uint16_t>{14, 15, 34, 40}) {
            expect(uncut(family, kClosed, 60 * kSegment, linear), PC_REASON_security_group, 60);
            expect(uncut(family, kOpen, 60 * kSegment, linear), PC_REASON_passed, 60);
        }
    }
}

TEST_P(Segments, A39UncutSegmentsFromAForgedAddressAreDropped) {
    Uncut forged = uncut(Family::Ipv4, kOpen, 10 * kSegment, 54);
    forged.frame[14 + 15] = 30;  // the neighbour's
    const Battlefield::Round round = field.play(kAttacker, [&] { field.send_segments(kAttacker, forged.frame, forged.header); });
    EXPECT_EQ(to_string(round.counted), to_string({{{kAttacker, Direction::Outbound, PC_REASON_source_address}, field.counted_for(10)}}));
    expect(uncut(Family::Ipv4, kOpen, 10 * kSegment, 54), PC_REASON_passed, 10);
}

TEST_P(Segments, A39AFrameWhoseChecksumIsStillToBeComputedIsJudgedAsAnyOther) {
    for (const std::uint16_t port : std::initializer_list<std::uint16_t>{kClosed, kOpen}) {
        Uncut whole = uncut(Family::Ipv4, port, 100, 54);
        whole.header.segmentation = 0;
        whole.header.segment_size = 0;
        expect(whole, port == kOpen ? PC_REASON_passed : PC_REASON_security_group, 1);
    }
}

}  // namespace
}  // namespace portcullis::test
