// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 1.4, 2.1 and 3: frames and headers.
#include "tests/unit/compiler/evaluate_office.h"

namespace portcullis::test {
namespace {

const Ethernet kFromA{.source = kMacA, .destination = kRouter};
const Ethernet kToA{.source = kRouter, .destination = kMacA};
const Ipv4 kAOut{.source = kA, .destination = kOutside};
const Ipv4 kAIn{.source = kOutside, .destination = kA};
const Ipv6 kA6Out{.source = kA6, .destination = kOutside6};
const Tcp kWeb{.source_port = 40000, .destination_port = 80};

// A frame with one byte of it changed.
Bytes patched(const Packet& packet, std::size_t offset, std::uint8_t value) {
    Bytes bytes = packet.bytes();
    bytes.at(offset) = value;
    return bytes;
}
Bytes cut(const Packet& packet, std::size_t size) {
    Bytes bytes = packet.bytes();
    bytes.resize(size);
    return bytes;
}
Packet from_a(const Ipv4& header, const Layer& transport) { return Packet{.layers = {kFromA, header, transport}}; }
Packet from_a6(const Ipv6& header, const Layer& transport) { return Packet{.layers = {kFromA, header, transport}}; }
Ipv4 with_options(const Bytes& options) { return {.source = kA, .destination = kOutside, .options = options}; }

TEST(EvaluatePort, UnknownInterfaceIsNoPort) { EXPECT_THAT(Bench().out("eni-none", from_a(kAOut, kWeb)), DropsAs(PC_REASON_no_port)); }

TEST(EvaluatePort, InterfaceWithoutMacOrSubnetIsClosed) {
    Bench without_mac;
    interface_of(without_mac.model, "eni-a").mac.reset();
    EXPECT_THAT(without_mac.out("eni-a", from_a(kAOut, kWeb)), DropsAs(PC_REASON_closed));
    Bench without_subnet;
    interface_of(without_subnet.model, "eni-a").subnet_id = "subnet-none";
    EXPECT_THAT(without_subnet.out("eni-a", from_a(kAOut, kWeb)), DropsAs(PC_REASON_closed));
}

TEST(EvaluateFrame, ShorterThanItsHeaderIsDropped) {
    for (std::size_t size = 0; size < 14; ++size) {
        EXPECT_THAT(Bench().out("eni-a", cut(from_a(kAOut, kWeb), size)), DropsAs(PC_REASON_frame)) << size;
    }
    EXPECT_THAT(Bench().out("eni-a", cut(from_a(kAOut, kWeb), 14)), DropsAs(PC_REASON_ip_malformed));
}

TEST(EvaluateFrame, VlanTagOfAnyKindIsDropped) {
    for (const std::uint16_t tpid : std::vector<std::uint16_t>{0x8100, 0x88a8, 0x9100}) {
        EXPECT_THAT(Bench().out("eni-a", kFromA / Vlan{.id = 0, .tpid = tpid} / kAOut / kWeb), DropsAs(PC_REASON_vlan));
        EXPECT_THAT(Bench().in("eni-a", kToA / Vlan{.id = 7, .tpid = tpid} / kAIn / kWeb), DropsAs(PC_REASON_vlan));
    }
}

TEST(EvaluateFrame, OtherEthertypesAreDroppedLengthsIncluded) {
    for (const std::uint16_t type :
         std::vector<std::uint16_t>{0x0000, 0x002e, 0x05ff, 0x0600, 0x8035, 0x8847, 0x8863, 0x88cc, 0x9000, 0xffff}) {
        const Ethernet ethernet{.source = kMacA, .destination = kRouter, .type = type};
        EXPECT_THAT(Bench().out("eni-a", ethernet / kAOut / kWeb), DropsAs(PC_REASON_ethertype)) << type;
    }
}

TEST(EvaluateFrame, EthertypeIsJudgedBeforeTheSourceMac) {
    const Ethernet both{.source = kMacB, .destination = kRouter, .type = 0x88cc};
    EXPECT_THAT(Bench().out("eni-a", both / kAOut / kWeb), DropsAs(PC_REASON_ethertype));
}

TEST(EvaluateFrame, OutboundSourceMacIsTheInterfacesOwn) {
    for (const Mac& source : {kMacB, Mac{}, kBroadcast, mac("02:00:00:00:01:0a"), mac("03:00:00:00:00:0a")}) {
        const Ethernet ethernet{.source = source, .destination = kRouter};
        EXPECT_THAT(Bench().out("eni-a", ethernet / kAOut / kWeb), DropsAs(PC_REASON_source_mac)) << source.to_string();
    }
    EXPECT_THAT(Bench().out("eni-a", from_a(kAOut, kWeb)), Passes());
}

TEST(EvaluateFrame, InboundSourceMacIsNeitherGroupNorZeroNorOwn) {
    for (const Mac& source : {kMacA, Mac{}, kBroadcast, mac("01:00:00:00:00:01")}) {
        const Ethernet ethernet{.source = source, .destination = kMacA};
        EXPECT_THAT(Bench().in("eni-a", ethernet / kAIn / kWeb), DropsAs(PC_REASON_source_mac)) << source.to_string();
    }
    EXPECT_THAT(Bench().in("eni-a", kToA / kAIn / kWeb), Passes());
}

TEST(EvaluateFrame, InboundUnicastToAnotherMacIsDropped) {
    const Ethernet flooded{.source = kRouter, .destination = kMacB};
    EXPECT_THAT(Bench().in("eni-a", flooded / kAIn / kWeb), DropsAs(PC_REASON_destination_mac));
}

TEST(EvaluateFrame, GroupFramesOtherThanLinkProtocolsAreDropped) {
    const Ethernet broadcast{.source = kMacA, .destination = kBroadcast};
    const Ipv4 everyone{.source = kA, .destination = ip("255.255.255.255")};
    EXPECT_THAT(Bench().out("eni-a", broadcast / everyone / Udp{.destination_port = 5353}), DropsAs(PC_REASON_multicast));
    EXPECT_THAT(Bench().out("eni-a", broadcast / everyone / Udp{.source_port = 68, .destination_port = 67}), DropsAs(PC_REASON_dhcp));
    const Ethernet multicast{.source = kMacA, .destination = kAllNodes};
    const Ipv6 nodes{.source = kA6, .destination = ip("ff02::1")};
    EXPECT_THAT(Bench().out("eni-a", multicast / nodes / Udp{.destination_port = 5353}), DropsAs(PC_REASON_multicast));
    EXPECT_THAT(Bench().out("eni-a", multicast / nodes / Icmpv6{.type = 143}), DropsAs(PC_REASON_multicast_listener));
    EXPECT_THAT(Bench().out("eni-a", multicast / nodes / Icmpv6{.type = 128}), DropsAs(PC_REASON_multicast));
}

TEST(EvaluateFrame, MalformedGroupFramesHaveTheReasonOfPacketSanity) {
    const Ethernet multicast{.source = kMacA, .destination = kAllNodes};
    const Packet solicitation = multicast / Ipv6{.source = kA6, .destination = ip("ff02::1"), .hop_limit = 255} / Neighbour{.target = kB6};
    EXPECT_THAT(Bench().out("eni-a", cut(solicitation, 54)), DropsAs(PC_REASON_ip_malformed));
}

TEST(EvaluateFrame, ListedMulticastPassesBothWays) {
    const Address group = ip("239.1.2.3");
    const Mac group_mac = mac("01:00:5e:01:02:03");
    Bench bench;
    EXPECT_THAT(Bench().out("eni-a", Ethernet{.source = kMacA, .destination = group_mac} / Ipv4{.source = kA, .destination = group} / kWeb),
                DropsAs(PC_REASON_multicast));
    bench.claim("eni-a").multicast = {group};
    EXPECT_THAT(bench.out("eni-a", Ethernet{.source = kMacA, .destination = group_mac} / Ipv4{.source = kA, .destination = group} / kWeb),
                Passes());
    EXPECT_THAT(bench.out("eni-a", kFromA / Ipv4{.source = kA, .destination = group} / kWeb), DropsAs(PC_REASON_multicast))
        << "unicast frame";
    EXPECT_THAT(bench.out("eni-a", Ethernet{.source = kMacA, .destination = kBroadcast} / kAOut / kWeb), DropsAs(PC_REASON_multicast));
    EXPECT_THAT(bench.in("eni-a", Ethernet{.source = kMacB, .destination = group_mac} / Ipv4{.source = kB, .destination = group} / kWeb,
                         by_port("eni-b")),
                Passes());
}

TEST(EvaluateFrame, RulesTakeAMulticastAddressForTheRemoteBothWays) {
    const Address group_address = ip("239.1.2.3");
    const Mac group_mac = mac("01:00:5e:01:02:03");
    Bench bench;
    bench.claim("eni-a").multicast = {group_address};
    SecurityGroup one = group("sg-1");
    one.rules[0] = one.rules[1] = {allow(udp(5000), prefix("239.1.2.3/32"))};
    regroup(bench.model, "eni-a", {one});
    const Udp datagram{.source_port = 5000, .destination_port = 5000};
    EXPECT_THAT(bench.out("eni-a", Ethernet{.source = kMacA, .destination = group_mac} / Ipv4{.source = kA, .destination = group_address} /
                                       datagram),
                Passes());
    EXPECT_THAT(
        bench.in("eni-a",
                 Ethernet{.source = kRouter, .destination = group_mac} / Ipv4{.source = kOutside, .destination = group_address} / datagram,
                 kUplink),
        Passes());
}

TEST(EvaluateFrame, FurtherMacsOfAllowedAddressesAreOwn) {
    const Mac shared = mac("00:00:5e:00:01:01");
    Bench bench;
    bench.claim("eni-a").allowed_addresses = {{.prefix = prefix("10.0.1.100/32"), .mac = shared}};
    EXPECT_THAT(bench.out("eni-a", Ethernet{.source = shared, .destination = kRouter} / kAOut / kWeb), Passes());
    EXPECT_THAT(bench.in("eni-a", Ethernet{.source = kRouter, .destination = shared} / kAIn / kWeb), Passes());
    EXPECT_THAT(bench.in("eni-a", Ethernet{.source = shared, .destination = kMacA} / kAIn / kWeb), DropsAs(PC_REASON_source_mac));
}

TEST(EvaluateFrame, ABoundInterfacesMacEntersByPortsAlone) {
    const Packet packet = Ethernet{.source = kMacB, .destination = kMacA} / Ipv4{.source = kB, .destination = kA} / kWeb;
    EXPECT_THAT(Bench().in("eni-a", packet, by_port("eni-b")), Passes());
    for (const Entrance& entrance : {kHost, kUplink, kElsewhere}) {
        EXPECT_THAT(Bench().in("eni-a", packet, entrance), DropsAs(PC_REASON_source_mac));
    }
    const Packet far = Ethernet{.source = kMacFar, .destination = kMacA} / Ipv4{.source = kFar, .destination = kA} / kWeb;
    EXPECT_THAT(Bench().in("eni-a", far, kUplink), Passes()) << "bound on another host";
}

// RARP as it announces a moved instance.
Bytes announcement(std::uint16_t operation = 3, const Mac& sender = kMacA, const Mac& source = kMacA, const Mac& to = kBroadcast) {
    const Arp arp{.operation = operation, .sender_mac = sender, .sender = ip("0.0.0.0"), .target_mac = sender, .target = ip("0.0.0.0")};
    return (Ethernet{.source = source, .destination = to, .type = 0x8035} / arp).bytes();
}

TEST(EvaluateFrame, AnAnnouncementByRarpPassesOutboundAlone) {
    EXPECT_THAT(Bench().out("eni-a", announcement()), Passes());
    EXPECT_THAT(Bench().in("eni-a", announcement(3, kMacB, kMacB), by_port("eni-b")), DropsAs(PC_REASON_ethertype));
    EXPECT_THAT(Bench().out("eni-a", announcement(1)), DropsAs(PC_REASON_ethertype));
    EXPECT_THAT(Bench().out("eni-a", announcement(3, kMacB)), DropsAs(PC_REASON_ethertype));
    EXPECT_THAT(Bench().out("eni-a", announcement(3, kMacA, kMacB)), DropsAs(PC_REASON_ethertype));
    EXPECT_THAT(Bench().out("eni-a", announcement(3, kMacA, kMacA, kRouter)), DropsAs(PC_REASON_ethertype));
    Bytes cut_short = announcement();
    cut_short.resize(41);
    EXPECT_THAT(Bench().out("eni-a", cut_short), DropsAs(PC_REASON_ethertype));
}

TEST(EvaluateIp, Ipv4HeaderContradictingItselfOrTheFrameIsDropped) {
    const Packet good = from_a(kAOut, kWeb);  // IP header from byte 14, 40 bytes in all
    for (const std::uint8_t first : std::vector<std::uint8_t>{0x55, 0x65, 0x44, 0x40, 0x05, 0x4b}) {
        EXPECT_THAT(Bench().out("eni-a", patched(good, 14, first)), DropsAs(PC_REASON_ip_malformed)) << int{first};
    }
    EXPECT_THAT(Bench().out("eni-a", patched(good, 17, 41)), DropsAs(PC_REASON_ip_malformed)) << "longer than the frame";
    EXPECT_THAT(Bench().out("eni-a", patched(good, 17, 19)), DropsAs(PC_REASON_ip_malformed)) << "shorter than its header";
    EXPECT_THAT(Bench().out("eni-a", cut(good, 33)), DropsAs(PC_REASON_ip_malformed)) << "cut header";
}

TEST(EvaluateIp, Ipv6HeaderContradictingItselfOrTheFrameIsDropped) {
    const Packet good = from_a6(kA6Out, kWeb);
    EXPECT_THAT(Bench().out("eni-a", good), Passes());
    EXPECT_THAT(Bench().out("eni-a", patched(good, 14, 0x40)), DropsAs(PC_REASON_ip_malformed));
    EXPECT_THAT(Bench().out("eni-a", patched(good, 19, 21)), DropsAs(PC_REASON_ip_malformed));
    EXPECT_THAT(Bench().out("eni-a", cut(good, 53)), DropsAs(PC_REASON_ip_malformed));
}

TEST(EvaluateIp, PaddingBehindTheIpLengthIsIgnored) {
    const Packet padded = from_a(kAOut, kWeb) / Payload{Bytes(6)};
    EXPECT_THAT(Bench().out("eni-a", patched(padded, 17, 40)), Passes());
    const Packet shrunk = patched(from_a(kAOut, kWeb), 17, 39).empty() ? Packet{} : from_a(kAOut, kWeb);
    EXPECT_THAT(Bench().out("eni-a", patched(shrunk, 17, 39)), DropsAs(PC_REASON_transport_malformed))
        << "bytes in the padding are no header";
}

TEST(EvaluateIp, DestinationFitsItsFrame) {
    for (const char* text : {"224.0.0.1", "239.255.255.255", "255.255.255.255"}) {
        const Ipv4 header{.source = kA, .destination = ip(text)};
        EXPECT_THAT(Bench().out("eni-a", from_a(header, kWeb)), DropsAs(PC_REASON_multicast)) << text;
    }
    const Ipv6 to_group{.source = kA6, .destination = ip("ff02::1"), .hop_limit = 255};
    EXPECT_THAT(Bench().out("eni-a", from_a6(to_group, Neighbour{.target = kB6})), DropsAs(PC_REASON_multicast));
    const Ethernet multicast{.source = kMacA, .destination = kAllNodes};
    const Ipv6 to_one{.source = kA6, .destination = kB6, .hop_limit = 255};
    EXPECT_THAT(Bench().out("eni-a", multicast / to_one / Neighbour{.target = kB6}), DropsAs(PC_REASON_multicast));
    const Ipv4 reserved{.source = kA, .destination = ip("240.0.0.1")};
    EXPECT_THAT(Bench().out("eni-a", from_a(reserved, kWeb)), Passes()) << "no group address";
}

TEST(EvaluateIp, OptionsAreWalked) {
    EXPECT_THAT(Bench().out("eni-a", from_a(with_options({7, 4, 0, 0}), kWeb)), Passes()) << "record route";
    EXPECT_THAT(Bench().out("eni-a", from_a(with_options({1, 1, 1, 0}), kWeb)), Passes());
    EXPECT_THAT(Bench().out("eni-a", from_a(with_options({0, 131, 3, 4}), kWeb)), Passes()) << "0 ends the walk";
    EXPECT_THAT(Bench().out("eni-a", from_a(with_options({7, 1, 0, 0}), kWeb)), DropsAs(PC_REASON_ip_malformed));
    EXPECT_THAT(Bench().out("eni-a", from_a(with_options({7, 5, 0, 0}), kWeb)), DropsAs(PC_REASON_ip_malformed));
    EXPECT_THAT(Bench().out("eni-a", from_a(with_options({1, 1, 1, 7}), kWeb)), DropsAs(PC_REASON_ip_malformed)) << "no length byte";
}

TEST(EvaluateIp, SourceRoutesAreDropped) {
    EXPECT_THAT(Bench().out("eni-a", from_a(with_options({131, 3, 4, 0}), kWeb)), DropsAs(PC_REASON_source_route));
    EXPECT_THAT(Bench().out("eni-a", from_a(with_options({1, 137, 3, 4}), kWeb)), DropsAs(PC_REASON_source_route));
    EXPECT_THAT(Bench().out("eni-a", from_a(with_options({131, 0, 0, 0}), kWeb)), DropsAs(PC_REASON_source_route));
    EXPECT_THAT(Bench().out("eni-a", from_a(with_options({7, 3, 0, 131}), kWeb)), DropsAs(PC_REASON_source_route));
}

TEST(EvaluateIp, AnIpv4FragmentOfOffsetOneIsDropped) {
    EXPECT_THAT(Bench().out("eni-a", from_a({.source = kA, .destination = kOutside, .fragment_offset = 1}, kWeb)),
                DropsAs(PC_REASON_fragment));
    EXPECT_THAT(Bench().out("eni-a", from_a({.source = kA, .destination = kOutside, .dont_fragment = true}, kWeb)), Passes());
}

TEST(EvaluateIp, ExtensionHeadersAreWalked) {
    const auto judge = [](const Packet& headers) { return Bench().out("eni-a", headers / kWeb); };
    const Packet base = kFromA / kA6Out;
    const ExtensionHeader hop{.number = 0};
    const ExtensionHeader options{.number = 60};
    EXPECT_THAT(judge(base / hop), Passes());
    EXPECT_THAT(judge(base / hop / options / FragmentHeader{} / options), Passes()) << "an atomic fragment";
    EXPECT_THAT(judge(base / options / hop), DropsAs(PC_REASON_extension_header)) << "hop-by-hop is first";
    EXPECT_THAT(judge(base / FragmentHeader{} / FragmentHeader{}), DropsAs(PC_REASON_extension_header));
    EXPECT_THAT(judge(base / options / ExtensionHeader{.number = 43}), DropsAs(PC_REASON_source_route));
    EXPECT_THAT(judge(base / ExtensionHeader{.number = 60, .body = {}, .next_header = {}, .length_units = 9}),
                DropsAs(PC_REASON_extension_header))
        << "reaches beyond the payload";
}

TEST(EvaluateIp, AtMostEightExtensionHeadersOf256Bytes) {
    Packet packet = kFromA / kA6Out;
    for (int i = 0; i < 8; ++i) {
        packet = packet / ExtensionHeader{.number = 60};
    }
    EXPECT_THAT(Bench().out("eni-a", packet / kWeb), Passes());
    EXPECT_THAT(Bench().out("eni-a", packet / ExtensionHeader{.number = 60} / kWeb), DropsAs(PC_REASON_extension_header));
    const Packet base = kFromA / kA6Out;
    EXPECT_THAT(Bench().out("eni-a", base / ExtensionHeader{.number = 60, .body = Bytes(254)} / kWeb), Passes());
    EXPECT_THAT(Bench().out("eni-a", base / ExtensionHeader{.number = 60, .body = Bytes(262)} / kWeb), DropsAs(PC_REASON_extension_header));
}

TEST(EvaluateIp, HopByHopOptionsAreWalkedForJumboPayloads) {
    const auto judge = [](const Bytes& body) {
        return Bench().out("eni-a", kFromA / kA6Out / ExtensionHeader{.number = 0, .body = body} / kWeb);
    };
    EXPECT_THAT(judge({0, 0, 0, 0, 0, 0}), Passes());
    EXPECT_THAT(judge({5, 2, 0, 0, 1, 0}), Passes()) << "router alert";
    EXPECT_THAT(judge({0xc2, 4, 0, 1, 0, 0}), DropsAs(PC_REASON_extension_header));
    EXPECT_THAT(judge({1, 5, 0, 0, 0, 0}), DropsAs(PC_REASON_extension_header)) << "beyond the header";
    EXPECT_THAT(judge({0, 0, 0, 0, 0, 1}), DropsAs(PC_REASON_extension_header)) << "no length";
}

TEST(EvaluateIp, OtherNextHeadersAreProtocols) {
    for (const std::uint8_t protocol : std::vector<std::uint8_t>{50, 51, 59, 132, 135, 139, 140, 255}) {
        const Ipv6 header{.source = kA6, .destination = kOutside6, .next_header = protocol};
        EXPECT_THAT(Bench().out("eni-a", from_a6(header, Payload{Bytes(8)})), Passes()) << int{protocol};
    }
}

TEST(EvaluateTransport, IcmpOfTheOtherFamilyIsDropped) {
    EXPECT_THAT(Bench().out("eni-a", from_a(kAOut, Icmpv6{})), DropsAs(PC_REASON_protocol));
    EXPECT_THAT(Bench().out("eni-a", from_a6(kA6Out, Icmp{})), DropsAs(PC_REASON_protocol));
}

TEST(EvaluateTransport, CutOrContradictingTcpIsMalformed) {
    for (const std::uint8_t offset : std::vector<std::uint8_t>{0, 4, 6}) {
        EXPECT_THAT(Bench().out("eni-a", from_a(kAOut, Tcp{.data_offset = offset})), DropsAs(PC_REASON_transport_malformed)) << int{offset};
    }
    const Ipv4 short_by_one{.source = kA, .destination = kOutside, .total_length = 39};
    EXPECT_THAT(Bench().out("eni-a", from_a(short_by_one, kWeb)), DropsAs(PC_REASON_transport_malformed));
}

TEST(EvaluateTransport, CutOrContradictingUdpIsMalformed) {
    for (const std::uint16_t length : std::vector<std::uint16_t>{0, 7, 9, 65535}) {
        EXPECT_THAT(Bench().out("eni-a", from_a(kAOut, Udp{.length = length})), DropsAs(PC_REASON_transport_malformed)) << length;
    }
    EXPECT_THAT(Bench().out("eni-a", kFromA / kAOut / Udp{.length = 8} / Payload{Bytes(4)}), Passes());
    const Ipv6 short_by_one{.source = kA6, .destination = kOutside6, .payload_length = 7};
    EXPECT_THAT(Bench().out("eni-a", from_a6(short_by_one, Udp{.length = 8})), DropsAs(PC_REASON_transport_malformed));
}

TEST(EvaluateTransport, IcmpIsWholeWithEightBytes) {
    const Ipv4 seven{.source = kA, .destination = kOutside, .total_length = 27};
    EXPECT_THAT(Bench().out("eni-a", from_a(seven, Icmp{})), DropsAs(PC_REASON_transport_malformed));
    EXPECT_THAT(Bench().out("eni-a", from_a(kAOut, Icmp{})), Passes());
    const Ipv6 seven6{.source = kA6, .destination = kOutside6, .payload_length = 7};
    EXPECT_THAT(Bench().out("eni-a", from_a6(seven6, Icmpv6{})), DropsAs(PC_REASON_transport_malformed));
}

TEST(EvaluateTransport, ChecksumsAreNotLookedAt) { EXPECT_THAT(Bench().out("eni-a", from_a(kAOut, Tcp{.checksum = 0xdead})), Passes()); }

TEST(EvaluateTransport, OnlyLegalTcpFlagsPass) {
    const std::vector<unsigned> legal = {kSyn, kSyn | kAck, kRst, kRst | kAck, kFin | kAck, kAck};
    for (unsigned flags = 0; flags < 256; ++flags) {
        const bool is_legal = testing::Value(flags & (kFin | kSyn | kRst | kAck), testing::AnyOfArray(legal));
        const Verdict verdict = Bench().out("eni-a", from_a(kAOut, Tcp{.flags = static_cast<std::uint8_t>(flags)}));
        EXPECT_EQ(verdict.reason != PC_REASON_tcp_flags, is_legal) << flags;
    }
}

TEST(EvaluateTransport, PortZeroIsAPort) { EXPECT_THAT(Bench().out("eni-a", from_a(kAOut, Tcp{})), Passes()); }

}  // namespace
}  // namespace portcullis::test
