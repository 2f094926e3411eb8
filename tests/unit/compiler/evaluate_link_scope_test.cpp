// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 2.2-2.4 with routers and DHCP servers around the port, and 4.5.
#include "tests/unit/compiler/evaluate_office.h"

namespace portcullis::test {
namespace {

const Address kNone = ip("0.0.0.0");
const Address kNone6 = ip("::");
const Address kGateway = ip("10.0.1.1");
const Address kGateway6 = ip("fe80::1");
const Address kServer = ip("10.0.1.2");
const Address kServer6 = ip("2001:db8:1::53");
const Mac kImpostor = mac("02:00:00:00:00:66");

struct Wired : Bench {
    Wired() {
        model.services.routers = {{.mac = kRouter, .addresses = {kGateway, kGateway6}}};
        place.host.addresses = {ip("10.0.1.5"), ip("2001:db8:1::5")};
    }
};

// ---- routers

TEST(EvaluateRouters, SpeakWithTheirMacInArp) {
    const Arp good{.operation = 2, .sender_mac = kRouter, .sender = kGateway, .target = kA};
    Arp bad = good;
    bad.sender_mac = kImpostor;
    EXPECT_THAT(Wired().in("eni-a", Ethernet{.source = kRouter, .destination = kMacA} / good, kUplink), Passes());
    EXPECT_THAT(Wired().in("eni-a", Ethernet{.source = kImpostor, .destination = kMacA} / bad, kUplink), DropsAs(PC_REASON_arp));
    EXPECT_THAT(Bench().in("eni-a", Ethernet{.source = kImpostor, .destination = kMacA} / bad, kUplink), Passes()) << "none configured";
}

Verdict nd_in(const Mac& source, const Neighbour& message, const Address& from) {
    return Wired().in(
        "eni-a", Ethernet{.source = source, .destination = kMacA} / Ipv6{.source = from, .destination = kA6, .hop_limit = 255} / message,
        kUplink);
}

TEST(EvaluateRouters, SpeakWithTheirMacInDiscovery) {
    const Neighbour answer{.type = 136, .target = kGateway6, .options = nd_link_option(2, kRouter)};
    EXPECT_THAT(nd_in(kRouter, answer, kGateway6), Passes());
    EXPECT_THAT(nd_in(kImpostor, answer, kGateway6), DropsAs(PC_REASON_nd)) << "the frame's source";
    const Neighbour forged{.type = 136, .target = kGateway6, .options = nd_link_option(2, kImpostor)};
    EXPECT_THAT(nd_in(kRouter, forged, kGateway6), DropsAs(PC_REASON_nd)) << "the option";
    const Neighbour question{.type = 135, .target = kA6, .options = nd_link_option(1, kRouter)};
    EXPECT_THAT(nd_in(kRouter, question, kGateway6), Passes());
    EXPECT_THAT(nd_in(kImpostor, question, kGateway6), DropsAs(PC_REASON_nd));
    EXPECT_THAT(nd_in(kImpostor, {.type = 135, .target = kA6, .options = nd_link_option(1, kImpostor)}, kB6), Passes()) << "no router";
}

Packet advertisement(const Mac& source, const Address& from, std::size_t size = 16) {
    return Ethernet{.source = source, .destination = kAllNodes} / Ipv6{.source = from, .destination = ip("ff02::1"), .hop_limit = 255} /
           Icmpv6{.type = 134} / Payload{.bytes = Bytes(size - 8)};
}

TEST(EvaluateRouters, AdvertiseThemselves) {
    EXPECT_THAT(Wired().in("eni-a", advertisement(kRouter, kGateway6), kUplink), Passes());
    EXPECT_THAT(Wired().in("eni-a", advertisement(kRouter, kGateway6), kElsewhere), Passes()) << "a router by its MAC";
    EXPECT_THAT(Wired().in("eni-a", advertisement(kImpostor, kGateway6), kUplink), DropsAs(PC_REASON_router_advertisement));
    EXPECT_THAT(Wired().in("eni-a", advertisement(kImpostor, kGateway6), kHost), DropsAs(PC_REASON_router_advertisement));
    EXPECT_THAT(Wired().in("eni-a", advertisement(kRouter, kB6), kUplink), DropsAs(PC_REASON_router_advertisement)) << "not link-local";
    EXPECT_THAT(Wired().in("eni-a", advertisement(kRouter, kGateway6, 12), kUplink), DropsAs(PC_REASON_router_advertisement));
    EXPECT_THAT(Bench().in("eni-a", advertisement(kImpostor, kGateway6), kHost), Passes()) << "none configured: the host";
    EXPECT_THAT(Bench().in("eni-a", advertisement(kImpostor, kGateway6), kUplink), DropsAs(PC_REASON_router_advertisement));
    EXPECT_THAT(Wired().out("eni-a", advertisement(kMacA, kMacA.link_local())), DropsAs(PC_REASON_router_advertisement));
}

TEST(EvaluateRouters, AdvertiseInUnicastFramesToo) {
    const Packet alone = Ethernet{.source = kRouter, .destination = kMacA} /
                         Ipv6{.source = kGateway6, .destination = ip("ff02::1"), .hop_limit = 255} / Icmpv6{.type = 134} /
                         Payload{.bytes = Bytes(8)};
    EXPECT_THAT(Wired().in("eni-a", alone, kUplink), Passes());
    const Packet ping =
        Ethernet{.source = kRouter, .destination = kMacA} / Ipv6{.source = kGateway6, .destination = ip("ff02::1")} / Icmpv6{.type = 128};
    EXPECT_THAT(Wired().in("eni-a", ping, kUplink), DropsAs(PC_REASON_multicast));
}

TEST(EvaluateDiscovery, InFragmentsOrBehindExtensionHeadersIsDropped) {
    const Ethernet frame{.source = kMacA, .destination = kAllNodes};
    const Ipv6 header{.source = kA6, .destination = ip("ff02::1"), .hop_limit = 255};
    EXPECT_THAT(Bench().out("eni-a", frame / header / FragmentHeader{} / Neighbour{.target = kB6}), DropsAs(PC_REASON_nd)) << "atomic";
    EXPECT_THAT(Bench().out("eni-a", frame / header / ExtensionHeader{.number = 60} / Neighbour{.target = kB6}), DropsAs(PC_REASON_nd));
    EXPECT_THAT(Bench().out("eni-a", frame / header / FragmentHeader{.more = true} / Icmpv6{.type = 137}), DropsAs(PC_REASON_nd));
    EXPECT_THAT(Bench().out("eni-a", frame / header / Icmpv6{.type = 137}), DropsAs(PC_REASON_redirect));
}

// ---- MLD and IGMP

struct Listener {
    const char* what;
    bool is_out;
    std::uint8_t type;
    Address source;
    std::uint8_t hop_limit;
    Entrance entrance;
    bool passes;
};

TEST(EvaluateListeners, OfIpv6ReportOutAndAreQueriedByRoutersAndTheHost) {
    const Address own = kMacA.link_local();
    const std::vector<Listener> messages = {
        {"report", true, 131, own, 1, {}, true},
        {"report, version 2", true, 143, kNone6, 1, {}, true},
        {"done", true, 132, own, 1, {}, true},
        {"hop limit", true, 143, own, 2, {}, false},
        {"not own", true, 143, kMacB.link_local(), 1, {}, false},
        {"query by an instance", true, 130, own, 1, {}, false},
        {"query by the host", false, 130, kGateway6, 1, kHost, true},
        {"query by a router", false, 130, kGateway6, 1, kUplink, true},
        {"query by a port", false, 130, kGateway6, 1, by_port("eni-b"), false},
        {"query, not link-local", false, 130, kB6, 1, kHost, false},
        {"report from elsewhere", false, 143, kGateway6, 1, kHost, false},
    };
    for (const Listener& message : messages) {
        const Ethernet frame{.source = message.is_out ? kMacA : kRouter, .destination = kAllNodes};
        const Packet packet = frame / Ipv6{.source = message.source, .destination = ip("ff02::1"), .hop_limit = message.hop_limit} /
                              Icmpv6{.type = message.type};
        const Verdict verdict = message.is_out ? Wired().out("eni-a", packet) : Wired().in("eni-a", packet, message.entrance);
        EXPECT_EQ(verdict.reason, message.passes ? PC_REASON_passed : PC_REASON_multicast_listener) << message.what;
    }
}

TEST(EvaluateListeners, BehindAHopByHopHeaderPassAndInFragmentsNot) {
    const Ethernet frame{.source = kMacA, .destination = kAllNodes};
    const Ipv6 header{.source = kMacA.link_local(), .destination = ip("ff02::16"), .hop_limit = 1};
    const ExtensionHeader alert{.number = 0, .body = {5, 2, 0, 0, 1, 0}};
    EXPECT_THAT(Bench().out("eni-a", frame / header / alert / Icmpv6{.type = 143}), Passes());
    EXPECT_THAT(Bench().out("eni-a", frame / header / FragmentHeader{.more = true} / Icmpv6{.type = 143}),
                DropsAs(PC_REASON_multicast_listener));
}

TEST(EvaluateListeners, OfIpv4LikewiseByIgmp) {
    const auto igmp = [](bool is_out, std::uint8_t type, const Address& source, std::uint8_t ttl, std::size_t size = 8) {
        Bytes message(size);
        message[0] = type;
        return Ethernet{.source = is_out ? kMacA : kRouter, .destination = mac("01:00:5e:00:00:16")} /
               Ipv4{.source = source, .destination = ip("224.0.0.22"), .ttl = ttl, .protocol = 2} / Payload{.bytes = message};
    };
    for (const std::uint8_t type : std::vector<std::uint8_t>{0x12, 0x16, 0x22, 0x17}) {
        EXPECT_THAT(Wired().out("eni-a", igmp(true, type, kA, 1)), Passes());
    }
    EXPECT_THAT(Wired().out("eni-a", igmp(true, 0x22, kNone, 1)), Passes());
    EXPECT_THAT(Wired().out("eni-a", igmp(true, 0x11, kA, 1)), DropsAs(PC_REASON_multicast_listener));
    EXPECT_THAT(Wired().out("eni-a", igmp(true, 0x22, kB, 1)), DropsAs(PC_REASON_multicast_listener));
    EXPECT_THAT(Wired().out("eni-a", igmp(true, 0x22, kA, 2)), DropsAs(PC_REASON_multicast_listener));
    EXPECT_THAT(Wired().out("eni-a", igmp(true, 0x22, kA, 1, 7)), DropsAs(PC_REASON_multicast_listener));
    EXPECT_THAT(Wired().in("eni-a", igmp(false, 0x11, kOutside, 1), kUplink), Passes());
    EXPECT_THAT(Wired().in("eni-a", igmp(false, 0x22, kOutside, 1), kUplink), DropsAs(PC_REASON_multicast_listener));
    EXPECT_THAT(Bench().in("eni-a", igmp(false, 0x11, kOutside, 1), kUplink), DropsAs(PC_REASON_multicast_listener)) << "no router";
}

// ---- DHCP

struct Dhcp {
    std::uint8_t op = 1;
    Address source = kNone;
    Address destination = ip("255.255.255.255");
    std::uint16_t from = 68, to = 67;
    Mac client = kMacA;
    std::uint8_t relay = 0;
    std::size_t size = 44;

