// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 7: flows, and what becomes of them when the model changes.
#include "tests/unit/compiler/evaluate_talk.h"

namespace portcullis::test {
namespace {

TEST(EvaluateFlows, AnswersPassWhateverTheGroupsSay) {
    Talk talk;
    EXPECT_THAT(talk.them(kAck), DropsAs(PC_REASON_security_group)) << "nothing has begun";
    talk.establish();
    EXPECT_THAT(talk.them(kAck | kPsh), Passes());
    EXPECT_THAT(talk.them(kFinAck), Passes());
    EXPECT_THAT(talk.us(query()), Passes());
    EXPECT_THAT(talk.them(answer()), Passes());
}

TEST(EvaluateFlows, AreKeyedByAddressesAndBothPorts) {
    Talk talk;
    EXPECT_THAT(talk.us(query()), Passes());
    EXPECT_THAT(talk.them(Udp{.source_port = 54, .destination_port = 40000}), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(talk.them(Udp{.source_port = 53, .destination_port = 40001}), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(talk.them(Tcp{.source_port = 53, .destination_port = 40000, .flags = kAck}), DropsAs(PC_REASON_security_group));
    const Packet other_host =
        Ethernet{.source = kRouter, .destination = kMacA} / Ipv4{.source = ip("198.51.100.8"), .destination = kA} / answer();
    EXPECT_THAT(talk.in("eni-a", other_host), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateFlows, ArePerPort) {
    Talk talk;
    SecurityGroup closed = group("sg-closed");
    regroup(talk.model, "eni-b", {closed});
    const Packet to_b = Ethernet{.source = kMacA, .destination = kMacB} / Ipv4{.source = kA, .destination = kB} / query();
    const Packet of_b = Ethernet{.source = kMacB, .destination = kMacA} / Ipv4{.source = kB, .destination = kA} / answer();
    EXPECT_THAT(talk.out("eni-a", to_b), Passes());
    EXPECT_THAT(talk.in("eni-b", to_b, by_port("eni-a")), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(talk.out("eni-b", of_b), DropsAs(PC_REASON_security_group)) << "the flow of eni-a is not eni-b's";
    EXPECT_THAT(talk.in("eni-a", of_b, by_port("eni-b")), Passes());
}

TEST(EvaluateFlows, DroppedPacketsCreateNothing) {
    Talk talk(Direction::Inbound);
    EXPECT_THAT(talk.us(query()), DropsAs(PC_REASON_security_group));
    talk.revoke();
    EXPECT_THAT(talk.them(answer()), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateFlows, PacketDeniedByTheAclCreatesAndRefreshesNothing) {
    Talk talk;
    talk.model.has_network_acls = true;
    NetworkAcl acl{.id = "acl-1", .vpc_id = "vpc-1", .subnet_ids = {"subnet-1"}};
    acl.entries[1] = {{.number = 1, .allow = true, .traffic = kAll, .cidr = kEverywhere}};
    talk.model.network_acls = {acl};
    EXPECT_THAT(talk.us(query()), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(talk.them(answer()), DropsAs(PC_REASON_security_group)) << "the query has opened nothing";

    Model open = talk.model;
    open.network_acls[0].entries[0] = acl.entries[1];
    talk.change(open);
    EXPECT_THAT(talk.us(query()), Passes());
    talk.change(talk.model);
    EXPECT_THAT(talk.after(25).us(query()), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(talk.after(10).them(answer()), DropsAs(PC_REASON_security_group)) << "30 s after the admitted one";
}

TEST(EvaluateFlows, WithoutOneSynAckAndResetsAreDropped) {
    for (const std::uint8_t flags : std::vector<std::uint8_t>{kSynAck, kRst, kRstAck}) {
        EXPECT_THAT(Talk().us(flags), DropsAs(PC_REASON_no_flow)) << int{flags};
        EXPECT_THAT(Talk(Direction::Inbound).them(flags), DropsAs(PC_REASON_no_flow)) << int{flags};
    }
}

TEST(EvaluateFlows, AckPicksUpAConnectionInMidStream) {
    Talk talk;
    EXPECT_THAT(talk.us(kAck), Passes());
    EXPECT_THAT(talk.them(kAck), Passes());
    EXPECT_THAT(Talk(Direction::Inbound).us(kAck), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateFlows, FinAckWithoutOneIsJudgedAndOpensNone) {
    Talk talk;
    EXPECT_THAT(talk.us(kFinAck), Passes());
    EXPECT_THAT(talk.them(kAck), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(talk.them(kFinAck), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateFlows, OtherProtocolsHaveOneInBothDirections) {
    const auto gre = [](const Address& from, const Address& to) {
        const bool is_outbound = from == kA;
        return Ethernet{.source = is_outbound ? kMacA : kRouter, .destination = is_outbound ? kRouter : kMacA} /
               Ipv4{.source = from, .destination = to, .protocol = 47} / Payload{Bytes(4)};
    };
    Talk talk;
    EXPECT_THAT(talk.in("eni-a", gre(kOutside, kA)), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(talk.out("eni-a", gre(kA, kOutside)), Passes());
    EXPECT_THAT(talk.in("eni-a", gre(kOutside, kA)), Passes());
    EXPECT_THAT(talk.after(599).out("eni-a", gre(kA, kOutside)), Passes());
    EXPECT_THAT(talk.after(602).in("eni-a", gre(kOutside, kA)), DropsAs(PC_REASON_security_group));
}

// ---- ICMP

TEST(EvaluateIcmpFlows, ReplyPassesToItsQueryAlone) {
    for (const auto& [asked, replied] : {std::pair<std::uint8_t, std::uint8_t>{8, 0}, {13, 14}, {15, 16}, {17, 18}}) {
        Talk talk;
        EXPECT_THAT(talk.them(Icmp{.type = replied, .identifier = 5}), DropsAs(PC_REASON_no_flow));
        EXPECT_THAT(talk.us(Icmp{.type = asked, .identifier = 5}), Passes());
        EXPECT_THAT(talk.them(Icmp{.type = replied, .identifier = 5}), Passes());
        EXPECT_THAT(talk.them(Icmp{.type = replied, .identifier = 6}), DropsAs(PC_REASON_no_flow));
        EXPECT_THAT(talk.us(Icmp{.type = replied, .identifier = 5}), DropsAs(PC_REASON_no_flow)) << "we were not asked";
    }
}

TEST(EvaluateIcmpFlows, Icmpv6QueriesHaveTheirOwnPairs) {
    const auto packet = [](bool is_outbound, const Icmpv6& message) {
        const Ethernet ethernet{.source = is_outbound ? kMacA : kRouter, .destination = is_outbound ? kRouter : kMacA};
        return ethernet / Ipv6{.source = is_outbound ? kA6 : kOutside6, .destination = is_outbound ? kOutside6 : kA6} / message;
    };
    for (const std::uint8_t asked : std::vector<std::uint8_t>{128, 139}) {
        Talk talk;
        const auto replied = static_cast<std::uint8_t>(asked + 1);
        EXPECT_THAT(talk.in("eni-a", packet(false, {.type = replied})), DropsAs(PC_REASON_no_flow));
        EXPECT_THAT(talk.out("eni-a", packet(true, {.type = asked})), Passes());
        EXPECT_THAT(talk.in("eni-a", packet(false, {.type = replied})), Passes());
    }
}

TEST(EvaluateIcmpFlows, QueryOfTheOtherSideDoesNotRideOnOurs) {
    Talk talk;
    EXPECT_THAT(talk.us(Icmp{.type = 8, .identifier = 5}), Passes());
    EXPECT_THAT(talk.them(Icmp{.type = 8, .identifier = 5}), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateIcmpFlows, ReplyOfAnotherPairDoesNotMatch) {
    Talk talk;
    EXPECT_THAT(talk.us(Icmp{.type = 8, .identifier = 5}), Passes());
    EXPECT_THAT(talk.them(Icmp{.type = 14, .identifier = 5}), DropsAs(PC_REASON_no_flow));
}

TEST(EvaluateIcmpFlows, SameQueryAgainPassesAfterTheRuleIsGone) {
    Talk talk;
    EXPECT_THAT(talk.us(Icmp{.type = 8, .identifier = 5}), Passes());
    talk.revoke();
    EXPECT_THAT(talk.us(Icmp{.type = 8, .identifier = 5, .sequence = 2}), Passes());
    EXPECT_THAT(talk.us(Icmp{.type = 8, .identifier = 6}), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(talk.after(32).us(Icmp{.type = 8, .identifier = 5}), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateIcmpFlows, OtherMessagesAreJudgedOneByOne) {
    Talk talk;
    EXPECT_THAT(talk.us(Icmp{.type = 3, .code = 4}), Passes());
    EXPECT_THAT(talk.them(Icmp{.type = 3, .code = 4}), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(talk.us(Icmp{.type = 8, .code = 1}), Passes()) << "a query has code 0";
    EXPECT_THAT(talk.them(Icmp{.type = 0}), DropsAs(PC_REASON_no_flow));
    EXPECT_THAT(talk.us(Icmp{.type = 0, .code = 1}), Passes()) << "a reply has code 0";
    talk.revoke();
    EXPECT_THAT(talk.us(Icmp{.type = 3, .code = 4}), DropsAs(PC_REASON_security_group));
}

// ---- TCP with a flow

TEST(EvaluateTcpFlows, BareSynIsJudgedByTodaysRulesOfItsDirection) {
    Talk talk;
    talk.establish();
    EXPECT_THAT(talk.them(kSyn), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(talk.us(kSyn), Passes());
    talk.revoke();
    EXPECT_THAT(talk.us(kSyn), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(talk.us(kAck), Passes()) << "the flow is unchanged";
}

TEST(EvaluateTcpFlows, SimultaneousOpenIsExempt) {
    Talk talk;
    EXPECT_THAT(talk.us(kSyn), Passes());
    EXPECT_THAT(talk.them(kSyn), Passes());
    EXPECT_THAT(talk.them(kSyn), DropsAs(PC_REASON_security_group)) << "the opener's SYN has been answered";
    EXPECT_THAT(talk.us(kSynAck), Passes());
    EXPECT_THAT(talk.them(kSynAck), Passes());
}

TEST(EvaluateTcpFlows, RepeatedSynOfTheOpenerIsJudged) {
    Talk talk;
    EXPECT_THAT(talk.us(kSyn), Passes());
    talk.revoke();
    EXPECT_THAT(talk.us(kSyn), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(talk.them(kSynAck), Passes());
}

TEST(EvaluateTcpFlows, ResetPassesAndClosesNothing) {
    Talk talk;
    talk.establish();
    EXPECT_THAT(talk.them(kRst), Passes());
    EXPECT_THAT(talk.us(kRstAck), Passes());
    EXPECT_THAT(talk.them(kAck), Passes());
}

TEST(EvaluateTcpFlows, ResetDoesNotRefresh) {
    Talk talk;
    EXPECT_THAT(talk.us(kSyn), Passes());
    EXPECT_THAT(talk.after(118).them(kRstAck), Passes());
    EXPECT_THAT(talk.after(4).them(kSynAck), DropsAs(PC_REASON_no_flow));
}

TEST(EvaluateTcpFlows, ResetDoesNotAnswerAPickUp) {
    Talk talk;
    EXPECT_THAT(talk.us(kAck), Passes());
    EXPECT_THAT(talk.them(kRst), Passes());
    EXPECT_THAT(talk.after(122).them(kAck), DropsAs(PC_REASON_security_group));
}

// ---- changes of the model

TEST(EvaluateChanges, LiveFlowsOutliveTheirRule) {
    Talk talk;
    talk.establish();
    EXPECT_THAT(talk.us(query()), Passes());
    talk.revoke();
    EXPECT_THAT(talk.them(kAck), Passes());
    EXPECT_THAT(talk.us(kAck), Passes());
    EXPECT_THAT(talk.them(answer()), Passes());
    EXPECT_THAT(talk.us(Udp{.source_port = 40000, .destination_port = 54}), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateChanges, AclAppliesToTheNextPacket) {
    Talk talk;
    talk.establish();
    Model next = talk.model;
    next.has_network_acls = true;
    talk.change(next);
    EXPECT_THAT(talk.us(kAck), DropsAs(PC_REASON_network_acl));
    EXPECT_THAT(talk.them(kAck), DropsAs(PC_REASON_network_acl));
}

TEST(EvaluateChanges, FlowOfAnAddressThatIsNoLongerOwnPassesNothing) {
    Talk talk;
    talk.establish();
    Model next = talk.model;
    interface_of(next, "eni-a").addresses = {ip("10.0.1.99")};
    talk.change(next);
    EXPECT_THAT(talk.us(kAck), DropsAs(PC_REASON_source_address));
    EXPECT_THAT(talk.them(kAck), DropsAs(PC_REASON_destination_address));
}

TEST(EvaluateChanges, PortThatGoesTakesItsFlowsWithIt) {
    Talk talk;
    EXPECT_THAT(talk.us(query()), Passes());
    Model without = talk.model;
    std::erase_if(without.ports, [](const PortClaim& claim) { return claim.network_interface_id == "eni-a"; });
    talk.change(without);
    talk.change(talk.model);
    EXPECT_THAT(talk.them(answer()), DropsAs(PC_REASON_security_group));
}

}  // namespace
}  // namespace portcullis::test
