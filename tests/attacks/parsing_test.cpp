// SPDX-License-Identifier: Apache-2.0
// Attacks A23-A27, A33-A36 and A40-A42: headers that contradict each other, hide the transport header, or pose as another protocol.
// The victim's groups admit udp and tcp 4000 and echo requests alone, so that what is misread is also seen.
#include "tests/attacks/attack_test.h"

namespace portcullis::test {
namespace {

constexpr Place kVictim = Place::Victim, kAttacker = Place::Attacker;
constexpr std::uint16_t kOpen = 4000, kClosed = 5000;
const Path kOut = out_of(kAttacker, kVictim);
const Path kIn = into(kVictim, kAttacker);

constexpr std::string_view kVictimIn =
    R"([{"IpProtocol": "udp", "FromPort": 4000, "ToPort": 4000, "IpRanges": [{"CidrIp": "192.0.2.0/24"}], "Ipv6Ranges": [{"CidrIpv6": "2001:db8:1::/56"}]},
        {"IpProtocol": "tcp", "FromPort": 4000, "ToPort": 4000, "IpRanges": [{"CidrIp": "192.0.2.0/24"}], "Ipv6Ranges": [{"CidrIpv6": "2001:db8:1::/56"}]},
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": 0, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]},
        {"IpProtocol": "icmpv6", "FromPort": 128, "ToPort": 0, "Ipv6Ranges": [{"CidrIpv6": "2001:db8:1::/56"}]},
        {"IpProtocol": "255", "IpRanges": [{"CidrIp": "192.0.2.0/24"}]},
        {"IpProtocol": "59", "Ipv6Ranges": [{"CidrIpv6": "2001:db8:1::/56"}]}])";

class Parsing : public AttackTest {
   protected:
    Parsing() { field.begin(world({.victim_in = kVictimIn, .attacker_out = kEverythingTracked})); }
};
PORTCULLIS_ATTACK_EVERYWHERE(Parsing);

const Ethernet kFrame = link(kAttacker, kVictim);
const Ipv4 kHeader = ipv4(kAttacker, kVictim);
const Ipv6 kHeader6 = ipv6(kAttacker, kVictim);
Packet datagram() { return kFrame / kHeader / udp(kOpen, kOpen) / text("legal"); }
Packet datagram6() { return kFrame / kHeader6 / udp(kOpen, kOpen) / text("legal"); }
Ipv4 of_protocol(std::uint8_t number) {
    return with(kHeader, [&](Ipv4& header) { header.protocol = number; });
}
Ipv6 of_protocol6(std::uint8_t number) {
    return with(kHeader6, [&](Ipv6& header) { header.next_header = number; });
}
template <class Edit>
Packet odd(Edit edit) {
    return of_type(kFrame, 0x0800) / with(kHeader, edit) / udp(kOpen, kOpen) / text("some text of a datagram");
}
template <class Edit>
Packet odd6(Edit edit) {
    return of_type(kFrame, 0x86dd) / with(kHeader6, edit) / udp(kOpen, kOpen) / text("some text of a datagram");
}
Packet zeros(const Packet& head, std::size_t bytes) { return head / Payload{.bytes = Bytes(bytes)}; }

