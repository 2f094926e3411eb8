// SPDX-License-Identifier: Apache-2.0
// The packet algebra itself: its lengths, numbers and checksums, against bytes worked out by hand.
#include "tests/support/packet.h"

#include <gtest/gtest.h>

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

TEST(PacketAlgebra, CutsArpToItsOwnLength) { EXPECT_EQ((Ethernet{} / Arp{.sender_mac = kA}).bytes().size(), 42u); }

}  // namespace
}  // namespace portcullis::test
