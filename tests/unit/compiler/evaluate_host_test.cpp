// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 13: what the host forbids all instances.
#include "tests/unit/compiler/evaluate_talk.h"

namespace portcullis::test {
namespace {

const Address kHostAddress = ip("10.0.1.200");

Packet from_a(const Address& to, const Layer& transport) {
    return Packet{.layers = {Ethernet{.source = kMacA, .destination = kRouter}, Ipv4{.source = kA, .destination = to}, transport}};
}
Packet to_a(const Address& from, const Layer& transport) {
    return Packet{.layers = {Ethernet{.source = kRouter, .destination = kMacA}, Ipv4{.source = from, .destination = kA}, transport}};
}
Tcp syn(std::uint16_t port) { return {.source_port = 40000, .destination_port = port, .flags = kSyn}; }
Udp datagram(std::uint16_t from, std::uint16_t to) { return {.source_port = from, .destination_port = to}; }

// ---- DenyCidrs

struct Denied : Talk {
    explicit Denied(bool new_only) {
        model.deny_cidrs = {{.prefix = prefix("198.51.100.0/24"), .new_only = new_only}};
        model.security_groups.back().rules[1] = model.security_groups.back().rules[0];
    }
};

TEST(EvaluateDenyCidrs, DropEverythingOutbound) {
    Denied bench(false);
    EXPECT_THAT(bench.us(kSyn), DropsAs(PC_REASON_deny_cidr));
    EXPECT_THAT(bench.us(Icmp{.type = 8}), DropsAs(PC_REASON_deny_cidr));
    EXPECT_THAT(bench.them(kSyn), Passes()) << "inbound";
    EXPECT_THAT(bench.us(kSynAck), DropsAs(PC_REASON_deny_cidr)) << "answers too";
}

TEST(EvaluateDenyCidrs, NewOnlySparesFlowsBegunFromThere) {
    Denied bench(true);
    EXPECT_THAT(bench.us(kSyn), DropsAs(PC_REASON_deny_cidr));
    EXPECT_THAT(bench.them(kSyn), Passes());
    EXPECT_THAT(bench.us(kSynAck), Passes());
    EXPECT_THAT(bench.them(kAck), Passes());
    EXPECT_THAT(bench.us(kSyn), DropsAs(PC_REASON_deny_cidr)) << "a bare SYN is judged as new";
    EXPECT_THAT(Denied(true).them(kSynAck), DropsAs(PC_REASON_no_flow)) << "such a range is always tracked";
}

TEST(EvaluateDenyCidrs, ARangeInsideOneWithoutNewOnlyIsWithout) {
    Denied bench(true);
    bench.model.deny_cidrs.push_back({.prefix = prefix("198.51.0.0/16"), .new_only = false});
    EXPECT_THAT(bench.them(kSyn), Passes());
    EXPECT_THAT(bench.us(kSynAck), DropsAs(PC_REASON_deny_cidr));
}

// ---- IsolateInstances

struct Isolated : Bench {
    Isolated() { model.isolates_instances = true; }
};

TEST(EvaluateIsolation, NothingPassesBetweenInstances) {
    EXPECT_THAT(Isolated().out("eni-a", from_a(kB, syn(80))), DropsAs(PC_REASON_isolated));
    EXPECT_THAT(Isolated().out("eni-a", from_a(kFar, syn(80))), DropsAs(PC_REASON_isolated)) << "on another host";
    EXPECT_THAT(Isolated().in("eni-a", to_a(kFar, syn(80)), kUplink), DropsAs(PC_REASON_isolated));
    EXPECT_THAT(Isolated().in("eni-a", to_a(kC, syn(80)), kHost), DropsAs(PC_REASON_isolated)) << "through the gateway";
    EXPECT_THAT(Isolated().in("eni-a", to_a(kOutside, syn(80)), by_port("eni-b")), DropsAs(PC_REASON_isolated)) << "by a port";
    EXPECT_THAT(Isolated().out("eni-a", from_a(kOutside, syn(80))), Passes());
    EXPECT_THAT(Isolated().in("eni-a", to_a(kOutside, syn(80)), kUplink), Passes());
    const Packet link_local = Ethernet{.source = kMacA, .destination = kRouter} /
                              Ipv6{.source = kMacA.link_local(), .destination = kMacFar.link_local()} / syn(80);
    EXPECT_THAT(Isolated().out("eni-a", link_local), DropsAs(PC_REASON_isolated)) << "EUI-64 addresses are theirs too";
}

TEST(EvaluateIsolation, HoldsForArpAndDiscovery) {
    const Ethernet broadcast{.source = kMacA, .destination = kBroadcast};
    const auto arp = [](const Mac& mac, const Address& sender, const Address& target) {
        return Arp{.operation = 1, .sender_mac = mac, .sender = sender, .target = target};
    };
    EXPECT_THAT(Isolated().out("eni-a", broadcast / arp(kMacA, kA, kB)), DropsAs(PC_REASON_isolated));
    EXPECT_THAT(Isolated().out("eni-a", broadcast / arp(kMacA, kA, kA)), Passes()) << "its own";
    EXPECT_THAT(Isolated().out("eni-a", broadcast / arp(kMacA, kA, ip("10.0.1.1"))), Passes());
    const Ethernet from_b{.source = kMacB, .destination = kBroadcast};
    EXPECT_THAT(Isolated().in("eni-a", from_b / arp(kMacB, kB, kA), by_port("eni-b")), DropsAs(PC_REASON_isolated));
    const Ethernet frame{.source = kMacA, .destination = kAllNodes};
    const Ipv6 header{.source = kA6, .destination = ip("ff02::1"), .hop_limit = 255};
    EXPECT_THAT(Isolated().out("eni-a", frame / header / Neighbour{.target = kB6}), DropsAs(PC_REASON_isolated));
    EXPECT_THAT(Isolated().out("eni-a", frame / header / Neighbour{.target = ip("2001:db8:1::1")}), Passes());
}

TEST(EvaluateIsolation, SparesServices) {
    Isolated bench;
    bench.model.services.listed = {{.address = kFar, .protocol = 17, .port = 53}};
    EXPECT_THAT(bench.out("eni-a", from_a(kFar, datagram(4000, 53))), Passes());
    EXPECT_THAT(bench.in("eni-a", to_a(kFar, datagram(53, 4000)), kUplink), Passes());
}

// ---- HostServices and tunnels

struct Guarded : Bench {
    Guarded() {
        place.host.addresses = {kHostAddress};
        model.host_services = std::vector<HostService>{{.protocol = 17, .port = 53}, {.protocol = 1, .port = {}}};
    }
};

TEST(EvaluateHostServices, AreAllThatMayBeReached) {
    Guarded bench;
    EXPECT_THAT(bench.out("eni-a", from_a(kHostAddress, datagram(4000, 53))), Passes());
    EXPECT_THAT(bench.out("eni-a", from_a(kHostAddress, Icmp{.type = 8})), Passes());
    EXPECT_THAT(bench.out("eni-a", from_a(kHostAddress, datagram(4000, 54))), DropsAs(PC_REASON_host_service));
    EXPECT_THAT(bench.out("eni-a", from_a(kHostAddress, syn(53))), DropsAs(PC_REASON_host_service));
    EXPECT_THAT(bench.out("eni-a", from_a(ip("10.0.1.201"), syn(53))), Passes()) << "not the host";
    Guarded without;
    without.model.host_services.reset();
    EXPECT_THAT(without.out("eni-a", from_a(kHostAddress, syn(53))), Passes()) << "no key";
}

TEST(EvaluateHostServices, SpareWhatTheHostBegan) {
    Guarded bench;
    EXPECT_THAT(bench.in("eni-a", to_a(kHostAddress, Tcp{.source_port = 9000, .destination_port = 22, .flags = kSyn})), Passes());
    const auto answer = [&](std::uint8_t flags) {
        return bench.out("eni-a", from_a(kHostAddress, Tcp{.source_port = 22, .destination_port = 9000, .flags = flags}));
    };
    EXPECT_THAT(answer(kSynAck), Passes());
    EXPECT_THAT(answer(kAck), Passes());
    EXPECT_THAT(bench.in("eni-a", to_a(kHostAddress, Tcp{.source_port = 9000, .destination_port = 22, .flags = kAck})), Passes());
    EXPECT_THAT(answer(kSyn), DropsAs(PC_REASON_host_service)) << "a bare SYN is judged as new";
}

TEST(EvaluateHostServices, SpareListedServicesAndHoldAtOnce) {
    Guarded bench;
    bench.model.services.listed = {{.address = kHostAddress, .protocol = 6, .port = 80}};
    EXPECT_THAT(bench.out("eni-a", from_a(kHostAddress, syn(80))), Passes());
    EXPECT_THAT(bench.out("eni-a", from_a(kHostAddress, datagram(4000, 53))), Passes());
    Model next = bench.model;
    next.host_services->clear();
    bench.change(next);
    EXPECT_THAT(bench.out("eni-a", from_a(kHostAddress, datagram(4000, 53))), DropsAs(PC_REASON_host_service)) << "a live flow";
    bench.change_host({});
    EXPECT_THAT(bench.out("eni-a", from_a(kHostAddress, datagram(4000, 53))), Passes()) << "not the host's any more";
}

TEST(EvaluateHostTunnels, AreNeverReached) {
    Bench bench;
    bench.place.host = {.addresses = {kHostAddress}, .tunnels = {{.protocol = 17, .port = 4789}, {.protocol = 47, .port = 0}}};
    const auto gre = [](const Address& to) {
        return Ethernet{.source = kMacA, .destination = kRouter} / Ipv4{.source = kA, .destination = to, .protocol = 47} /
               Payload{.bytes = Bytes(8)};
    };
    EXPECT_THAT(bench.out("eni-a", from_a(kHostAddress, datagram(4000, 4789))), DropsAs(PC_REASON_host_tunnel));
    EXPECT_THAT(bench.out("eni-a", from_a(kHostAddress, datagram(4000, 4790))), Passes());
    EXPECT_THAT(bench.out("eni-a", gre(kHostAddress)), DropsAs(PC_REASON_host_tunnel));
    EXPECT_THAT(bench.out("eni-a", gre(kOutside)), Passes());
    EXPECT_THAT(bench.in("eni-a", to_a(kHostAddress, datagram(4789, 4789))), Passes()) << "inbound";
}

TEST(EvaluateHostPolicies, ComeInTheirOrderBeforeGroups) {
    Isolated bench;
    interface_of(bench.model, "eni-a").group_ids.clear();
    bench.model.deny_cidrs = {{.prefix = prefix("10.0.1.11/32"), .new_only = false}};
    bench.model.host_services.emplace();
    bench.place.host = {.addresses = {kB, kHostAddress}, .tunnels = {{.protocol = 17, .port = 4789}}};
    EXPECT_THAT(bench.out("eni-a", from_a(kB, datagram(4000, 4789))), DropsAs(PC_REASON_deny_cidr));
    EXPECT_THAT(bench.out("eni-a", from_a(kHostAddress, datagram(4000, 4789))), DropsAs(PC_REASON_host_service));
}

}  // namespace
}  // namespace portcullis::test