TEST_P(Parsing, A23LengthsAndVersionsThatContradictTheFrameAreDropped) {
    const Attack attacks[] = {
        {"a header of 16 bytes", odd([](Ipv4& h) { h.header_words = 4; }), PC_REASON_ip_malformed},
        {"a header of 0 bytes", odd([](Ipv4& h) { h.header_words = 0; }), PC_REASON_ip_malformed},
        {"a header beyond the total length", odd([](Ipv4& h) {
             h.header_words = 15;
             h.total_length = 40;
         }),
         PC_REASON_ip_malformed},
        {"a header beyond the frame", kFrame / with(kHeader, [](Ipv4& h) { h.header_words = 15; }) / udp(kOpen, kOpen),
         PC_REASON_ip_malformed},
        {"a total length beyond the frame", odd([](Ipv4& h) { h.total_length = 52; }), PC_REASON_ip_malformed},
        {"a total length of 65535", odd([](Ipv4& h) { h.total_length = 65535; }), PC_REASON_ip_malformed},
        {"a total length below the header", odd([](Ipv4& h) { h.total_length = 19; }), PC_REASON_ip_malformed},
        {"a total length of 0", odd([](Ipv4& h) { h.total_length = 0; }), PC_REASON_ip_malformed},
        {"version 0", odd([](Ipv4& h) { h.version = 0; }), PC_REASON_ip_malformed},
        {"version 5", odd([](Ipv4& h) { h.version = 5; }), PC_REASON_ip_malformed},
        {"version 6 as IPv4", odd([](Ipv4& h) { h.version = 6; }), PC_REASON_ip_malformed},
        {"IPv6 as IPv4", of_type(kFrame, 0x0800) / kHeader6 / udp(kOpen, kOpen), PC_REASON_ip_malformed},
        {"half a header", of_type(kFrame, 0x0800) / Payload{.bytes = {0x45, 0, 0, 10, 0, 0, 0, 0, 64, 17}}, PC_REASON_ip_malformed},
        {"no header", of_type(kFrame, 0x0800) / Payload{.bytes = {}}, PC_REASON_ip_malformed},
    };
    field.repel(kOut, attacks, datagram());
}

TEST_P(Parsing, A23Ipv6LengthsAndVersionsThatContradictTheFrameAreDropped) {
    const Attack attacks[] = {
        {"version 4", odd6([](Ipv6& h) { h.version = 4; }), PC_REASON_ip_malformed},
        {"version 0", odd6([](Ipv6& h) { h.version = 0; }), PC_REASON_ip_malformed},
        {"IPv4 as IPv6", of_type(kFrame, 0x86dd) / kHeader / udp(kOpen, kOpen) / Payload{.bytes = Bytes(40)}, PC_REASON_ip_malformed},
        {"a payload beyond the frame", odd6([](Ipv6& h) { h.payload_length = 32; }), PC_REASON_ip_malformed},
        {"a payload of 65535", odd6([](Ipv6& h) { h.payload_length = 65535; }), PC_REASON_ip_malformed},
        {"a payload of 0", odd6([](Ipv6& h) { h.payload_length = 0; }), PC_REASON_transport_malformed},
        {"half a header", of_type(kFrame, 0x86dd) / Payload{.bytes = {0x60, 0, 0, 0, 0, 0, 17, 64}}, PC_REASON_ip_malformed},
    };
    field.repel(kOut, attacks, datagram6());
}

// What lies behind the packet is padding: nothing in it is read.
TEST_P(Parsing, A24PaddingIsNoTransportHeader) {
    const Attack attacks[] = {
        {"a UDP header", odd([](Ipv4& h) { h.total_length = 20; }), PC_REASON_transport_malformed},
        {"half a UDP header", odd([](Ipv4& h) { h.total_length = 24; }), PC_REASON_transport_malformed},
        {"the end of a TCP header", kFrame / with(kHeader, [](Ipv4& h) { h.total_length = 39; }) / tcp(kOpen, kOpen, kSyn),
         PC_REASON_transport_malformed},
        {"the text of a datagram", odd([](Ipv4& h) { h.total_length = 40; }), PC_REASON_transport_malformed},
        {"an ICMP header", kFrame / with(kHeader, [](Ipv4& h) { h.total_length = 24; }) / Icmp{.checksum = {}},
         PC_REASON_transport_malformed},
    };
    field.repel(kOut, attacks, datagram());
    const Attack attacks6[] = {
        {"a UDP header", odd6([](Ipv6& h) { h.payload_length = 0; }), PC_REASON_transport_malformed},
        {"the text of a datagram", odd6([](Ipv6& h) { h.payload_length = 20; }), PC_REASON_transport_malformed},
    };
    field.repel(kOut, attacks6, datagram6());
    // A whole packet to a closed port in front, one to an open port behind it.
    const auto doubled = [](std::uint16_t port) {
        return kFrame / with(kHeader, [](Ipv4& h) { h.total_length = 28; }) / with(udp(kOpen, port), [](Udp& u) { u.length = 8; }) /
               udp(kOpen, kOpen) / Payload{.bytes = Bytes(10)};
    };
    field.expect_drop(kIn, doubled(kClosed), PC_REASON_security_group);
    field.expect_pass(kIn, doubled(kOpen));
}

