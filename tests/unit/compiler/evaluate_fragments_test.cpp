// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 9: fragments with and without memory of the first one. eni-a may begin UDP to port 53 and TCP to port 80.
#include "tests/unit/compiler/evaluate_talk.h"

namespace portcullis::test {
namespace {

const Payload kRest{.bytes = Bytes(64)};

struct Pieces : Bench {
    Pieces() {
        SecurityGroup one = group("sg-1");
        one.rules[0] = {allow(udp(53), kEverywhere), allow(tcp(80), kEverywhere), allow(udp(53), prefix("::/0"))};
        regroup(model, "eni-a", {one});
    }
    Verdict first(std::uint16_t id, std::uint16_t port = 53) {
        return out("eni-a", kEthernet / Ipv4{.source = kA, .destination = kOutside, .id = id, .more_fragments = true} /
                                Udp{.source_port = 4000, .destination_port = port} / kRest);
    }
    Verdict later(std::uint16_t id, const Address& to = kOutside, std::uint8_t protocol = 17) {
        return out("eni-a", later_packet(id, to, protocol));
    }
    static Packet later_packet(std::uint16_t id, const Address& to, std::uint8_t protocol) {
        return kEthernet / Ipv4{.source = kA, .destination = to, .protocol = protocol, .id = id, .fragment_offset = 9} / kRest;
    }
    void set_rules(const std::vector<SecurityGroupRule>& rules) { model.security_groups.back().rules[0] = rules; }
    static inline const Ethernet kEthernet{.source = kMacA, .destination = kRouter};
};

TEST(EvaluateFragments, FollowTheirFirst) {
    Pieces bench;
    EXPECT_THAT(bench.later(1), DropsAs(PC_REASON_security_group)) << "not seen yet";
    EXPECT_THAT(bench.first(1), Passes());
    EXPECT_THAT(bench.later(1), NamesRules(rules({})));
    EXPECT_THAT(bench.later(2), DropsAs(PC_REASON_security_group)) << "another packet";
    EXPECT_THAT(bench.later(1, kOutside, 6), DropsAs(PC_REASON_security_group)) << "another protocol";
    EXPECT_THAT(bench.later(1, kC), DropsAs(PC_REASON_security_group)) << "another destination";
    EXPECT_THAT(bench.first(3, 54), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.later(3), DropsAs(PC_REASON_security_group)) << "of a denied first";
}

TEST(EvaluateFragments, AreRememberedFor30Seconds) {
    Pieces bench;
    EXPECT_THAT(bench.first(1), Passes());
    bench.now_s += 28;
    EXPECT_THAT(bench.later(1), Passes()) << "which refreshes nothing";
    bench.now_s += 4;
    EXPECT_THAT(bench.later(1), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateFragments, ADeniedFirstErasesTheMemory) {
    Pieces bench;
    EXPECT_THAT(bench.first(1), Passes());
    EXPECT_THAT(bench.first(1, 54), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.later(1), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateFragments, TheLast32AreRemembered) {
    Pieces bench;
    for (std::uint16_t id = 1; id <= 32; ++id) {
        EXPECT_THAT(bench.first(id), Passes());
    }
    EXPECT_THAT(bench.first(1), Passes()) << "keeps its place";
    EXPECT_THAT(bench.later(1), Passes());
    EXPECT_THAT(bench.first(33), Passes());
    EXPECT_THAT(bench.later(1), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.later(2), Passes());
}

TEST(EvaluateFragments, AreForgottenWhenAnythingChanges) {
    Pieces bench;
    EXPECT_THAT(bench.first(1), Passes());
    bench.change(bench.model);
    EXPECT_THAT(bench.later(1), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.first(1), Passes());
    bench.change_host({.addresses = {ip("10.0.1.5")}, .tunnels = {}});
    EXPECT_THAT(bench.later(1), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateFragments, AreRememberedByTheirEntrance) {
    Bench bench;
    const auto piece = [](bool is_first) {
        const Ethernet frame{.source = mac("02:00:00:00:00:77"), .destination = kMacA};
        const Ipv4 header{.source = kOutside,
                          .destination = kA,
                          .protocol = 17,
                          .id = 1,
                          .more_fragments = is_first,
                          .fragment_offset = static_cast<std::uint16_t>(is_first ? 0 : 9)};
        return is_first ? frame / header / Udp{.destination_port = 53} / kRest : frame / header / kRest;
    };
    SecurityGroup one = group("sg-1");
    one.rules[1] = {allow(udp(53), kEverywhere)};
    regroup(bench.model, "eni-a", {one});
    EXPECT_THAT(bench.in("eni-a", piece(true), kUplink), Passes());
    EXPECT_THAT(bench.in("eni-a", piece(false), kUplink), Passes());
    EXPECT_THAT(bench.in("eni-a", piece(false), kElsewhere), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.in("eni-a", piece(false), kHost), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateFragments, OfIpv6GoByTheProtocolOfTheFragmentHeader) {
    Pieces bench;
    const Packet base = Pieces::kEthernet / Ipv6{.source = kA6, .destination = kOutside6};
    const Packet first = base / FragmentHeader{.more = true, .id = 9} / ExtensionHeader{.number = 60} / Udp{.destination_port = 53} / kRest;
    const Packet later = base / FragmentHeader{.offset = 10, .id = 9, .next_header = 60} / kRest;
    EXPECT_THAT(bench.out("eni-a", later), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.out("eni-a", first), Passes());
    EXPECT_THAT(bench.out("eni-a", later), Passes());
}

TEST(EvaluateFragments, AFirstOneHoldsItsTransportHeader) {
    const auto first = [](std::uint8_t protocol, std::size_t size) {
        Bytes bytes(size);
        if (protocol == 1) {
            bytes[0] = 8;
        } else if (size > 13) {
            bytes[12] = 0xf0;  // a header that goes on in the next fragment
            bytes[13] = kSyn;
        } else if (size > 5 && protocol == 17) {
            bytes[4] = 0xff;
        }
        return Bench().out("eni-a", Pieces::kEthernet /
                                        Ipv4{.source = kA, .destination = kOutside, .protocol = protocol, .more_fragments = true} /
                                        Payload{.bytes = bytes});
    };
    EXPECT_THAT(first(6, 19), DropsAs(PC_REASON_transport_malformed));
    EXPECT_THAT(first(6, 20), Passes());
    EXPECT_THAT(first(17, 7), DropsAs(PC_REASON_transport_malformed));
    EXPECT_THAT(first(17, 8), Passes());
    EXPECT_THAT(first(1, 7), DropsAs(PC_REASON_transport_malformed));
    EXPECT_THAT(first(1, 8), Passes());
    EXPECT_THAT(first(47, 0), Passes());
}

TEST(EvaluateFragments, WithoutMemoryNeedARuleForAllPorts) {
    const auto judge = [](const Traffic& traffic, std::uint8_t protocol) {
        Pieces bench;
        bench.set_rules({allow(traffic, kEverywhere)});
        return bench.later(1, kOutside, protocol).passes();
    };
    EXPECT_TRUE(judge(kAll, 17));
    EXPECT_TRUE(judge({.protocol = 17}, 17));
    EXPECT_FALSE(judge({.protocol = 17, .from_port = 1, .to_port = 65535}, 17));
    EXPECT_TRUE(judge(icmp(Traffic::kAnyIcmp), 1));
    EXPECT_FALSE(judge(icmp(8), 1));
    EXPECT_TRUE(judge({.protocol = 47}, 47));
    EXPECT_FALSE(judge({.protocol = 6}, 17));
}

TEST(EvaluateFragments, WithoutMemoryMatchAclEntriesWithPortsThatDeny) {
    const auto judge = [](const std::vector<NetworkAclEntry>& entries) {
        Pieces bench;
        bench.set_rules({allow(kAll, kEverywhere)});
        bench.model.has_network_acls = true;
        bench.model.network_acls = {
            {.id = "acl-1", .vpc_id = "vpc-1", .is_default = true, .entries = {entries, {}}, .subnet_ids = {}, .position = {}}};
        return bench.later(1).passes();
    };
    const auto entry = [](std::uint16_t number, bool allows, const Traffic& traffic) {
        return NetworkAclEntry{.number = number, .allow = allows, .traffic = traffic, .cidr = kEverywhere, .position = {}};
    };
    EXPECT_TRUE(judge({entry(100, true, kAll)}));
    EXPECT_TRUE(judge({entry(100, true, {.protocol = 17})})) << "all ports";
    EXPECT_FALSE(judge({entry(100, true, udp(53))}));
    EXPECT_FALSE(judge({entry(100, false, udp(53)), entry(200, true, kAll)}));
    EXPECT_TRUE(judge({entry(100, false, tcp(53)), entry(200, true, kAll)})) << "of another protocol";
}

TEST(EvaluateFragments, WithoutMemoryAreOfNoFlow) {
    Pieces bench;
    bench.claim("eni-a").track_all = true;
    const Packet gre = Pieces::kEthernet / Ipv4{.source = kA, .destination = kOutside, .protocol = 47} / kRest;
    bench.set_rules({allow({.protocol = 47}, kEverywhere)});
    EXPECT_THAT(bench.out("eni-a", gre), Passes());
    Model next = bench.model;
    next.security_groups.back().rules[0].clear();
    bench.change(next);
    EXPECT_THAT(bench.out("eni-a", gre), Passes()) << "a live flow";
    EXPECT_THAT(bench.later(1, kOutside, 47), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateFragments, WithoutMemoryMeetHostPoliciesThatDependOnPorts) {
    Pieces bench;
    bench.set_rules({allow(kAll, kEverywhere)});
    const Address host = ip("10.0.1.200");
    bench.place.host.addresses = {host};
    bench.model.deny_cidrs = {{.prefix = prefix("198.51.100.0/24"), .new_only = true}};
    EXPECT_THAT(bench.later(1), DropsAs(PC_REASON_deny_cidr));
    EXPECT_THAT(bench.later(1, host), DropsAs(PC_REASON_host_tunnel));
    EXPECT_THAT(bench.later(1, host, 6), Passes());
    Model next = bench.model;
    next.host_services = std::vector<HostService>{{.protocol = 17, .port = 53}, {.protocol = 47, .port = {}}};
    bench.change(next);
    EXPECT_THAT(bench.later(1, host), DropsAs(PC_REASON_host_service));
    EXPECT_THAT(bench.later(1, host, 47), Passes());
}

TEST(EvaluateFragments, PassTheStagesBeforeAsAnyPacket) {
    Pieces bench;
    EXPECT_THAT(bench.first(1), Passes());
    const Ipv4 forged{.source = kB, .destination = kOutside, .protocol = 17, .id = 1, .fragment_offset = 9};
    EXPECT_THAT(bench.out("eni-a", Pieces::kEthernet / forged / kRest), DropsAs(PC_REASON_source_address));
    EXPECT_THAT(bench.later(1, kOutside, 58), DropsAs(PC_REASON_protocol));
    EXPECT_THAT(bench.later(1, kOutside, 2), DropsAs(PC_REASON_multicast_listener));
}

}  // namespace
}  // namespace portcullis::test
