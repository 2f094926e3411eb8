// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 4: which addresses a port may send from and receive at.
#include "tests/unit/compiler/evaluate_office.h"

namespace portcullis::test {
namespace {

const Ethernet kFromA{.source = kMacA, .destination = kRouter};
const Ethernet kToA{.source = kRouter, .destination = kMacA};
const Ipv4 kAOut{.source = kA, .destination = kOutside};
const Tcp kWeb{.source_port = 40000, .destination_port = 80};

Packet from_a(const Ipv4& header, const Layer& transport) { return Packet{.layers = {kFromA, header, transport}}; }
Packet from_a6(const Ipv6& header, const Layer& transport) { return Packet{.layers = {kFromA, header, transport}}; }

TEST(EvaluateBinding, OutboundSourceIsOwn) {
    for (const char* text : {"10.0.1.11", "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "10.0.1.1"}) {
        EXPECT_THAT(Bench().out("eni-a", from_a({.source = ip(text), .destination = kOutside}, kWeb)), DropsAs(PC_REASON_source_address))
            << text;
    }
    for (const char* text : {"::", "::1", "::ffff:10.0.1.10", "2001:db8:1::b", "fe80::1", "ff02::1"}) {
        EXPECT_THAT(Bench().out("eni-a", from_a6({.source = ip(text), .destination = kOutside6}, kWeb)), DropsAs(PC_REASON_source_address))
            << text;
    }
}

TEST(EvaluateBinding, InboundDestinationIsOwn) {
    EXPECT_THAT(Bench().in("eni-a", kToA / Ipv4{.source = kOutside, .destination = kB} / kWeb), DropsAs(PC_REASON_destination_address));
    EXPECT_THAT(Bench().in("eni-a", kToA / Ipv6{.source = kOutside6, .destination = kB6} / kWeb), DropsAs(PC_REASON_destination_address));
}

TEST(EvaluateBinding, SecondaryAddressesDelegatedPrefixesAndLinkLocalAreOwn) {
    Bench bench;
    NetworkInterface& a = interface_of(bench.model, "eni-a");
    a.addresses.push_back(ip("10.0.1.99"));
    a.delegated_prefixes = {prefix("10.0.1.32/28"), prefix("2001:db8:1:0:a::/80")};
    EXPECT_THAT(bench.out("eni-a", from_a({.source = ip("10.0.1.99"), .destination = kOutside}, kWeb)), Passes());
    EXPECT_THAT(bench.out("eni-a", from_a({.source = ip("10.0.1.47"), .destination = kOutside}, kWeb)), Passes());
    EXPECT_THAT(bench.out("eni-a", from_a({.source = ip("10.0.1.48"), .destination = kOutside}, kWeb)), DropsAs(PC_REASON_source_address));
    EXPECT_THAT(bench.out("eni-a", from_a6({.source = ip("2001:db8:1:0:a::5"), .destination = kOutside6}, kWeb)), Passes());
    EXPECT_THAT(bench.out("eni-a", from_a6({.source = kMacA.link_local(), .destination = kMacB.link_local()}, kWeb)), Passes());
    EXPECT_THAT(bench.out("eni-a", from_a6({.source = kMacB.link_local(), .destination = kMacA.link_local()}, kWeb)),
                DropsAs(PC_REASON_source_address));
}

TEST(EvaluateBinding, SourceDestCheckOffLiftsBothChecks) {
    Bench bench;
    interface_of(bench.model, "eni-a").source_dest_check = false;
    EXPECT_THAT(bench.out("eni-a", from_a({.source = kOutside, .destination = kB}, kWeb)), Passes());
    EXPECT_THAT(bench.in("eni-a", kToA / Ipv4{.source = kB, .destination = kOutside} / kWeb), Passes());
}

TEST(EvaluateBinding, SomeSourcesAreNeverForwarded) {
    Bench bench;
    NetworkInterface& a = interface_of(bench.model, "eni-a");
    a.source_dest_check = false;
    bench.place.host.addresses = {ip("198.51.100.200")};
    bench.model.services.listed = {{.address = ip("198.51.100.201"), .protocol = 17, .port = 53}};
    bench.model.services.routers = {{.mac = kRouter, .addresses = {ip("198.51.100.202")}}};
    bench.model.services.dhcp_servers = {{.address = ip("198.51.100.203"), .device = {}}};
    for (const char* const source : {"0.1.2.3", "127.0.0.1", "224.0.0.1", "255.255.255.255", "169.254.1.1", "198.51.100.200",
                                     "198.51.100.201", "198.51.100.202", "198.51.100.203", "10.0.1.1"}) {
        EXPECT_THAT(bench.out("eni-a", from_a({.source = ip(source), .destination = kB}, kWeb)), DropsAs(PC_REASON_source_address))
            << source;
    }
    for (const char* const source : {"::", "::1", "::ffff:192.0.2.1", "ff02::1", "fe80::1"}) {
        EXPECT_THAT(bench.out("eni-a", from_a6({.source = ip(source), .destination = kB6}, kWeb)), DropsAs(PC_REASON_source_address))
            << source;
    }
    EXPECT_THAT(bench.out("eni-a", from_a6({.source = kMacA.link_local(), .destination = kB6}, kWeb)), Passes()) << "own";
}

TEST(EvaluateBinding, AllowedSourcesBoundWhatIsForwarded) {
    Bench bench;
    interface_of(bench.model, "eni-a").source_dest_check = false;
    bench.claim("eni-a").allowed_sources = {prefix("192.0.2.0/24")};
    EXPECT_THAT(bench.out("eni-a", from_a({.source = ip("192.0.2.9"), .destination = kB}, kWeb)), Passes());
    EXPECT_THAT(bench.out("eni-a", from_a({.source = kOutside, .destination = kB}, kWeb)), DropsAs(PC_REASON_source_address));
    EXPECT_THAT(bench.out("eni-a", from_a(kAOut, kWeb)), Passes()) << "own addresses always";
}

TEST(EvaluateBinding, AllowedAddressesAreOwn) {
    Bench bench;
    bench.claim("eni-a").allowed_addresses = {{.prefix = prefix("192.0.2.0/28"), .mac = {}}};
    EXPECT_THAT(bench.out("eni-a", from_a({.source = ip("192.0.2.15"), .destination = kOutside}, kWeb)), Passes());
    EXPECT_THAT(bench.out("eni-a", from_a({.source = ip("192.0.2.16"), .destination = kOutside}, kWeb)), DropsAs(PC_REASON_source_address));
}

TEST(EvaluateBinding, NothingPassesAnInterfaceWithoutAddresses) {
    Bench bench;
    interface_of(bench.model, "eni-a").addresses.clear();
    const Address own = kMacA.link_local();
    EXPECT_THAT(bench.out("eni-a", from_a6({.source = own, .destination = kB6}, kWeb)), DropsAs(PC_REASON_source_address));
    EXPECT_THAT(bench.in("eni-a", kToA / Ipv6{.source = kB6, .destination = own} / kWeb), DropsAs(PC_REASON_destination_address));
}

TEST(EvaluateBinding, PrecedesGroupsAndAcls) {
    Bench bench;
    bench.model.has_network_acls = true;
    interface_of(bench.model, "eni-a").group_ids.clear();
    EXPECT_THAT(bench.out("eni-a", from_a({.source = kB, .destination = kOutside}, kWeb)), DropsAs(PC_REASON_source_address));
}

}  // namespace
}  // namespace portcullis::test
