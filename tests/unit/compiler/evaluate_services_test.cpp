// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 5: what instances reach although no rule says so, and from where its answers are believed.
#include "tests/unit/compiler/evaluate_office.h"

namespace portcullis::test {
namespace {

const Address kResolver = ip("198.51.100.53");
const Service kDns{.address = kResolver, .protocol = 17, .port = 53};
const Service kMetadata{.address = kResolver, .protocol = 6, .port = 80};

// eni-a may nothing by its groups and ACL.
struct Locked : Bench {
    Locked() {
        regroup(model, "eni-a", {group("sg-none")});
        model.has_network_acls = true;
        model.services.listed = {kDns, kMetadata};
    }
    Verdict ask(const Address& to, const Layer& transport) {
        return out("eni-a", Packet{.layers = {Ethernet{.source = kMacA, .destination = kRouter}, header(kA, to), transport}});
    }
    Verdict hear(const Address& from, const Layer& transport, const Entrance& entrance = kHost) {
        return in("eni-a", Packet{.layers = {Ethernet{.source = kRouter, .destination = kMacA}, header(from, kA), transport}}, entrance);
    }

   private:
    static Ipv4 header(const Address& source, const Address& destination) { return {.source = source, .destination = destination}; }
};

Udp query(std::uint16_t port = 53) { return {.source_port = 4000, .destination_port = port}; }
Udp answer() { return {.source_port = 53, .destination_port = 4000}; }
Tcp segment(std::uint8_t flags) { return {.source_port = 4000, .destination_port = 80, .flags = flags}; }
Tcp response(std::uint8_t flags) { return {.source_port = 80, .destination_port = 4000, .flags = flags}; }

TEST(EvaluateServices, ListedOnesAreReachedWithoutRules) {
    Locked bench;
    EXPECT_THAT(bench.ask(kResolver, query()), NamesRules(rules({})));
    EXPECT_THAT(bench.hear(kResolver, answer()), Passes());
    EXPECT_THAT(bench.ask(kResolver, query(54)), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.ask(kOutside, query()), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.hear(kOutside, answer()), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(Locked().hear(kResolver, answer()), DropsAs(PC_REASON_network_acl)) << "without a flow";
}

TEST(EvaluateServices, NeedAFlowForAnswersAndResets) {
    for (const std::uint8_t flags : std::vector<std::uint8_t>{kSyn | kAck, kRst, kRst | kAck}) {
        EXPECT_THAT(Locked().ask(kResolver, segment(flags)), DropsAs(PC_REASON_no_flow)) << int{flags};
    }
    Locked closing;
    EXPECT_THAT(closing.ask(kResolver, segment(kFin | kAck)), Passes());
    EXPECT_THAT(closing.hear(kResolver, response(kAck)), DropsAs(PC_REASON_network_acl)) << "opened none";
    Locked picked_up;
    EXPECT_THAT(picked_up.ask(kResolver, segment(kAck)), Passes());
    EXPECT_THAT(picked_up.hear(kResolver, response(kAck)), Passes());
    EXPECT_THAT(picked_up.ask(kResolver, segment(kSyn)), Passes()) << "a bare SYN is a service packet too";
    EXPECT_THAT(picked_up.hear(kResolver, response(kSyn)), DropsAs(PC_REASON_service_origin)) << "it is no answer";
}

TEST(EvaluateServices, AreBelievedByWhereTheyEnter) {
    const auto hear = [](const Entrance& entrance) {
        Locked bench;
        bench.model.services.routers = {{.mac = kRouter, .addresses = {}}};
        EXPECT_THAT(bench.ask(kResolver, query()), Passes());
        return bench.in(
            "eni-a",
            Ethernet{.source = mac("02:00:00:00:00:77"), .destination = kMacA} / Ipv4{.source = kResolver, .destination = kA} / answer(),
            entrance);
    };
    EXPECT_THAT(hear(kHost), Passes());
    EXPECT_THAT(hear(kUplink), Passes());
    EXPECT_THAT(hear(kElsewhere), DropsAs(PC_REASON_service_origin));
    EXPECT_THAT(hear(by_port("eni-b")), DropsAs(PC_REASON_service_origin));
    Locked routed;
    routed.model.services.routers = {{.mac = kRouter, .addresses = {}}};
    EXPECT_THAT(routed.ask(kResolver, query()), Passes());
    EXPECT_THAT(routed.hear(kResolver, answer(), kElsewhere), Passes()) << "from a router's MAC";
}

TEST(EvaluateServices, EndWithTheirListing) {
    Locked bench;
    EXPECT_THAT(bench.ask(kResolver, query()), Passes());
    Model next = bench.model;
    next.services.listed.clear();
    bench.change(next);
    EXPECT_THAT(bench.hear(kResolver, answer()), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(bench.ask(kResolver, query()), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateServices, OfHostBridgeAndPortJoin) {
    Locked bench;
    bench.model.services = {};
    bench.model.bridges = {{.device = "br0", .uplinks = {}, .services = {.listed = {kDns}}, .position = {}},
                           {.device = "br1", .uplinks = {}, .services = {.listed = {kMetadata}}, .position = {}}};
    bench.claim("eni-a").services.listed = {{.address = kOutside, .protocol = 17, .port = 123}};
    bench.place.bridge = "br0";
    EXPECT_THAT(bench.ask(kResolver, query()), Passes());
    EXPECT_THAT(bench.ask(kOutside, query(123)), Passes());
    EXPECT_THAT(bench.ask(kResolver, segment(kSyn)), DropsAs(PC_REASON_security_group)) << "of another bridge";
}

TEST(EvaluateServices, TheWordEc2StandsForEc2sList) {
    Locked bench;
    bench.model.services = {.is_ec2 = true, .listed = {}, .dhcp_servers = {}, .routers = {}};
    const auto syn = [](std::uint16_t port) { return Tcp{.source_port = 4000, .destination_port = port, .flags = kSyn}; };
    for (const char* const resolver : {"10.0.0.2", "169.254.169.253"}) {
        EXPECT_THAT(bench.ask(ip(resolver), query()), Passes()) << resolver;
        EXPECT_THAT(bench.ask(ip(resolver), syn(53)), Passes()) << resolver;
    }
    for (const char* const metadata : {"169.254.169.254", "169.254.170.2"}) {
        EXPECT_THAT(bench.ask(ip(metadata), syn(80)), Passes()) << metadata;
    }
    EXPECT_THAT(bench.ask(ip("169.254.169.123"), query(123)), Passes());
    EXPECT_THAT(bench.ask(ip("169.254.169.250"), syn(1688)), Passes());
    EXPECT_THAT(bench.ask(ip("169.254.169.251"), syn(1688)), Passes());
    EXPECT_THAT(bench.ask(ip("169.254.169.254"), syn(443)), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.ask(ip("10.0.1.2"), query()), DropsAs(PC_REASON_security_group)) << "of the VPC, not of the subnet";
    const auto ask6 = [&](const char* to, const Layer& transport) {
        return bench.out("eni-a", Packet{.layers = {Ethernet{.source = kMacA, .destination = kRouter},
                                                    Ipv6{.source = kA6, .destination = ip(to)}, transport}});
    };
    EXPECT_THAT(ask6("fd00:ec2::253", query()), Passes());
    EXPECT_THAT(ask6("fd00:ec2::254", syn(80)), Passes());
    EXPECT_THAT(ask6("fd00:ec2::123", query(123)), Passes());
}

TEST(EvaluateServices, TheSubnetsRouterAnswersEchoes) {
    Locked bench;
    const Address router = ip("10.0.1.1");
    EXPECT_THAT(bench.ask(router, Icmp{.type = 8, .identifier = 7}), Passes());
    EXPECT_THAT(bench.hear(router, Icmp{.type = 0, .identifier = 7}), Passes());
    EXPECT_THAT(bench.hear(router, Icmp{.type = 0, .identifier = 8}), DropsAs(PC_REASON_no_flow)) << "in the subnet, no flow";
    EXPECT_THAT(bench.ask(router, Icmp{.type = 8, .code = 1}), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.ask(router, Icmp{.type = 13}), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.ask(ip("10.0.2.1"), Icmp{.type = 8}), DropsAs(PC_REASON_security_group)) << "another subnet's";
    Locked taken;
    interface_of(taken.model, "eni-far").addresses.push_back(router);
    EXPECT_THAT(taken.ask(router, Icmp{.type = 8}), DropsAs(PC_REASON_security_group)) << "an interface has that address";
}

TEST(EvaluateServices, DoNotBeatDenyCidrs) {
    Locked bench;
    bench.model.deny_cidrs = {{.prefix = prefix("198.51.100.53/32"), .new_only = false}};
    EXPECT_THAT(bench.ask(kResolver, query()), DropsAs(PC_REASON_deny_cidr));
}

}  // namespace
}  // namespace portcullis::test