TEST_P(Parsing, A25AProtocolWithoutItsHeaderIsDropped) {
    for (const auto& [protocol, least] : std::initializer_list<std::pair<std::uint8_t, std::size_t>>{{6, 20}, {17, 8}, {1, 8}}) {
        for (std::size_t bytes = 0; bytes < least; ++bytes) {
            SCOPED_TRACE(std::to_string(protocol) + " with " + std::to_string(bytes) + " bytes");
            field.expect_drop(kOut, zeros(kFrame / of_protocol(protocol), bytes), PC_REASON_transport_malformed);
        }
    }
    for (const auto& [protocol, least] : std::initializer_list<std::pair<std::uint8_t, std::size_t>>{{6, 20}, {17, 8}, {58, 8}}) {
        for (std::size_t bytes = 0; bytes < least; ++bytes) {
            SCOPED_TRACE("IPv6, " + std::to_string(protocol) + " with " + std::to_string(bytes) + " bytes");
            field.expect_drop(kOut, zeros(kFrame / of_protocol6(protocol), bytes), PC_REASON_transport_malformed);
        }
    }
    field.expect_pass(kOut, kFrame / kHeader / udp(kOpen, kOpen));
    field.expect_pass(kOut, kFrame / kHeader6 / udp(kOpen, kOpen));
}

TEST_P(Parsing, A26OptionsMoveThePortsAndSourceRoutesAreDropped) {
    const auto options = [](Bytes bytes, std::uint16_t port) {
        return kFrame / with(kHeader, [&](Ipv4& h) { h.options = std::move(bytes); }) / udp(kOpen, port);
    };
    const Bytes record{7, 7, 4, 0, 0, 0, 0, 0}, timestamp{68, 8, 5, 0, 0, 0, 0, 0};
    // Where the ports would be without options: those of the open port.
    const Bytes disguise{30, 8, 0x0f, 0xa0, 0, 0, 0, 0};
    const Attack attacks[] = {
        {"loose source route", options({131, 7, 4, 192, 0, 2, 30, 0}, kOpen), PC_REASON_source_route},
        {"strict source route", options({137, 7, 4, 192, 0, 2, 30, 0}, kOpen), PC_REASON_source_route},
        {"a source route behind other options", options({1, 7, 3, 4, 1, 131, 3, 4}, kOpen), PC_REASON_source_route},
        {"a source route without a length", options({1, 1, 1, 131}, kOpen), PC_REASON_source_route},
        {"a source route of length 0", options({131, 0, 0, 0}, kOpen), PC_REASON_source_route},
        {"an option of length 0", options({7, 0, 0, 0}, kOpen), PC_REASON_ip_malformed},
        {"an option of length 1", options({7, 1, 0, 0}, kOpen), PC_REASON_ip_malformed},
        {"an option beyond the header", options({7, 5, 0, 0}, kOpen), PC_REASON_ip_malformed},
        {"an option without a length", options({1, 1, 1, 7}, kOpen), PC_REASON_ip_malformed},
    };
    field.repel(kOut, attacks, options(record, kOpen));
    field.expect_pass(kOut, options(timestamp, kOpen));
    field.expect_drop(kIn, options(disguise, kClosed), PC_REASON_security_group);
    field.expect_pass(kIn, options(disguise, kOpen));
    field.expect_pass(kIn, options(Bytes(40, 1), kOpen));
    field.expect_drop(kIn, options(Bytes(40, 1), kClosed), PC_REASON_security_group);
}

