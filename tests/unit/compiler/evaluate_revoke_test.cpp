// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 7.8: what a changed model does to live flows.
#include <functional>

#include "tests/unit/compiler/evaluate_talk.h"

namespace portcullis::test {
namespace {

struct Cut : Talk {
    explicit Cut(Direction allowed = Direction::Outbound) : Talk(allowed) { model.on_revoke = OnRevoke::Cut; }
    void set_rules(Direction direction, const std::vector<SecurityGroupRule>& rules) {
        Model next = model;
        next.security_groups.back().rules[static_cast<int>(direction)] = rules;
        change(next);
    }
};

TEST(EvaluateRevoke, KeptFlowsLiveOn) {
    Talk talk;
    talk.establish();
    talk.revoke();
    EXPECT_THAT(talk.us(kAck), Passes());
    EXPECT_THAT(talk.them(kAck), Passes());
}

TEST(EvaluateRevoke, CutFlowsAreJudgedAsTheirFirstPacketWas) {
    Cut cut;
    cut.establish();
    EXPECT_THAT(cut.us(query()), Passes());
    cut.set_rules(Direction::Outbound, {allow(tcp(80), kEverywhere)});
    EXPECT_THAT(cut.them(kAck), Passes()) << "judged by the port that its SYN went to";
    EXPECT_THAT(cut.them(answer()), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(cut.us(query()), DropsAs(PC_REASON_security_group));
    cut.set_rules(Direction::Outbound, {allow(udp(53), kEverywhere)});
    EXPECT_THAT(cut.them(answer()), Passes()) << "the flow was only not let pass";
    EXPECT_THAT(cut.us(kAck), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(cut.us(kRst), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateRevoke, CutCountsTheDirectionOfTheOpener) {
    Cut cut(Direction::Inbound);
    EXPECT_THAT(cut.them(kSyn), Passes());
    EXPECT_THAT(cut.us(kSynAck), Passes());
    cut.set_rules(Direction::Inbound, {allow(tcp(40000), kEverywhere)});
    EXPECT_THAT(cut.us(kSynAck), Passes());
    cut.set_rules(Direction::Inbound, {allow(tcp(80), kEverywhere)});
    EXPECT_THAT(cut.us(kSynAck), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateRevoke, CutCountsARenewingSynsDirection) {
    Cut cut;
    cut.model.security_groups.back().rules[1] = {allow(tcp(40000), kEverywhere)};
    cut.claim("eni-a").track_all = true;
    cut.establish();
    EXPECT_THAT(cut.them(kSyn), Passes());
    EXPECT_THAT(cut.us(kSynAck), Passes());
    cut.set_rules(Direction::Outbound, {});
    EXPECT_THAT(cut.us(kAck), Passes()) << "theirs now";
}

TEST(EvaluateRevoke, CutOfIcmpGoesByTheQuery) {
    Cut cut;
    EXPECT_THAT(cut.us(Icmp{.type = 8}), Passes());
    cut.set_rules(Direction::Outbound, {allow(icmp(8), kEverywhere)});
    EXPECT_THAT(cut.them(Icmp{.type = 0}), Passes());
    cut.set_rules(Direction::Outbound, {allow(icmp(13), kEverywhere)});
    EXPECT_THAT(cut.them(Icmp{.type = 0}), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateRevoke, APortDecidesForItself) {
    Cut cut;
    cut.claim("eni-a").on_revoke = OnRevoke::Keep;
    cut.establish();
    cut.revoke();
    EXPECT_THAT(cut.us(kAck), Passes());
}

TEST(EvaluateRevoke, CutGoesByWhetherTheRemoteCountedAsAnInterface) {
    Bench bench;
    bench.model.on_revoke = OnRevoke::Cut;
    SecurityGroup one = group("sg-1");
    one.rules[1] = {allow(udp(53), GroupReference{"sg-open"}), allow(udp(53), prefix("10.0.1.0/24"))};
    regroup(bench.model, "eni-a", {one});
    const auto datagram = [](const Address& from) {
        return Ethernet{.source = mac("02:00:00:00:00:77"), .destination = kMacA} / Ipv4{.source = from, .destination = kA} /
               Udp{.destination_port = 53};
    };
    EXPECT_THAT(bench.in("eni-a", datagram(kFar), kUplink), Passes()) << "counts";
    EXPECT_THAT(bench.in("eni-a", datagram(kB), kUplink), Passes()) << "is bound here and does not count: by the CIDR";
    Model next = bench.model;
    next.security_groups.back().rules[1].pop_back();
    bench.change(next);
    EXPECT_THAT(bench.in("eni-a", datagram(kFar), kUplink), Passes());
    EXPECT_THAT(bench.in("eni-a", datagram(kB), kUplink), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(bench.in("eni-a", datagram(kB), kHost), DropsAs(PC_REASON_security_group)) << "the packet that opened it decides";
}

TEST(EvaluateRevoke, FlowsOfDepartedAddressesEnd) {
    const auto after = [](const std::function<void(Model&)>& edit) {
        Talk talk;
        interface_of(talk.model, "eni-far").addresses.push_back(kOutside);
        talk.establish();
        Model next = talk.model;
        edit(next);
        talk.change(next);
        return talk.them(kAck).passes();
    };
    EXPECT_TRUE(after([](Model&) {}));
    EXPECT_FALSE(after([](Model& model) { interface_of(model, "eni-far").addresses.pop_back(); })) << "the remote left";
    EXPECT_FALSE(after([](Model& model) {
        interface_of(model, "eni-far").addresses.pop_back();
        interface_of(model, "eni-c").addresses.push_back(kOutside);
    })) << "and became another's";
    EXPECT_FALSE(after([](Model& model) { model.ports[1].allowed_addresses = {{.prefix = prefix("198.51.100.7/32"), .mac = {}}}; }))
        << "or is shared";
    EXPECT_TRUE(after([](Model& model) { interface_of(model, "eni-a").addresses.push_back(ip("10.0.1.99")); })) << "one came";
}

TEST(EvaluateRevoke, AnAddressThatJoinsEndsNothing) {
    Talk talk;
    talk.establish();
    Model next = talk.model;
    interface_of(next, "eni-far").addresses.push_back(kOutside);
    talk.change(next);
    EXPECT_THAT(talk.them(kAck), Passes());
}

}  // namespace
}  // namespace portcullis::test
