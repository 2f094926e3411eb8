// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 7.9: ICMP errors and what they quote. eni-a may begin everything and accept nothing.
#include "tests/unit/compiler/evaluate_talk.h"

namespace portcullis::test {
namespace {

const Address kMiddle = ip("203.0.113.1");  // a router on the way

// The bytes of a packet from its IP header on, at most `size` of them.
Bytes quoted(const Packet& packet, std::size_t size = 28) {
    Bytes bytes = packet.bytes();
    bytes.erase(bytes.begin(), bytes.begin() + 14);
    bytes.resize(std::min(size, bytes.size()));
    return bytes;
}
Packet error_in(const Bytes& quote, std::uint8_t type = 3, std::uint8_t code = 1, const Address& to = kA) {
    return Ethernet{.source = kRouter, .destination = kMacA} / Ipv4{.source = kMiddle, .destination = to} /
           Icmp{.type = type, .code = code} / Payload{.bytes = quote};
}
Packet error_out(const Bytes& quote, std::uint8_t type = 3, std::uint8_t code = 3) {
    return Ethernet{.source = kMacA, .destination = kRouter} / Ipv4{.source = kA, .destination = kOutside} /
           Icmp{.type = type, .code = code} / Payload{.bytes = quote};
}
const Tcp kOurSyn{.source_port = 40000, .destination_port = 80, .flags = kSyn};
const Tcp kTheirSynAck{.source_port = 80, .destination_port = 40000, .flags = kSynAck};

TEST(EvaluateErrors, QuotingALiveFlowPass) {
    Talk talk;
    EXPECT_THAT(talk.us(kOurSyn), Passes());
    for (const std::uint8_t type : std::vector<std::uint8_t>{3, 11, 12}) {
        EXPECT_THAT(talk.in("eni-a", error_in(quoted(Talk::outwards(kOurSyn)), type)), NamesRules(rules({}))) << int{type};
    }
    EXPECT_THAT(talk.in("eni-a", error_in(quoted(Talk::outwards(kOurSyn)), 4)), DropsAs(PC_REASON_security_group)) << "source quench";
    Tcp other = kOurSyn;
    other.source_port = 40001;
    EXPECT_THAT(talk.in("eni-a", error_in(quoted(Talk::outwards(other)))), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateErrors, OfOurOwnQuoteWhatCameIn) {
    Talk talk(Direction::Inbound);
    const Udp datagram{.source_port = 53, .destination_port = 40000};
    EXPECT_THAT(talk.them(datagram), Passes());
    EXPECT_THAT(talk.out("eni-a", error_out(quoted(Talk::inwards(datagram)))), Passes());
    EXPECT_THAT(talk.out("eni-a", error_out(quoted(Talk::outwards(query())))), DropsAs(PC_REASON_security_group)) << "what went out";
}

TEST(EvaluateErrors, QuoteEveryKindOfFlow) {
    Talk talk;
    const Icmp ping{.type = 8, .identifier = 7};
    EXPECT_THAT(talk.us(ping), Passes());
    EXPECT_THAT(talk.in("eni-a", error_in(quoted(Talk::outwards(ping)), 11)), Passes());
    const Packet gre = Ethernet{.source = kMacA, .destination = kRouter} / Ipv4{.source = kA, .destination = kOutside, .protocol = 47} /
                       Payload{.bytes = Bytes(12)};
    EXPECT_THAT(talk.out("eni-a", gre), Passes());
    EXPECT_THAT(talk.in("eni-a", error_in(quoted(gre))), Passes());
    const Packet in6 = Ethernet{.source = kMacA, .destination = kRouter} / Ipv6{.source = kA6, .destination = kOutside6} / query();
    EXPECT_THAT(talk.out("eni-a", in6), Passes());
    const auto error6 = [](const Bytes& quote) {
        return Ethernet{.source = kRouter, .destination = kMacA} / Ipv6{.source = ip("2001:db8:ffff::1"), .destination = kA6} /
               Icmpv6{.type = 1} / Payload{.bytes = quote};
    };
    EXPECT_THAT(talk.in("eni-a", error6(quoted(in6, 48))), Passes());
    const Packet first = Ethernet{.source = kMacA, .destination = kRouter} / Ipv6{.source = kA6, .destination = kOutside6} /
                         FragmentHeader{.more = true, .id = 9} / query();
    EXPECT_THAT(talk.in("eni-a", error6(quoted(first, 56))), Passes()) << "one fragment header";
    const Packet hops = Ethernet{.source = kMacA, .destination = kRouter} / Ipv6{.source = kA6, .destination = kOutside6} /
                        ExtensionHeader{.number = 60} / query();
    EXPECT_THAT(talk.in("eni-a", error6(quoted(hops, 56))), DropsAs(PC_REASON_security_group)) << "no other header";
}

TEST(EvaluateErrors, QuoteAWholeHeaderAndEightBytes) {
    Talk talk;
    EXPECT_THAT(talk.us(query()), Passes());
    EXPECT_THAT(talk.in("eni-a", error_in(quoted(Talk::outwards(query()), 28))), Passes());
    EXPECT_THAT(talk.in("eni-a", error_in(quoted(Talk::outwards(query()), 27))), DropsAs(PC_REASON_security_group));
    const auto with = [](Ipv4 header) {
        header.source = kA;
        header.destination = kOutside;
        return quoted(Ethernet{.source = kMacA, .destination = kRouter} / header / query(), 40);
    };
    EXPECT_THAT(talk.in("eni-a", error_in(with({.options = {1, 1, 1, 1}}))), Passes()) << "options";
    EXPECT_THAT(talk.in("eni-a", error_in(with({.more_fragments = true}))), Passes()) << "a first fragment";
    EXPECT_THAT(talk.in("eni-a", error_in(with({.fragment_offset = 2}))), DropsAs(PC_REASON_security_group)) << "a later one";
}

TEST(EvaluateErrors, GoToWhoSentWhatTheyQuote) {
    Talk talk;
    interface_of(talk.model, "eni-a").addresses.push_back(ip("10.0.1.20"));
    EXPECT_THAT(talk.us(query()), Passes());
    EXPECT_THAT(talk.in("eni-a", error_in(quoted(Talk::outwards(query())), 3, 1, ip("10.0.1.20"))), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateErrors, RefreshNothingAndAreJudgedByTheAcl) {
    Talk talk;
    EXPECT_THAT(talk.us(query()), Passes());
    EXPECT_THAT(talk.after(20).in("eni-a", error_in(quoted(Talk::outwards(query())))), Passes());
    EXPECT_THAT(talk.after(12).in("eni-a", error_in(quoted(Talk::outwards(query())))), DropsAs(PC_REASON_security_group)) << "32 s";
    EXPECT_THAT(talk.us(query()), Passes());
    Model next = talk.model;
    next.has_network_acls = true;
    talk.change(next);
    EXPECT_THAT(talk.in("eni-a", error_in(quoted(Talk::outwards(query())))), DropsAs(PC_REASON_network_acl));
}

TEST(EvaluateErrors, StrictOnesNeedARule) {
    Talk talk;
    talk.claim("eni-a").relates_icmp_errors = false;
    EXPECT_THAT(talk.us(query()), Passes());
    EXPECT_THAT(talk.in("eni-a", error_in(quoted(Talk::outwards(query())))), DropsAs(PC_REASON_security_group));
    Talk ruled;
    ruled.model.security_groups.back().rules[1] = {allow(icmp(3), kEverywhere)};
    EXPECT_THAT(ruled.in("eni-a", error_in(quoted(Talk::outwards(query())))), NamesRules(rules({"sg-1 ingress icmp 3/* from 0.0.0.0/0"})));
}

TEST(EvaluateErrors, AboutUntrackedPacketsPassForPathMtuDiscovery) {
    Talk talk;
    talk.model.security_groups.back().rules[1] = {allow(udp(40000), kEverywhere)};
    EXPECT_THAT(talk.us(query()), Passes()) << "untracked";
    EXPECT_THAT(talk.in("eni-a", error_in(quoted(Talk::outwards(query())), 3, 4)), Passes());
    EXPECT_THAT(talk.in("eni-a", error_in(quoted(Talk::outwards(query())), 3, 1)), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(talk.in("eni-a", error_in(quoted(Talk::outwards(kOurSyn)), 3, 4)), DropsAs(PC_REASON_security_group)) << "tracked";
    talk.claim("eni-a").relates_icmp_errors = false;
    EXPECT_THAT(talk.in("eni-a", error_in(quoted(Talk::outwards(query())), 3, 4)), DropsAs(PC_REASON_security_group)) << "strict";
}

TEST(EvaluateErrors, RelatedToFlowsBegunFromThereAreSparedByNewOnlyRanges) {
    Talk talk(Direction::Inbound);
    talk.model.deny_cidrs = {{.prefix = prefix("198.51.100.0/24"), .new_only = true}};
    const Udp datagram{.source_port = 53, .destination_port = 40000};
    EXPECT_THAT(talk.out("eni-a", error_out(quoted(Talk::inwards(datagram)))), DropsAs(PC_REASON_deny_cidr));
    EXPECT_THAT(talk.them(datagram), Passes());
    EXPECT_THAT(talk.out("eni-a", error_out(quoted(Talk::inwards(datagram)))), Passes());
    Model next = talk.model;
    next.deny_cidrs.front().new_only = false;
    talk.change(next);
    EXPECT_THAT(talk.out("eni-a", error_out(quoted(Talk::inwards(datagram)))), DropsAs(PC_REASON_deny_cidr));
}

}  // namespace
}  // namespace portcullis::test