TEST_P(Parsing, A27ReservedProtocolsPassByTheirOwnRuleAndOpenNothingElse) {
    for (const std::uint8_t number : std::initializer_list<std::uint8_t>{0, 3, 61, 100, 143, 253, 254}) {
        SCOPED_TRACE(static_cast<int>(number));
        field.expect_drop(kIn, zeros(kFrame / of_protocol(number), 40), PC_REASON_security_group);
    }
    field.expect_pass(kIn, zeros(kFrame / of_protocol(255), 40));
    field.expect_pass(kIn, zeros(kFrame / of_protocol6(59), 0));
    const std::uint64_t flows = field.flows(kVictim);
    EXPECT_EQ(flows, 2u);
    field.expect_drop(kIn, kFrame / kHeader / udp(kOpen, kClosed), PC_REASON_security_group);
    field.expect_drop(kIn, kFrame / kHeader / tcp(kOpen, kClosed, kSyn), PC_REASON_security_group);
    field.expect_drop(kIn, zeros(kFrame / of_protocol(254), 40), PC_REASON_security_group);
    field.expect_drop(kIn, zeros(kFrame / of_protocol6(61), 40), PC_REASON_security_group);
    EXPECT_EQ(field.flows(kVictim), flows);
}

// Behind the header number n, as often as the chain is long.
Packet chain(std::span<const std::uint8_t> numbers, std::size_t body, std::uint16_t port) {
    Packet packet = kFrame / kHeader6;
    for (const std::uint8_t number : numbers) {
        if (number == 44) {
            packet = std::move(packet) / FragmentHeader{.id = 9};
        } else {
            Bytes options(body);  // one PadN over all of it
            options[0] = 1;
            options[1] = static_cast<std::uint8_t>(body - 2);
            packet = std::move(packet) / ExtensionHeader{.number = number, .body = options};
        }
    }
    return std::move(packet) / udp(kOpen, port);
}
using Numbers = std::vector<std::uint8_t>;

TEST_P(Parsing, A33FragmentHeadersStandOnceInAChainOfLimitedLength) {
    const Attack attacks[] = {
        {"two fragment headers", chain(Numbers{44, 44}, 6, kOpen), PC_REASON_extension_header},
        {"a fragment header on either side of options", chain(Numbers{44, 60, 44}, 6, kOpen), PC_REASON_extension_header},
        {"hop-by-hop options behind a fragment header", chain(Numbers{44, 0}, 6, kOpen), PC_REASON_extension_header},
        {"nine headers with a fragment header among them", chain(Numbers{0, 60, 60, 60, 44, 60, 60, 60, 60}, 6, kOpen),
         PC_REASON_extension_header},
    };
    field.repel(kOut, attacks, chain(Numbers{60, 44, 60}, 6, kOpen));
}

TEST_P(Parsing, A34AChainOfHeadersIsWalkedToThePortsOrDropped) {
    const Attack attacks[] = {
        {"nine headers", chain(Numbers(9, 60), 6, kOpen), PC_REASON_extension_header},
        {"264 bytes of headers", chain(Numbers(3, 60), 86, kOpen), PC_REASON_extension_header},
        {"one header of 264 bytes", chain(Numbers(1, 60), 262, kOpen), PC_REASON_extension_header},
        {"hop-by-hop options that are not first", chain(Numbers{60, 0}, 6, kOpen), PC_REASON_extension_header},
        {"hop-by-hop options twice", chain(Numbers{0, 0}, 6, kOpen), PC_REASON_extension_header},
        {"a header beyond the packet",
         kFrame / of_protocol6(60) / ExtensionHeader{.number = 60, .body = Bytes(6), .next_header = 17, .length_units = 9} /
             udp(kOpen, kOpen),
         PC_REASON_extension_header},
        {"half a header", kFrame / of_protocol6(60) / Payload{.bytes = {17, 0, 1, 2}}, PC_REASON_extension_header},
        {"hop-by-hop options that reach beyond their header",
         kFrame / kHeader6 / ExtensionHeader{.number = 0, .body = {1, 5, 0, 0, 0, 0}} / udp(kOpen, kOpen), PC_REASON_extension_header},
    };
    field.repel(kOut, attacks, chain(Numbers{0, 60, 60, 60, 60, 60, 60, 60}, 6, kOpen));
    field.expect_pass(kIn, chain(Numbers{0, 60, 44, 60}, 6, kOpen));
    field.expect_drop(kIn, chain(Numbers{0, 60, 44, 60}, 6, kClosed), PC_REASON_security_group);
    field.expect_drop(kIn, chain(Numbers(8, 60), 6, kClosed), PC_REASON_security_group);
    field.expect_pass(kIn, chain(Numbers(4, 60), 62, kOpen));
    field.expect_drop(kIn, chain(Numbers(4, 60), 62, kClosed), PC_REASON_security_group);
    for (const std::uint8_t number : std::initializer_list<std::uint8_t>{135, 139, 140}) {  // Mobility, HIP, Shim6: protocols of their own
        field.expect_drop(kIn, chain(Numbers{number}, 6, kOpen), PC_REASON_security_group);
    }
}

