// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 2.2-2.4: ARP, neighbour discovery and the other messages of link scope.
#include "tests/unit/compiler/evaluate_office.h"

namespace portcullis::test {
namespace {

const Address kNone = ip("0.0.0.0");
const Address kNone6 = ip("::");
const Ethernet kBroadcastFromA{.source = kMacA, .destination = kBroadcast};
const Ethernet kBroadcastFromB{.source = kMacB, .destination = kBroadcast};
const Ethernet kBToA{.source = kMacB, .destination = kMacA};
const Ethernet kAToB{.source = kMacA, .destination = kMacB};

Arp request(const Mac& sender_mac, const Address& sender, const Address& target) {
    return {.operation = 1, .sender_mac = sender_mac, .sender = sender, .target = target};
}
Arp reply(const Mac& sender_mac, const Address& sender, const Address& target) {
    return {.operation = 2, .sender_mac = sender_mac, .sender = sender, .target = target};
}
Verdict arp_out(const Arp& arp) { return Bench().out("eni-a", kBroadcastFromA / arp); }
Verdict arp_in(const Ethernet& ethernet, const Arp& arp) { return Bench().in("eni-a", ethernet / arp, by_port("eni-b")); }

TEST(EvaluateArp, OutboundRequestsRepliesAndProbesPass) {
    EXPECT_THAT(arp_out(request(kMacA, kA, kB)), Passes());
    EXPECT_THAT(arp_out(request(kMacA, kA, kA)), Passes()) << "announcement";
    EXPECT_THAT(arp_out(request(kMacA, kNone, kB)), Passes()) << "probe; the target is free";
    EXPECT_THAT(Bench().out("eni-a", kAToB / reply(kMacA, kA, kB)), Passes());
}

TEST(EvaluateArp, OutboundSenderIsOwn) {
    EXPECT_THAT(arp_out(request(kMacB, kA, kB)), DropsAs(PC_REASON_arp));
    EXPECT_THAT(arp_out(request(kMacA, kB, kB)), DropsAs(PC_REASON_arp));
    EXPECT_THAT(arp_out(reply(kMacA, kB, kOutside)), DropsAs(PC_REASON_arp));
    EXPECT_THAT(arp_out(reply(kMacA, kNone, kB)), DropsAs(PC_REASON_arp)) << "a probe is a request";
    EXPECT_THAT(arp_out(request(kMacA, ip("10.0.1.1"), kB)), DropsAs(PC_REASON_arp)) << "the router";
}

TEST(EvaluateArp, MalformedMessagesAreDropped) {
    const Arp good = request(kMacA, kA, kB);
    Arp arp = good;
    arp.hardware = 6;
    EXPECT_THAT(arp_out(arp), DropsAs(PC_REASON_arp));
    arp = good;
    arp.protocol = 0x86dd;
    EXPECT_THAT(arp_out(arp), DropsAs(PC_REASON_arp));
    arp = good;
    arp.hardware_length = 8;
    EXPECT_THAT(arp_out(arp), DropsAs(PC_REASON_arp));
    arp = good;
    arp.protocol_length = 16;
    EXPECT_THAT(arp_out(arp), DropsAs(PC_REASON_arp));
    for (const std::uint16_t operation : std::vector<std::uint16_t>{0, 3, 4, 8, 9, 257}) {
        arp = good;
        arp.operation = operation;
        EXPECT_THAT(arp_out(arp), DropsAs(PC_REASON_arp)) << operation;
    }
}

TEST(EvaluateArp, FramesHave42To64Bytes) {
    for (const auto& [size, passes] :
         {std::pair<std::size_t, bool>{14, false}, {41, false}, {42, true}, {60, true}, {64, true}, {65, false}}) {
        Bytes frame = (kBroadcastFromA / request(kMacA, kA, kB)).bytes();
        frame.resize(size);
        EXPECT_EQ(Bench().out("eni-a", frame).passes(), passes) << size;
    }
}

TEST(EvaluateArp, InboundRequestForAnOwnAddressPasses) {
    EXPECT_THAT(arp_in(kBroadcastFromB, request(kMacB, kB, kA)), Passes());
    EXPECT_THAT(arp_in(kBroadcastFromB, request(kMacB, kNone, kA)), Passes()) << "someone probes for our address";
    EXPECT_THAT(arp_in(kBroadcastFromB, request(kMacB, kB, kOutside)), DropsAs(PC_REASON_arp));
}

TEST(EvaluateArp, InboundAnnouncementsPass) {
    EXPECT_THAT(arp_in(kBroadcastFromB, request(kMacB, kB, kB)), Passes());
    EXPECT_THAT(arp_in(kBroadcastFromB, reply(kMacB, kB, kB)), Passes());
}

TEST(EvaluateArp, InboundReplyPassesInAFrameToTheOwnMacOnly) {
    EXPECT_THAT(arp_in(kBToA, reply(kMacB, kB, kA)), Passes());
    EXPECT_THAT(arp_in(kBToA, reply(kMacB, kB, kOutside)), Passes());
    EXPECT_THAT(arp_in(kBroadcastFromB, reply(kMacB, kB, kA)), DropsAs(PC_REASON_arp));
}

TEST(EvaluateArp, InboundSenderIsTheFramesAndNeverOwn) {
    EXPECT_THAT(arp_in(kBToA, reply(kRouter, kB, kA)), DropsAs(PC_REASON_arp));
    EXPECT_THAT(arp_in(kBToA, reply(kMacB, kA, kA)), DropsAs(PC_REASON_arp));
    EXPECT_THAT(arp_in(kBroadcastFromB, request(kMacB, kA, kA)), DropsAs(PC_REASON_arp));
}

TEST(EvaluateArp, IsExemptFromGroupsAndAcls) {
    Bench bench;
    bench.model.has_network_acls = true;
    interface_of(bench.model, "eni-a").group_ids.clear();
    EXPECT_THAT(bench.out("eni-a", kBroadcastFromA / request(kMacA, kA, kB)), Passes());
}

// ---- neighbour discovery

Bytes options(std::initializer_list<Bytes> parts) {
    Bytes joined;
    for (const Bytes& part : parts) {
        joined.insert(joined.end(), part.begin(), part.end());
    }
    return joined;
}

struct Nd {
    Address source = kA6;
    Neighbour message{.target = kB6};
    std::uint8_t hop_limit = 255;
    std::optional<std::uint16_t> payload_length = {};
    Verdict out() const {
        const Ethernet ethernet{.source = kMacA, .destination = kAllNodes};
        return Bench().out("eni-a", ethernet / header() / message);
    }
    Verdict in() const {
        const Ethernet ethernet{.source = kMacB, .destination = kAllNodes};
        return Bench().in("eni-a", ethernet / header() / message, by_port("eni-b"));
    }
    Ipv6 header() const {
        return {.source = source, .destination = ip("ff02::1"), .hop_limit = hop_limit, .payload_length = payload_length};
    }
};

constexpr std::uint8_t kNa = 136;

TEST(EvaluateNd, OutboundSolicitationsPass) {
    EXPECT_THAT((Nd{.message = {.target = kB6, .options = nd_link_option(1, kMacA)}}).out(), Passes());
    EXPECT_THAT((Nd{.source = kMacA.link_local()}).out(), Passes());
    EXPECT_THAT((Nd{.source = kNone6, .message = {.target = kA6}}).out(), Passes()) << "duplicate address detection";
    EXPECT_THAT((Nd{.source = kNone6, .message = {.target = kMacA.link_local()}}).out(), Passes());
}

TEST(EvaluateNd, OutboundSolicitationsOfOthersAreDropped) {
    EXPECT_THAT((Nd{.source = kB6}).out(), DropsAs(PC_REASON_nd));
    EXPECT_THAT((Nd{.source = kNone6, .message = {.target = kB6}}).out(), DropsAs(PC_REASON_nd));
    EXPECT_THAT((Nd{.message = {.target = ip("ff02::1")}}).out(), DropsAs(PC_REASON_nd));
    EXPECT_THAT((Nd{.message = {.target = kNone6}}).out(), DropsAs(PC_REASON_nd));
}

TEST(EvaluateNd, OutboundAdvertisementsAreOfOwnAddresses) {
    EXPECT_THAT((Nd{.message = {.type = kNa, .target = kA6, .options = nd_link_option(2, kMacA)}}).out(), Passes());
    EXPECT_THAT((Nd{.message = {.type = kNa, .target = kB6}}).out(), DropsAs(PC_REASON_nd));
    EXPECT_THAT((Nd{.source = kB6, .message = {.type = kNa, .target = kA6}}).out(), DropsAs(PC_REASON_nd));
    EXPECT_THAT((Nd{.source = kNone6, .message = {.type = kNa, .target = kA6}}).out(), DropsAs(PC_REASON_nd));
}

TEST(EvaluateNd, HopLimitAndCodeAreChecked) {
    EXPECT_THAT((Nd{.hop_limit = 254}).out(), DropsAs(PC_REASON_nd));
    EXPECT_THAT((Nd{.message = {.code = 1, .target = kB6}}).out(), DropsAs(PC_REASON_nd));
}

TEST(EvaluateNd, MessageIsWholeByThePayloadLength) {
    EXPECT_THAT((Nd{.payload_length = 23}).out(), DropsAs(PC_REASON_nd));
    EXPECT_THAT((Nd{.payload_length = 8}).out(), DropsAs(PC_REASON_nd));
    EXPECT_THAT((Nd{.payload_length = 7}).out(), DropsAs(PC_REASON_transport_malformed));
}

TEST(EvaluateNd, OptionsAreWalkedToTheEnd) {
    const Bytes own = nd_link_option(1, kMacA);
    const Bytes nonce = {14, 1, 1, 2, 3, 4, 5, 6};
    EXPECT_THAT((Nd{.message = {.target = kB6, .options = options({own, nonce})}}).out(), Passes());
    EXPECT_THAT((Nd{.message = {.target = kB6, .options = options({nonce, nonce, nonce, nonce, nonce, nonce, nonce, own})}}).out(),
                Passes());
    EXPECT_THAT((Nd{.message = {.target = kB6, .options = options({nonce, nonce, nonce, nonce, nonce, nonce, nonce, nonce, own})}}).out(),
                DropsAs(PC_REASON_nd))
        << "more than 64 bytes";
    EXPECT_THAT((Nd{.message = {.target = kB6, .options = {14, 0, 0, 0, 0, 0, 0, 0}}}).out(), DropsAs(PC_REASON_nd)) << "no length";
    EXPECT_THAT((Nd{.message = {.target = kB6, .options = {14, 2, 0, 0, 0, 0, 0, 0}}}).out(), DropsAs(PC_REASON_nd)) << "beyond the end";
    EXPECT_THAT((Nd{.message = {.target = kB6, .options = {14}}}).out(), DropsAs(PC_REASON_nd)) << "one byte";
    EXPECT_THAT((Nd{.message = {.target = kB6, .options = {5, 1, 0, 0, 0, 0, 5, 220}}}).out(), DropsAs(PC_REASON_nd)) << "MTU";
    EXPECT_THAT((Nd{.message = {.target = kB6, .options = options({own, {25, 1, 0, 0, 0, 0, 0, 0}})}}).out(), DropsAs(PC_REASON_nd));
}

TEST(EvaluateNd, OutboundLinkLayerOptionsHoldTheOwnMac) {
    for (const std::uint8_t type : std::vector<std::uint8_t>{1, 2}) {
        EXPECT_THAT((Nd{.message = {.target = kB6, .options = nd_link_option(type, kMacB)}}).out(), DropsAs(PC_REASON_nd));
        EXPECT_THAT((Nd{.message = {.target = kB6, .options = options({nd_link_option(1, kMacA), nd_link_option(type, kMacB)})}}).out(),
                    DropsAs(PC_REASON_nd))
            << "every one of them";
        Bytes twice = nd_link_option(type, kMacA);
        twice[1] = 2;
        twice.resize(16);
        EXPECT_THAT((Nd{.message = {.target = kB6, .options = twice}}).out(), DropsAs(PC_REASON_nd));
    }
}

TEST(EvaluateNd, MessageFromNobodyHasNoSourceOption) {
    EXPECT_THAT((Nd{.source = kNone6, .message = {.target = kA6, .options = nd_link_option(1, kMacA)}}).out(), DropsAs(PC_REASON_nd));
    EXPECT_THAT((Nd{.source = kNone6, .message = {.target = kA6, .options = nd_link_option(1, kMacB)}}).in(), DropsAs(PC_REASON_nd));
}

TEST(EvaluateNd, InboundSolicitationsForOwnAddressesPass) {
    EXPECT_THAT((Nd{.source = kB6, .message = {.target = kA6, .options = nd_link_option(1, kMacB)}}).in(), Passes());
    EXPECT_THAT((Nd{.source = kNone6, .message = {.target = kA6}}).in(), Passes()) << "someone checks our address";
    EXPECT_THAT((Nd{.source = kB6, .message = {.target = kMacA.link_local()}}).in(), Passes());
    EXPECT_THAT((Nd{.source = kB6, .message = {.target = kC6}}).in(), DropsAs(PC_REASON_nd));
    EXPECT_THAT((Nd{.source = kA6, .message = {.target = kA6}}).in(), DropsAs(PC_REASON_nd)) << "from ourselves";
}

TEST(EvaluateNd, InboundAdvertisementsAreNeverOfOwnAddresses) {
    EXPECT_THAT((Nd{.source = kB6, .message = {.type = kNa, .target = kB6, .options = nd_link_option(2, kMacB)}}).in(), Passes());
    EXPECT_THAT((Nd{.source = kB6, .message = {.type = kNa, .target = kA6}}).in(), DropsAs(PC_REASON_nd));
    EXPECT_THAT((Nd{.source = kA6, .message = {.type = kNa, .target = kB6}}).in(), DropsAs(PC_REASON_nd));
    EXPECT_THAT((Nd{.source = kB6, .message = {.type = kNa, .target = kMacA.link_local()}}).in(), DropsAs(PC_REASON_nd));
}

Verdict router_message(Direction direction, const Address& source, const Icmpv6& message, const Bytes& rest = {}) {
    const bool is_outbound = direction == Direction::Outbound;
    const Ethernet ethernet{.source = is_outbound ? kMacA : kMacB, .destination = kAllNodes};
    const Packet packet = ethernet / Ipv6{.source = source, .destination = ip("ff02::2"), .hop_limit = 255} / message / Payload{rest};
    return is_outbound ? Bench().out("eni-a", packet) : Bench().in("eni-a", packet, by_port("eni-b"));
}

TEST(EvaluateNd, RouterSolicitationsLeaveAndNeverEnter) {
    EXPECT_THAT(router_message(Direction::Outbound, kA6, {.type = 133}), Passes());
    EXPECT_THAT(router_message(Direction::Outbound, kNone6, {.type = 133}), Passes());
    EXPECT_THAT(router_message(Direction::Outbound, kA6, {.type = 133}, nd_link_option(1, kMacA)), Passes());
    EXPECT_THAT(router_message(Direction::Outbound, kB6, {.type = 133}), DropsAs(PC_REASON_nd));
    EXPECT_THAT(router_message(Direction::Inbound, kB6, {.type = 133}), DropsAs(PC_REASON_nd));
}

TEST(EvaluateNd, RouterAdvertisementsAndRedirectsAreDroppedBothWays) {
    for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
        EXPECT_THAT(router_message(direction, kA6, {.type = 134}), DropsAs(PC_REASON_router_advertisement));
        EXPECT_THAT(router_message(direction, kA6, {.type = 137}), DropsAs(PC_REASON_redirect));
    }
}

TEST(EvaluateNd, IsExemptFromGroupsAndAcls) {
    Bench bench;
    bench.model.has_network_acls = true;
    interface_of(bench.model, "eni-a").group_ids.clear();
    const Ethernet ethernet{.source = kMacA, .destination = kAllNodes};
    const Ipv6 header{.source = kA6, .destination = ip("ff02::1"), .hop_limit = 255};
    EXPECT_THAT(bench.out("eni-a", ethernet / header / Neighbour{.target = kB6}), Passes());
}

// ---- others

const Ethernet kFromA{.source = kMacA, .destination = kRouter};
const Ethernet kToA{.source = kRouter, .destination = kMacA};
const Ipv4 kAOut{.source = kA, .destination = kOutside};
const Ipv4 kAIn{.source = kOutside, .destination = kA};
const Ipv6 kA6Out{.source = kA6, .destination = kOutside6};
const Ipv6 kA6In{.source = kOutside6, .destination = kA6};

TEST(EvaluateLinkScope, IcmpRedirectsAreDroppedBothWays) {
    EXPECT_THAT(Bench().out("eni-a", kFromA / kAOut / Icmp{.type = 5}), DropsAs(PC_REASON_redirect));
    EXPECT_THAT(Bench().in("eni-a", kToA / kAIn / Icmp{.type = 5, .code = 1}), DropsAs(PC_REASON_redirect));
    EXPECT_THAT(Bench().out("eni-a", kFromA / kA6Out / Icmpv6{.type = 5}), Passes()) << "an ICMPv6 type of no meaning";
}

TEST(EvaluateLinkScope, DhcpIsDroppedInEitherOrderAndDirection) {
    for (const auto& [low, high] : {std::pair<std::uint16_t, std::uint16_t>{67, 68}, {546, 547}}) {
        for (const Udp& udp : {Udp{.source_port = low, .destination_port = high}, Udp{.source_port = high, .destination_port = low}}) {
            EXPECT_THAT(Bench().out("eni-a", kFromA / kAOut / udp), DropsAs(PC_REASON_dhcp));
            EXPECT_THAT(Bench().in("eni-a", kToA / kAIn / udp), DropsAs(PC_REASON_dhcp));
            EXPECT_THAT(Bench().out("eni-a", kFromA / kA6Out / udp), DropsAs(PC_REASON_dhcp));
            EXPECT_THAT(Bench().in("eni-a", kToA / kA6In / udp), DropsAs(PC_REASON_dhcp));
        }
    }
}

TEST(EvaluateLinkScope, ServerPortsAreNoSourceOfOutboundDatagrams) {
    for (const std::uint16_t port : std::vector<std::uint16_t>{67, 547}) {
        EXPECT_THAT(Bench().out("eni-a", kFromA / kAOut / Udp{.source_port = port, .destination_port = 9}), DropsAs(PC_REASON_dhcp));
        EXPECT_THAT(Bench().in("eni-a", kToA / kAIn / Udp{.source_port = port, .destination_port = 9}), Passes());
        EXPECT_THAT(Bench().out("eni-a", kFromA / kAOut / Tcp{.source_port = port, .destination_port = 9}), Passes());
    }
    EXPECT_THAT(Bench().out("eni-a", kFromA / kAOut / Udp{.source_port = 68, .destination_port = 9}), Passes());
    EXPECT_THAT(Bench().out("eni-a", kFromA / kAOut / Udp{.source_port = 67, .destination_port = 547, .length = 7}),
                DropsAs(PC_REASON_transport_malformed))
        << "a malformed one is none";
}

TEST(EvaluateLinkScope, ListenerReportsAndQueriesAreDropped) {
    for (const std::uint8_t type : std::vector<std::uint8_t>{130, 131, 132, 143}) {
        EXPECT_THAT(Bench().out("eni-a", kFromA / kA6Out / Icmpv6{.type = type}), DropsAs(PC_REASON_multicast_listener)) << int{type};
        EXPECT_THAT(Bench().in("eni-a", kToA / kA6In / Icmpv6{.type = type}), DropsAs(PC_REASON_multicast_listener)) << int{type};
    }
}

TEST(EvaluateLinkScope, PrecedesTheBinding) {
    const Ipv4 forged{.source = kB, .destination = kOutside};
    EXPECT_THAT(Bench().out("eni-a", kFromA / forged / Udp{.source_port = 67, .destination_port = 68}), DropsAs(PC_REASON_dhcp));
}

}  // namespace
}  // namespace portcullis::test
