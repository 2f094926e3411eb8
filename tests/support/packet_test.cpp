// SPDX-License-Identifier: Apache-2.0
// The packet algebra itself: its lengths, numbers and checksums, against bytes worked out by hand.
#include "tests/support/packet.h"

#include <gtest/gtest.h>

#include "tests/support/packet_fragments.h"
#include "tests/support/packet_messages.h"

namespace portcullis::test {
namespace {

const Mac kA = mac("02:00:00:00:00:01");
const Mac kB = mac("02:00:00:00:00:02");

TEST(PacketAlgebra, GivesTheBytesOfAnIpv4UdpFrame) {
    const Packet packet = Ethernet{.source = kA, .destination = kB} / Ipv4{.source = ip("192.0.2.1"), .destination = ip("192.0.2.2")} /
                          Udp{.source_port = 1000, .destination_port = 53} / text("hi");
    EXPECT_EQ(hex(packet.bytes()),
              "0200000000020200000000010800"  // Ethernet
              "4500001e00000000"              // IPv4: 30 bytes
              "4011f6cbc0000201c0000202"      // TTL, UDP, checksum, addresses
              "03e80035000a0f50"              // UDP: 10 bytes
              "6869");
}

TEST(PacketAlgebra, HeadersVerifyUnderTheirOwnChecksum) {
    const Bytes frame =
        (Ethernet{} / Ipv4{.source = ip("192.0.2.1"), .destination = ip("192.0.2.2"), .options = {1, 1, 1}} / Tcp{}).bytes();
    EXPECT_EQ(internet_checksum(Bytes(frame.begin() + 14, frame.begin() + 14 + 24)), 0);
    EXPECT_EQ(frame[14], 0x46);
}

TEST(PacketAlgebra, KeepsWhatIsGivenExplicitly) {
    const Bytes frame = (Ethernet{.type = 0x88cc} /
                         Ipv4{.protocol = 99, .version = 5, .header_words = 4, .total_length = 7, .checksum = 0x1234} / Payload{})
                            .bytes();
    EXPECT_EQ(hex(Bytes(frame.begin() + 12, frame.begin() + 26)),
              "88cc5400000700000000"
              "40631234");
}

TEST(PacketAlgebra, NumbersWhatFollows) {
    const Bytes frame =
        (Ethernet{} / Vlan{.id = 5} / Ipv6{} / ExtensionHeader{.number = 60, .body = {1, 4, 0, 0, 0, 0}} / FragmentHeader{} / Icmpv6{})
            .bytes();
    EXPECT_EQ(hex(Bytes(frame.begin() + 12, frame.begin() + 18)), "8100000586dd");
    EXPECT_EQ(frame[18 + 6], 60);
    EXPECT_EQ(frame[18 + 40], 44);
    EXPECT_EQ(frame[18 + 48], 58);
    EXPECT_EQ(frame[18 + 5], 8 + 8 + 8);
}

TEST(PacketAlgebra, ChecksumsNeighbourDiscoveryWithThePseudoHeader) {
    const Ipv6 header{.source = kA.link_local(), .destination = ip("ff02::1:ff00:2"), .hop_limit = 255};
    const Bytes frame = (Ethernet{} / header / Neighbour{.target = ip("2001:db8::2"), .options = nd_link_option(1, kA)}).bytes();
    Bytes summed(frame.begin() + 14 + 8, frame.end());  // both addresses and the message
    const Bytes rest{0, 0, 0, 32, 0, 0, 0, 58};
    summed.insert(summed.end(), rest.begin(), rest.end());
    EXPECT_EQ(internet_checksum(summed), 0);
    EXPECT_EQ(frame.size(), 14u + 40 + 24 + 8);
}

Bytes behind(const Bytes& frame, std::size_t at) { return {frame.begin() + static_cast<std::ptrdiff_t>(at), frame.end()}; }

TEST(PacketAlgebra, FragmentsOfIpv4AddUpToTheDatagram) {
    const Packet whole = Ethernet{} / Ipv4{.source = ip("192.0.2.1"), .destination = ip("192.0.2.2")} /
                         Udp{.source_port = 1000, .destination_port = 53, .length = {}, .checksum = {}} / text("0123456789abcdef!");
    Bytes body;
    for (const Packet& fragment : fragments_of(whole, 8, 7)) {
        const Bytes frame = fragment.bytes();
        EXPECT_EQ(hex({frame.begin() + 18, frame.begin() + 20}), "0007");
        EXPECT_EQ(frame[23], 17);
        EXPECT_EQ(static_cast<std::size_t>((frame[20] & 0x1f) << 8 | frame[21]) * 8, body.size());
        const Bytes piece = behind(frame, 34);
        body.insert(body.end(), piece.begin(), piece.end());
        EXPECT_EQ((frame[20] & 0x20) != 0, body.size() < 25) << "more fragments";
    }
    EXPECT_EQ(body, behind(whole.bytes(), 34));
}

TEST(PacketAlgebra, AFragmentOfIpv6RepeatsTheHeadersInFront) {
    const Packet whole = Ethernet{} / Ipv6{} / router_alert6() / options_header(60, {}) / Udp{} / text("01234567");
    const Bytes frame = fragment_of(whole, {.offset = 1, .size = 8, .more = true, .id = 9}, 1).bytes();
    EXPECT_EQ(hex(behind(frame, 14 + 40)),
              "2c00050200000100"  // hop-by-hop, then a fragment
              "3c00000900000009"  // of what begins with destination options; offset 1 and more; id 9
                  + hex(whole.bytes()).substr(2 * (14 + 40 + 8 + 8), 16));
    EXPECT_EQ(frame[14 + 6], 0);
    EXPECT_EQ(frame[14 + 5], 24);
}

TEST(PacketAlgebra, FillsOptionsWithPadding) {
    EXPECT_EQ(hex((options_header(60, {}) / Payload{}).bytes()), "3b00010400000000");
    EXPECT_EQ(hex((options_header(0, {5, 2, 0, 0}) / Payload{}).bytes()), "3b00050200000100");
    EXPECT_EQ(hex((options_header(0, {5, 3, 0, 0, 0}) / Payload{}).bytes()), "3b00050300000000");
}

TEST(PacketAlgebra, GivesTheBytesOfListenerReports) {
    const Ipv6 header{.source = kA.link_local(), .destination = ip("ff02::16"), .hop_limit = 1, .next_header = {}, .payload_length = {}};
    const Bytes frame =
        (Ethernet{} / header / router_alert6() / mld({.type = 143, .group = {}, .records = {{.group = ip("ff02::5")}}})).bytes();
    EXPECT_EQ(hex(behind(frame, 14 + 40)).substr(0, 16), "3a00050200000100");
    EXPECT_EQ(hex(behind(frame, 14 + 40 + 8 + 4)),
              "00000001"  // one record
              "04000000ff020000000000000000000000000005");
    EXPECT_EQ(hex(behind((Ethernet{} / Ipv4{} / igmp({.type = 0x16, .group = ip("224.0.0.5")})).bytes(), 34)), "160009fae0000005");
}

TEST(PacketAlgebra, GivesTheBytesOfDhcp) {
    const Bytes message = dhcpv4({.op = 1, .relay = ip("192.0.2.9"), .hardware_address = kA, .message = 3}).bytes;
    ASSERT_EQ(message.size(), 244u);
    EXPECT_EQ(hex({message.begin() + 24, message.begin() + 34}), "c0000209020000000001");
    EXPECT_EQ(hex(behind(message, 236)), "63825363350103ff");
    EXPECT_EQ(hex(dhcpv6({.type = 1, .transaction = 0x123456, .options = {}}).bytes), "01123456");
}

TEST(PacketAlgebra, AnnouncesAGuestByRarp) {
    EXPECT_EQ(hex(rarp_announcement(kA).bytes()),
              "ffffffffffff0200000000018035"
              "00010800060400030200000000010000000002000000000100000000");
}

TEST(PacketAlgebra, QuotesThePacketBehindEthernetAndTags) {
    const Packet packet =
        Ethernet{} / Vlan{} / Ipv4{.source = ip("192.0.2.1")} / Udp{.source_port = 7, .length = {}, .checksum = {}} / text("payload");
    const Bytes frame = packet.bytes();
    EXPECT_EQ(quote_of(frame, 28).bytes, Bytes(frame.begin() + 18, frame.begin() + 46));
    EXPECT_EQ(quote_of(frame, 5000).bytes, behind(frame, 18));
}

TEST(PacketAlgebra, KnowsTheMacOfAGroup) {
    EXPECT_EQ(group_mac(ip("224.128.1.2")), mac("01:00:5e:00:01:02"));
    EXPECT_EQ(group_mac(ip("ff02::1:ff00:a")), mac("33:33:ff:00:00:0a"));
    EXPECT_EQ(group_mac(ip("255.255.255.255")), kBroadcast);
    EXPECT_EQ(group_mac(ip("192.0.2.1")), std::nullopt);
}

TEST(PacketAlgebra, CutsArpToItsOwnLength) { EXPECT_EQ((Ethernet{} / Arp{.sender_mac = kA}).bytes().size(), 42u); }

}  // namespace
}  // namespace portcullis::test