TEST_P(Parsing, A35RoutingHeadersAreDropped) {
    for (const std::uint8_t type : std::initializer_list<std::uint8_t>{0, 1, 2, 3, 4, 253}) {
        SCOPED_TRACE(static_cast<int>(type));
        const ExtensionHeader routing{.number = 43, .body = {type, 0, 0, 0, 0, 0}};
        field.expect_drop(kOut, kFrame / kHeader6 / routing / udp(kOpen, kOpen), PC_REASON_source_route);
        field.expect_drop(kOut, kFrame / kHeader6 / ExtensionHeader{.number = 60, .body = Bytes(6)} / routing / udp(kOpen, kOpen),
                          PC_REASON_source_route);
    }
    field.expect_pass(kOut, datagram6());
}

TEST_P(Parsing, A36OtherProtocolsAreJudgedByTheirNumberNotByWhatTheyWrap) {
    const Bytes inner = (kFrame / kHeader / tcp(kOpen, kOpen, kSyn)).bytes();
    const Payload wrapped{.bytes = Bytes(inner.begin() + 14, inner.end())};
    const Payload ports{.bytes = {0x0f, 0xa0, 0x0f, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}};
    for (const std::uint8_t number : std::initializer_list<std::uint8_t>{4, 41, 47, 50, 51, 94, 97, 108, 33, 132, 136, 137}) {
        SCOPED_TRACE(static_cast<int>(number));
        field.expect_drop(kIn, kFrame / of_protocol(number) / wrapped, PC_REASON_security_group);
        field.expect_drop(kIn, kFrame / of_protocol(number) / ports, PC_REASON_security_group);
        field.expect_drop(kIn, kFrame / of_protocol6(number) / ports, PC_REASON_security_group);
    }
    const Payload authentication{.bytes = {6, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}};
    field.expect_drop(kIn, Packet{.layers = {kFrame, of_protocol6(51), authentication, tcp(kOpen, kOpen, kSyn)}}, PC_REASON_security_group);
    field.expect_pass(kIn, kFrame / kHeader / tcp(kOpen, kOpen, kSyn));
    field.expect_pass(kIn, kFrame / kHeader6 / tcp(kOpen, kOpen, kSyn));
}

bool is_legal(unsigned flags) {
    const unsigned relevant = flags & (kFin | kSyn | kRst | kAck);
    return relevant == kSyn || relevant == (kSyn | kAck) || relevant == kRst || relevant == (kRst | kAck) || relevant == (kFin | kAck) ||
           relevant == kAck;
}

TEST_P(Parsing, A40SegmentsWithFlagsThatNoSegmentHasAreDropped) {
    for (unsigned flags = 0; flags < 256; ++flags) {
        if (!is_legal(flags)) {
            SCOPED_TRACE(flags);
            field.expect_drop(kOut, kFrame / kHeader / tcp(kOpen, kOpen, static_cast<std::uint8_t>(flags)), PC_REASON_tcp_flags);
            field.expect_drop(kOut, kFrame / kHeader6 / tcp(kOpen, kOpen, static_cast<std::uint8_t>(flags)), PC_REASON_tcp_flags);
        }
    }
    field.expect_pass(kOut, kFrame / kHeader / tcp(kOpen, kOpen, kSyn | kEce | kCwr));
    field.expect_pass(kOut, kFrame / kHeader6 / tcp(kOpen, kOpen, kSyn | kPsh | kUrg));
}

