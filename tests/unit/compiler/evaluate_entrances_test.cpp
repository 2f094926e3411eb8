// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 6.6 and 8.1 by all entrances, and addresses that several interfaces have.
#include "tests/unit/compiler/evaluate_office.h"

namespace portcullis::test {
namespace {

const Mac kOther = mac("02:00:00:00:00:77");

struct Case {
    const char* what;
    Address from;
    Mac source;
    Entrance entrance;
    bool counts;
};

std::vector<Case> cases() {
    return {
        {"its own port", kB, kMacB, by_port("eni-b"), true},
        {"another port", kB, kMacC, by_port("eni-c"), false},
        {"the host", kB, kOther, kHost, true},
        {"a router by the uplink", kB, kRouter, kUplink, true},
        {"a router from elsewhere", kB, kRouter, kElsewhere, true},
        {"the uplink, bound here", kB, kOther, kUplink, false},
        {"elsewhere, bound here", kB, kOther, kElsewhere, false},
        {"the uplink, bound on another host", kFar, kOther, kUplink, true},
        {"elsewhere, bound on another host", kFar, kOther, kElsewhere, true},
        {"another port, bound on another host", kFar, kMacB, by_port("eni-b"), false},
        {"the host, bound on another host", kFar, kOther, kHost, true},
    };
}

Verdict judge(const Case& one, Bench& bench) {
    bench.model.services.routers = {{.mac = kRouter, .addresses = {}}};
    return bench.in(
        "eni-a",
        Ethernet{.source = one.source, .destination = kMacA} / Ipv4{.source = one.from, .destination = kA} / Udp{.destination_port = 53},
        one.entrance);
}

TEST(EvaluateEntrances, DecideWhatGroupReferencesMatch) {
    for (const Case& one : cases()) {
        Bench bench;
        SecurityGroup group_one = group("sg-1");
        group_one.rules[1] = {allow(kAll, GroupReference{"sg-open"})};
        regroup(bench.model, "eni-a", {group_one});
        EXPECT_EQ(judge(one, bench).reason, one.counts ? PC_REASON_passed : PC_REASON_security_group) << one.what;
    }
}

TEST(EvaluateEntrances, DecideWhoIsInTheSubnet) {
    for (const Case& one : cases()) {
        Bench bench;
        bench.model.has_network_acls = true;
        EXPECT_EQ(judge(one, bench).reason, one.counts ? PC_REASON_passed : PC_REASON_network_acl) << one.what;
    }
}

TEST(EvaluateEntrances, AnAddressOfNobodyIsInTheSubnetByItsBlock) {
    const Address nobody = ip("10.0.1.77");
    for (const auto& [entrance, passes] :
         {std::pair{kHost, true}, std::pair{kUplink, true}, std::pair{kElsewhere, true}, std::pair{by_port("eni-b"), false}}) {
        Bench bench;
        bench.model.has_network_acls = true;
        const Mac source = entrance.kind == Entrance::Kind::Port ? kMacB : kOther;
        EXPECT_EQ(judge({"", nobody, source, entrance, passes}, bench).passes(), passes);
    }
}

TEST(EvaluateEntrances, LinkLocalAddressesAreInTheSubnetByWhoseTheyAre) {
    const auto passes = [](const Address& from, const Mac& source, const Entrance& entrance) {
        Bench bench;
        bench.model.has_network_acls = true;
        bench.place.host.addresses = {ip("fe80::5")};
        bench.model.services.routers = {{.mac = kRouter, .addresses = {ip("fe80::1")}}};
        return bench
            .in("eni-a",
                Ethernet{.source = source, .destination = kMacA} / Ipv6{.source = from, .destination = kMacA.link_local()} /
                    Udp{.destination_port = 53},
                entrance)
            .passes();
    };
    EXPECT_TRUE(passes(kMacB.link_local(), kMacB, by_port("eni-b")));
    EXPECT_FALSE(passes(kMacC.link_local(), kMacC, by_port("eni-c"))) << "another subnet's";
    EXPECT_TRUE(passes(ip("fe80::5"), kOther, kHost));
    EXPECT_TRUE(passes(ip("fe80::1"), kRouter, kUplink));
    EXPECT_FALSE(passes(ip("fe80::1"), kOther, kUplink)) << "not with its MAC";
    EXPECT_FALSE(passes(kMacFar.link_local(), kOther, kUplink));
    EXPECT_FALSE(passes(ip("fe80::77"), kOther, kHost)) << "nobody's";
}

TEST(EvaluateSharedAddresses, BelongToTheGroupsOfAllWhoHaveThem) {
    const Address shared = ip("10.0.1.100");
    const auto share = [&](Bench& bench) {
        SecurityGroup one = group("sg-1");
        one.rules[1] = {allow(kAll, GroupReference{"sg-b"})};
        regroup(bench.model, "eni-a", {one});
        interface_of(bench.model, "eni-b").group_ids = {"sg-b"};
        bench.model.security_groups.push_back(group("sg-b"));
        bench.claim("eni-b").allowed_addresses = {{.prefix = prefix("10.0.1.100/32"), .mac = {}}};
        bench.claim("eni-c").allowed_addresses = {{.prefix = prefix("10.0.1.100/32"), .mac = {}}};
    };
    Bench by_b;
    share(by_b);
    EXPECT_THAT(judge({"", shared, kMacB, by_port("eni-b"), true}, by_b), Passes());
    Bench by_c;
    share(by_c);
    EXPECT_THAT(judge({"", shared, kMacC, by_port("eni-c"), true}, by_c), Passes()) << "who does not carry the group itself";
    Bench by_uplink;
    share(by_uplink);
    EXPECT_THAT(judge({"", shared, kOther, kUplink, true}, by_uplink), DropsAs(PC_REASON_security_group)) << "bound here";
    Bench across;
    share(across);
    across.model.has_network_acls = true;
    EXPECT_THAT(judge({"", shared, kMacB, by_port("eni-b"), true}, across), DropsAs(PC_REASON_network_acl)) << "in no subnet";
}

TEST(EvaluateSharedAddresses, TheLongestPrefixDecides) {
    Bench bench;
    SecurityGroup one = group("sg-1");
    one.rules[0] = {allow(kAll, GroupReference{"sg-b"})};
    regroup(bench.model, "eni-a", {one});
    interface_of(bench.model, "eni-b").group_ids = {"sg-b"};
    bench.model.security_groups.push_back(group("sg-b"));
    bench.claim("eni-b").allowed_addresses = {{.prefix = prefix("10.0.0.0/16"), .mac = {}}};
    const auto to = [&](const Address& destination) {
        return bench.out("eni-a", Ethernet{.source = kMacA, .destination = kRouter} / Ipv4{.source = kA, .destination = destination} /
                                      Udp{.destination_port = 53});
    };
    EXPECT_THAT(to(ip("10.0.9.9")), Passes());
    EXPECT_THAT(to(kC), DropsAs(PC_REASON_security_group)) << "eni-c's own";
}

}  // namespace
}  // namespace portcullis::test