    Packet packet(const Mac& source_mac) const {
        Bytes message(240);
        message[0] = op;
        message[1] = 1;
        message[2] = 6;
        message[27] = relay;
        std::copy(client.bytes.begin(), client.bytes.end(), message.begin() + 28);
        message.resize(size);
        const bool is_to_all = destination == ip("255.255.255.255");
        const Mac other = source_mac == kMacA ? kRouter : kMacA;
        return Ethernet{.source = source_mac, .destination = is_to_all ? kBroadcast : other} /
               Ipv4{.source = source, .destination = destination} / Udp{.source_port = from, .destination_port = to} /
               Payload{.bytes = message};
    }
};

TEST(EvaluateDhcp, ClientsAskEveryoneOrTheirServers) {
    const auto out = [](const Dhcp& dhcp) {
        Wired bench;
        bench.model.services.dhcp_servers = {{.address = kServer, .device = {}}};
        return bench.out("eni-a", dhcp.packet(kMacA));
    };
    EXPECT_THAT(out({}), Passes());
    EXPECT_THAT(out({.source = kA}), Passes());
    EXPECT_THAT(out({.source = kA, .destination = kServer}), Passes());
    EXPECT_THAT(out({.source = kA, .destination = ip("10.0.1.5")}), Passes()) << "the host";
    EXPECT_THAT(out({.source = kA, .destination = kOutside}), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(out({.destination = kServer}), DropsAs(PC_REASON_dhcp)) << "from nobody to one";
    EXPECT_THAT(out({.source = kB}), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(out({.op = 2}), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(out({.client = kMacB}), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(out({.relay = 1}), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(out({.size = 43}), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(out({.source = kA, .destination = kOutside, .from = 67, .to = 1234}), DropsAs(PC_REASON_dhcp)) << "a server's port";
    EXPECT_THAT(out({.source = kA, .destination = kOutside, .from = 67, .to = 68}), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(out({.source = kA, .destination = kOutside, .from = 547, .to = 1234}), DropsAs(PC_REASON_dhcp)) << "in either family";
}

Verdict offer(const std::vector<DhcpServer>& servers, const Entrance& entrance, Dhcp dhcp = {}) {
    Wired bench;
    bench.model.services.dhcp_servers = servers;
    dhcp.op = dhcp.op == 1 ? 2 : dhcp.op;
    dhcp.source = dhcp.source == kNone ? kServer : dhcp.source;
    std::swap(dhcp.from, dhcp.to);
    return bench.in("eni-a", dhcp.packet(kImpostor), entrance);
}

TEST(EvaluateDhcp, ServersAreBelievedByWhereTheyEnter) {
    Entrance eth0 = kUplink;
    eth0.device = "eth0";
    Entrance tap = kElsewhere;
    tap.device = "tap-dhcp";
    EXPECT_THAT(offer({}, kHost), Passes());
    EXPECT_THAT(offer({}, kUplink), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(offer({{.address = kServer, .device = {}}}, kUplink), Passes());
    EXPECT_THAT(offer({{.address = kServer, .device = {}}}, kHost), Passes());
    EXPECT_THAT(offer({{.address = kServer, .device = {}}}, kElsewhere), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(offer({{.address = kServer, .device = {}}}, by_port("eni-b")), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(offer({{.address = kServer, .device = "host"}}, kHost), Passes());
    EXPECT_THAT(offer({{.address = kServer, .device = "host"}}, kUplink), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(offer({{.address = kServer, .device = "eth0"}}, eth0), Passes());
    EXPECT_THAT(offer({{.address = kServer, .device = "eth0"}}, kHost), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(offer({{.address = kServer, .device = "tap-dhcp"}}, tap), Passes());
    EXPECT_THAT(offer({{.address = kOutside, .device = {}}}, kHost), DropsAs(PC_REASON_dhcp)) << "another's address";
    EXPECT_THAT(offer({{.address = kServer, .device = {}}, {.address = kServer, .device = "eth0"}}, eth0), Passes());
    EXPECT_THAT(offer({{.address = kServer, .device = "eth1"}, {.address = kServer, .device = "eth0"}}, eth0), DropsAs(PC_REASON_dhcp))
        << "the listings contradict each other";
    EXPECT_THAT(offer({{.address = kServer6, .device = {}}}, kHost), Passes()) << "none of IPv4 is configured";
}

TEST(EvaluateDhcp, AnswersAreForThePortAlone) {
    EXPECT_THAT(offer({}, kHost, {.destination = kA}), Passes());
    EXPECT_THAT(offer({}, kHost, {.destination = kB}), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(offer({}, kHost, {.client = kMacB}), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(offer({}, kHost, {.op = 3}), DropsAs(PC_REASON_dhcp));
}

TEST(EvaluateDhcp, InFragmentsIsDropped) {
    Packet first = Ethernet{.source = kMacA, .destination = kBroadcast} /
                   Ipv4{.source = kNone, .destination = ip("255.255.255.255"), .more_fragments = true} /
                   Udp{.source_port = 68, .destination_port = 67} / Payload{.bytes = Bytes(64)};
    EXPECT_THAT(Bench().out("eni-a", first), DropsAs(PC_REASON_dhcp));
}

TEST(EvaluateDhcp, OfIpv6Likewise) {
    const auto message = [](std::uint8_t type, const Address& source, const Address& destination, std::size_t size = 4) {
        const bool is_to_all = destination.bytes[0] == 0xff;
        Bytes bytes(size);
        bytes[0] = type;
        return Ethernet{.source = kMacA, .destination = is_to_all ? mac("33:33:00:01:00:02") : kRouter} /
               Ipv6{.source = source, .destination = destination} / Udp{.source_port = 546, .destination_port = 547} /
               Payload{.bytes = bytes};
    };
    const Address all = ip("ff02::1:2");
    const Address own = kMacA.link_local();
    for (std::uint8_t type = 0; type < 14; ++type) {
        const bool is_of_client = (type == 1 || (type >= 3 && type <= 6) || type == 8 || type == 9 || type == 11);
        EXPECT_EQ(Bench().out("eni-a", message(type, own, all)).passes(), is_of_client) << int{type};
    }
    EXPECT_THAT(Bench().out("eni-a", message(1, kB6, all)), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(Bench().out("eni-a", message(1, own, kB6)), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(Bench().out("eni-a", message(1, own, all, 3)), DropsAs(PC_REASON_dhcp));
    const auto answer = [&](std::uint8_t type, const Entrance& entrance) {
        return Bench().in("eni-a",
                          Ethernet{.source = kRouter, .destination = kMacA} / Ipv6{.source = kServer6, .destination = own} /
                              Udp{.source_port = 547, .destination_port = 546} / Payload{.bytes = {type, 0, 0, 0}},
                          entrance);
    };
    for (const std::uint8_t type : std::vector<std::uint8_t>{2, 7, 10}) {
        EXPECT_THAT(answer(type, kHost), Passes());
    }
    EXPECT_THAT(answer(1, kHost), DropsAs(PC_REASON_dhcp));
    EXPECT_THAT(answer(7, kUplink), DropsAs(PC_REASON_dhcp));
}

// ---- claims

Packet probe(const Address& target, const Mac& from = kMacA) {
    return Ethernet{.source = from, .destination = mac("33:33:ff:00:00:77")} /
           Ipv6{.source = kNone6, .destination = ip("ff02::1:ff00:77"), .hop_limit = 255} / Neighbour{.target = target};
}
Packet from_claimed(const Address& source) {
    return Ethernet{.source = kMacA, .destination = kRouter} / Ipv6{.source = source, .destination = kB6} / Udp{.destination_port = 53};
}

TEST(EvaluateClaims, AProbedLinkLocalAddressIsOwn) {
    Wired bench;
    const Address claimed = ip("fe80::77");
    EXPECT_THAT(bench.out("eni-a", from_claimed(claimed)), DropsAs(PC_REASON_source_address));
    EXPECT_THAT(bench.out("eni-a", probe(claimed)), Passes());
    EXPECT_THAT(bench.out("eni-a", from_claimed(claimed)), Passes());
    EXPECT_THAT(bench.out("eni-a", probe(claimed)), Passes()) << "again";
    EXPECT_THAT(bench.out("eni-b", probe(claimed, kMacB)), DropsAs(PC_REASON_nd)) << "another port's";
    EXPECT_THAT(bench.out("eni-a", probe(ip("2001:db8:1::77"))), DropsAs(PC_REASON_nd)) << "not link-local";
}

TEST(EvaluateClaims, NeverTakeWhatIsSomeonesElse) {
    Wired bench;
    bench.place.host.addresses.push_back(ip("fe80::5"));
    bench.model.services.dhcp_servers = {{.address = ip("fe80::6"), .device = {}}};
    bench.model.services.listed = {{.address = ip("fe80::8"), .protocol = 17, .port = 53}};
    for (const Address& address : {kGateway6, ip("fe80::5"), ip("fe80::6"), ip("fe80::8"), kMacB.link_local(), kMacFar.link_local()}) {
        EXPECT_THAT(bench.out("eni-a", probe(address)), DropsAs(PC_REASON_nd)) << address.to_string();
    }
}

TEST(EvaluateClaims, AreFourForTheLifeOfAPort) {
    Bench bench;
    for (const char* const address : {"fe80::71", "fe80::72", "fe80::73", "fe80::74"}) {
        EXPECT_THAT(bench.out("eni-a", probe(ip(address))), Passes()) << address;
    }
    EXPECT_THAT(bench.out("eni-a", probe(ip("fe80::75"))), DropsAs(PC_REASON_nd));
    EXPECT_THAT(bench.out("eni-b", probe(ip("fe80::75"), kMacB)), Passes());
    Model without = bench.model;
    std::erase_if(without.ports, [](const PortClaim& claim) { return claim.network_interface_id == "eni-a"; });
    bench.change(without);
    bench.change(bench.model);
    EXPECT_THAT(bench.out("eni-a", probe(ip("fe80::76"))), Passes()) << "with the port its claims end";
    EXPECT_THAT(bench.out("eni-a", from_claimed(ip("fe80::71"))), DropsAs(PC_REASON_source_address));
}

TEST(EvaluateClaims, AreTurnedOffByThePort) {
    Bench bench;
    bench.claim("eni-a").claims_link_local = false;
    EXPECT_THAT(bench.out("eni-a", probe(ip("fe80::77"))), DropsAs(PC_REASON_nd));
}

TEST(EvaluateClaims, ClaimedAddressesAreInTheSubnetOfTheirPort) {
    Bench bench;
    bench.model.has_network_acls = true;
    EXPECT_THAT(bench.out("eni-b", probe(ip("fe80::77"), kMacB)), Passes());
    const auto to = [](const Address& destination) {
        return Ethernet{.source = kMacA, .destination = kMacB} / Ipv6{.source = kMacA.link_local(), .destination = destination} /
               Udp{.destination_port = 53};
    };
    EXPECT_THAT(bench.out("eni-a", to(ip("fe80::77"))), Passes());
    EXPECT_THAT(bench.out("eni-a", to(ip("fe80::78"))), DropsAs(PC_REASON_network_acl));
}

}  // namespace
}  // namespace portcullis::test