TEST_P(Parsing, A40TcpHeadersThatContradictTheSegmentAreDropped) {
    const auto offset = [](std::uint8_t words) {
        return kFrame / kHeader / with(tcp(kOpen, kOpen, kSyn), [&](Tcp& segment) { segment.data_offset = words; });
    };
    const Attack attacks[] = {
        {"a header of 0 bytes", offset(0), PC_REASON_transport_malformed},
        {"a header of 16 bytes", offset(4), PC_REASON_transport_malformed},
        {"a header beyond the segment", offset(6), PC_REASON_transport_malformed},
        {"a header of 60 bytes beyond the segment", offset(15), PC_REASON_transport_malformed},
    };
    field.repel(kOut, attacks, kFrame / kHeader / tcp(kOpen, kOpen, kSyn) / text("data in the SYN, as of fast open"));
    field.expect_drop(kIn, kFrame / kHeader / tcp(kOpen, 0, kSyn), PC_REASON_security_group);
    field.expect_pass(kIn, kFrame / kHeader / tcp(0, kOpen, kSyn));
}

TEST_P(Parsing, A41UdpLengthsThatContradictThePacketAreDropped) {
    const auto length = [](std::uint16_t bytes) {
        return kFrame / kHeader / with(udp(kOpen, kOpen), [&](Udp& header) { header.length = bytes; }) / text("twelve bytes");
    };
    const Attack attacks[] = {
        {"0", length(0), PC_REASON_transport_malformed},
        {"7", length(7), PC_REASON_transport_malformed},
        {"beyond the packet", length(21), PC_REASON_transport_malformed},
        {"65535", length(65535), PC_REASON_transport_malformed},
    };
    field.repel(kOut, attacks, length(20));
    field.expect_pass(kOut, length(8));
    // Checksums are the receiver's business: neither believed nor required.
    const auto checksum = [](std::uint16_t port) {
        return kFrame / kHeader / with(udp(kOpen, port), [](Udp& header) { header.checksum = 0xdead; }) / text("false");
    };
    field.expect_pass(kIn, checksum(kOpen));
    field.expect_drop(kIn, checksum(kClosed), PC_REASON_security_group);
}

TEST_P(Parsing, A42IcmpMatchesByTypeAndCodeOfItsOwnFamily) {
    const auto icmp = [](std::uint8_t type, std::uint8_t code) {
        return kFrame / kHeader / Icmp{.type = type, .code = code, .checksum = {}};
    };
    const auto icmp6 = [](std::uint8_t type, std::uint8_t code) {
        return kFrame / kHeader6 / Icmpv6{.type = type, .code = code, .checksum = {}};
    };
    field.expect_drop(kIn, icmp(8, 1), PC_REASON_security_group);
    field.expect_drop(kIn, icmp(13, 0), PC_REASON_security_group);
    field.expect_drop(kIn, icmp(17, 0), PC_REASON_security_group);
    field.expect_drop(kIn, icmp(128, 0), PC_REASON_security_group);
    field.expect_pass(kIn, icmp(8, 0));
    field.expect_drop(kIn, icmp6(128, 1), PC_REASON_security_group);
    field.expect_drop(kIn, icmp6(139, 0), PC_REASON_security_group);
    field.expect_drop(kIn, icmp6(8, 0), PC_REASON_security_group);
    field.expect_pass(kIn, icmp6(128, 0));
    field.expect_drop(kOut, kFrame / of_protocol6(1) / Icmp{.checksum = {}}, PC_REASON_protocol);
    field.expect_drop(kOut, kFrame / of_protocol(58) / Icmpv6{.checksum = {}}, PC_REASON_protocol);
    field.expect_pass(kOut, icmp6(128, 0));
}

}  // namespace
}  // namespace portcullis::test
