// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 7.5: flows that pass by the rules alone. A SYN+ACK without a flow tells: it passes only untracked.
#include "tests/unit/compiler/evaluate_talk.h"

namespace portcullis::test {
namespace {

const Prefix kEverywhere6 = prefix("::/0");
Traffic all_of(std::int16_t protocol) { return {.protocol = protocol, .from_port = 0, .to_port = 65535}; }
Traffic range(std::uint16_t from, std::uint16_t to) { return {.protocol = 6, .from_port = from, .to_port = to}; }

// eni-a with these rules; local port 40000, remote port 80.
struct Ruled : Talk {
    Ruled(std::vector<SecurityGroupRule> out, std::vector<SecurityGroupRule> in) {
        model.security_groups.back().rules[0] = std::move(out);
        model.security_groups.back().rules[1] = std::move(in);
    }
    bool is_untracked() { return them(kSynAck).passes(); }
};

TEST(EvaluateUntracked, NeedsBothDirectionsAndOneRuleForAllPorts) {
    const SecurityGroupRule everything = allow(kAll, kEverywhere);
    EXPECT_TRUE(Ruled({everything}, {everything}).is_untracked());
    EXPECT_TRUE(Ruled({everything}, {allow(tcp(40000), kEverywhere)}).is_untracked());
    EXPECT_TRUE(Ruled({allow(tcp(80), kEverywhere)}, {allow(all_of(6), kEverywhere)}).is_untracked());
    EXPECT_FALSE(Ruled({everything}, {allow(tcp(40001), kEverywhere)}).is_untracked()) << "another local port";
    EXPECT_FALSE(Ruled({allow(tcp(81), kEverywhere)}, {everything}).is_untracked()) << "another remote port";
    EXPECT_FALSE(Ruled({everything}, {}).is_untracked());
    EXPECT_FALSE(Ruled({allow(tcp(80), kEverywhere)}, {allow(tcp(40000), kEverywhere)}).is_untracked()) << "none is for all ports";
    EXPECT_FALSE(
        Ruled({allow(tcp(80), kEverywhere)}, {allow(range(0, 40000), kEverywhere), allow(range(40001, 65535), kEverywhere)}).is_untracked())
        << "ranges are not joined";
    EXPECT_FALSE(Ruled({everything}, {allow(all_of(17), kEverywhere)}).is_untracked()) << "another protocol";
}

TEST(EvaluateUntracked, CountsLiteralSourcesAlone) {
    const SecurityGroupRule everything = allow(kAll, kEverywhere);
    EXPECT_FALSE(Ruled({everything}, {allow(kAll, prefix("0.0.0.0/1")), allow(kAll, prefix("128.0.0.0/1"))}).is_untracked());
    EXPECT_FALSE(Ruled({everything}, {allow(kAll, kEverywhere6)}).is_untracked()) << "of the other family";
    Ruled listed({everything}, {allow(kAll, PrefixListReference{"pl-1"})});
    listed.model.prefix_lists = {{.id = "pl-1", .is_known = true, .cidrs = {kEverywhere}, .position = {}}};
    EXPECT_FALSE(listed.is_untracked());
}

TEST(EvaluateUntracked, LooksNeitherAtFlagsNorAtWhoBegan) {
    const SecurityGroupRule everything = allow(kAll, kEverywhere);
    for (const std::uint8_t flags : std::vector<std::uint8_t>{kSyn, kSynAck, kRst, kRstAck, kFinAck, kAck}) {
        EXPECT_THAT(Ruled({everything}, {everything}).us(flags), Passes()) << int{flags};
        EXPECT_THAT(Ruled({everything}, {everything}).them(flags), Passes()) << int{flags};
    }
}

TEST(EvaluateUntracked, OpensNoFlow) {
    const SecurityGroupRule everything = allow(kAll, kEverywhere);
    Ruled bench({everything}, {everything});
    EXPECT_THAT(bench.us(query()), Passes());
    EXPECT_THAT(bench.us(kSyn), Passes());
    bench.revoke();
    EXPECT_THAT(bench.them(answer()), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.them(kSynAck), DropsAs(PC_REASON_no_flow));
}

TEST(EvaluateUntracked, ALiveFlowStaysTracked) {
    Talk talk;
    talk.establish();
    Model open = talk.model;
    open.security_groups.back().rules[1] = {allow(kAll, kEverywhere)};
    talk.change(open);
    EXPECT_THAT(talk.us(kAck), NamesRules(rules({})));
    talk.revoke();
    EXPECT_THAT(talk.them(kAck), Passes());
}

TEST(EvaluateUntracked, NamesTheLiteralRulesOfItsDirection) {
    Ruled bench({allow(kAll, kEverywhere), allow(tcp(80), prefix("198.51.100.0/24"))}, {allow(tcp(40000), kEverywhere)});
    EXPECT_THAT(bench.us(kSyn), NamesRules(rules({"sg-1 egress all to 0.0.0.0/0"})));
    EXPECT_THAT(bench.them(kSynAck), NamesRules(rules({"sg-1 ingress tcp 40000 from 0.0.0.0/0"})));
}

TEST(EvaluateUntracked, SomeAreAlwaysTracked) {
    const SecurityGroupRule everything = allow(kAll, kEverywhere);
    Ruled all({everything}, {everything});
    all.claim("eni-a").track_all = true;
    EXPECT_FALSE(all.is_untracked());
    Ruled host({everything}, {everything});
    host.place.host.addresses = {kOutside};
    EXPECT_TRUE(host.is_untracked()) << "no HostServices";
    Ruled guarded({everything}, {everything});
    guarded.place.host.addresses = {kOutside};
    guarded.model.host_services.emplace();
    EXPECT_FALSE(guarded.is_untracked());
    Ruled new_only({everything}, {everything});
    new_only.model.deny_cidrs = {{.prefix = prefix("198.51.100.0/24"), .new_only = true}};
    EXPECT_FALSE(new_only.is_untracked());
    Ruled service({everything}, {everything});
    service.model.services.listed = {{.address = kOutside, .protocol = 6, .port = 80}};
    EXPECT_THAT(service.us(kSynAck), DropsAs(PC_REASON_no_flow));
    EXPECT_THAT(Ruled({everything}, {everything}).them(Icmp{.type = 0}), DropsAs(PC_REASON_no_flow)) << "ICMP";
}

TEST(EvaluateUntracked, IsJudgedByTheOtherStages) {
    const SecurityGroupRule everything = allow(kAll, kEverywhere);
    Ruled bench({everything}, {everything});
    bench.model.has_network_acls = true;
    EXPECT_THAT(bench.us(kSyn), DropsAs(PC_REASON_network_acl));
}

}  // namespace
}  // namespace portcullis::test
