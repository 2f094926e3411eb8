// SPDX-License-Identifier: Apache-2.0
// Attacks A43-A45: ICMP errors that quote what never was, and echo requests that ride on others. The victim may ask udp 53 and ping, nobody
// may ask it.
#include "tests/attacks/attack_test.h"

namespace portcullis::test {
namespace {

constexpr Place kVictim = Place::Victim, kAttacker = Place::Attacker, kOutside = Place::Outside;
const Path kIn = into(kVictim, kOutside);
const Path kOut = out_of(kVictim, kOutside);
constexpr std::uint16_t kAsker = 40000, kDns = 53;

constexpr std::string_view kVictimOut =
    R"([{"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": [{"CidrIp": "198.51.100.0/24"}], "Ipv6Ranges": [{"CidrIpv6": "2001:db8:9::/48"}]},
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": 0, "IpRanges": [{"CidrIp": "198.51.100.0/24"}]},
        {"IpProtocol": "icmpv6", "FromPort": 128, "ToPort": 0, "Ipv6Ranges": [{"CidrIpv6": "2001:db8:9::/48"}]}])";

class IcmpState : public AttackTest {
   protected:
    IcmpState() { field.begin(world({.victim_in = kNothing, .victim_out = kVictimOut, .attacker_out = kEverythingTracked})); }
};
PORTCULLIS_ATTACK_EVERYWHERE(IcmpState);

Packet question(std::uint16_t port = kAsker) { return link(kVictim, kOutside) / ipv4(kVictim, kOutside) / udp(port, kDns); }
Packet question6() { return link(kVictim, kOutside) / ipv6(kVictim, kOutside) / udp(kAsker, kDns); }
// What stands behind the Ethernet header.
Bytes packet_of(const Packet& packet, std::size_t most = 1000) {
    const Bytes frame = packet.bytes();
    return Bytes(frame.begin() + 14, frame.begin() + static_cast<long>(std::min(frame.size(), 14 + most)));
}
Packet error(const Bytes& quoted, std::uint8_t type = 3, std::uint8_t code = 3) {
    return link(kOutside, kVictim) / ipv4(kOutside, kVictim) / Icmp{.type = type, .code = code, .checksum = {}} / Payload{.bytes = quoted};
}
Packet error6(const Bytes& quoted, std::uint8_t type = 1, std::uint8_t code = 4) {
    return link(kOutside, kVictim) / ipv6(kOutside, kVictim) / Icmpv6{.type = type, .code = code, .checksum = {}} /
           Payload{.bytes = quoted};
}
template <class Edit>
Bytes quoted_with(Edit edit) {
    return packet_of(link(kVictim, kOutside) / with(ipv4(kVictim, kOutside), edit) / udp(kAsker, kDns));
}

TEST_P(IcmpState, A43AnErrorPassesForAFlowOfItsReceiverAlone) {
    field.expect_drop(kIn, error(packet_of(question())), PC_REASON_security_group);
    field.expect_pass(kOut, question());
    field.expect_pass(out_of(kAttacker, kOutside), link(kAttacker, kOutside) / ipv4(kAttacker, kOutside) / udp(kAsker, kDns));
    const Packet backwards = link(kOutside, kVictim) / ipv4(kOutside, kVictim) / udp(kDns, kAsker);
    const Packet attackers = link(kAttacker, kOutside) / ipv4(kAttacker, kOutside) / udp(kAsker, kDns);
    const Attack attacks[] = {
        {"a flow of another port", error(packet_of(attackers)), PC_REASON_security_group},
        {"another local port", error(packet_of(question(kAsker + 1))), PC_REASON_security_group},
        {"another remote port", error(packet_of(link(kVictim, kOutside) / ipv4(kVictim, kOutside) / udp(kAsker, kDns + 1))),
         PC_REASON_security_group},
        {"another remote", error(quoted_with([](Ipv4& h) { h.destination = ip("198.51.100.8"); })), PC_REASON_security_group},
        {"another source", error(quoted_with([](Ipv4& h) { h.source = ipv4_of(Place::Neighbour); })), PC_REASON_security_group},
        {"another protocol", error(quoted_with([](Ipv4& h) { h.protocol = 6; })), PC_REASON_security_group},
        {"the answer instead of the question", error(packet_of(backwards)), PC_REASON_security_group},
    };
    field.repel(kIn, attacks, error(packet_of(question())));
}

TEST_P(IcmpState, A43Ipv6ErrorsPassForAFlowOfTheirReceiverAlone) {
    field.expect_drop(kIn, error6(packet_of(question6())), PC_REASON_security_group);
    field.expect_pass(kOut, question6());
    const auto quoted = [](auto edit) {
        return packet_of(link(kVictim, kOutside) / with(ipv6(kVictim, kOutside), edit) / udp(kAsker, kDns));
    };
    const Attack attacks[] = {
        {"another source", error6(quoted([](Ipv6& h) { h.source = ipv6_of(Place::Attacker); })), PC_REASON_security_group},
        {"another remote", error6(quoted([](Ipv6& h) { h.destination = ip("2001:db8:9::8"); })), PC_REASON_security_group},
        {"another protocol", error6(quoted([](Ipv6& h) { h.next_header = 6; })), PC_REASON_security_group},
        {"too little of it", error6(packet_of(question6(), 47)), PC_REASON_security_group},
        {"nothing of it", error6({}), PC_REASON_security_group},
        {"another type", error6(packet_of(question6()), 5), PC_REASON_security_group},
    };
    field.repel(kIn, attacks, error6(packet_of(question6())));
    for (const std::uint8_t type : std::initializer_list<std::uint8_t>{1, 2, 3, 4}) {
        field.expect_pass(kIn, error6(packet_of(question6()), type, 0));
    }
}

TEST_P(IcmpState, A44AnErrorThatQuotesNoWholeHeaderPassesNothing) {
    field.expect_pass(kOut, question());
    const Attack attacks[] = {
        {"nothing", error({}), PC_REASON_security_group},
        {"half an IP header", error(packet_of(question(), 12)), PC_REASON_security_group},
        {"an IP header alone", error(packet_of(question(), 20)), PC_REASON_security_group},
        {"7 bytes of transport", error(packet_of(question(), 27)), PC_REASON_security_group},
        {"an error", error(packet_of(error(packet_of(question())))), PC_REASON_security_group},
        {"a later fragment", error(quoted_with([](Ipv4& h) { h.fragment_offset = 3; })), PC_REASON_security_group},
        {"a header of 16 bytes", error(quoted_with([](Ipv4& h) { h.header_words = 4; })), PC_REASON_security_group},
        {"a header beyond the quote", error(quoted_with([](Ipv4& h) { h.header_words = 15; })), PC_REASON_security_group},
        {"another version", error(quoted_with([](Ipv4& h) { h.version = 6; })), PC_REASON_security_group},
        {"source quench", error(packet_of(question()), 4, 0), PC_REASON_security_group},
        {"an experimental type", error(packet_of(question()), 253, 0), PC_REASON_security_group},
        {"a redirect", error(packet_of(question()), 5, 1), PC_REASON_redirect},
    };
    field.repel(kIn, attacks, error(packet_of(question(), 28)));
    field.expect_pass(kIn, error(quoted_with([](Ipv4& h) { h.options = {1, 1, 1, 0}; })));
    field.expect_pass(kIn, error(quoted_with([](Ipv4& h) { h.more_fragments = true; })));
    for (const std::uint8_t type : std::initializer_list<std::uint8_t>{3, 11, 12}) {
        field.expect_pass(kIn, error(packet_of(question()), type, 0));
    }
}

TEST_P(IcmpState, A44ErrorsKeepNothingAliveAndOpenNothing) {
    field.expect_pass(kOut, question());
    const std::uint64_t flows = field.flows(kVictim);
    field.pass_time(20);
    field.expect_pass(kIn, error(packet_of(question())));
    EXPECT_EQ(field.flows(kVictim), flows);
    field.pass_time(11);
    field.expect_drop(kIn, error(packet_of(question())), PC_REASON_security_group);
    field.expect_pass(kOut, question());
    field.expect_pass(kIn, error(packet_of(question())));
}

// Outbound: an instance reports on what reached it, and on nothing else.
TEST_P(IcmpState, A43AnInstanceReportsOnWhatReachedItAlone) {
    field.begin(world({.victim_in = permission("udp", kDns, kDns), .victim_out = kNothing}));
    const Packet asked = link(kOutside, kVictim) / ipv4(kOutside, kVictim) / udp(kAsker, kDns);
    const auto report = [](const Bytes& quoted) {
        return link(kVictim, kOutside) / ipv4(kVictim, kOutside) / Icmp{.type = 3, .code = 3, .checksum = {}} / Payload{.bytes = quoted};
    };
    field.expect_drop(kOut, report(packet_of(asked)), PC_REASON_security_group);
    field.expect_pass(kIn, asked);
    const Attack attacks[] = {
        {"a tunnel in the quote", report(packet_of(link(kOutside, kVictim) / ipv4(kOutside, kVictim) / udp(1, 1) / text("tunnel"))),
         PC_REASON_security_group},
        {"its own packet", report(packet_of(link(kVictim, kOutside) / ipv4(kVictim, kOutside) / udp(kDns, kAsker))),
         PC_REASON_security_group},
    };
    field.repel(kOut, attacks, report(packet_of(asked)));
}

TEST_P(IcmpState, A43StrictErrorsPassByRuleAlone) {
    field.begin(with_port(world({.victim_in = kNothing, .victim_out = kVictimOut}), kVictim, R"("IcmpErrors": "strict")"));
    field.expect_pass(kOut, question());
    field.expect_drop(kIn, error(packet_of(question())), PC_REASON_security_group);
    field.begin(with_port(world({.victim_in = permission("icmp", 3, -1), .victim_out = kVictimOut}), kVictim, R"("IcmpErrors": "strict")"));
    field.expect_pass(kIn, error(packet_of(question())));
}

TEST_P(IcmpState, A45AnEchoRequestRidesOnNoOther) {
    const auto echo = [](Place from, Place to, std::uint8_t type, std::uint16_t identifier) {
        return link(from, to) / ipv4(from, to) / Icmp{.type = type, .identifier = identifier, .checksum = {}};
    };
    field.expect_drop(kIn, echo(kOutside, kVictim, 0, 7), PC_REASON_no_flow);
    field.expect_pass(kOut, echo(kVictim, kOutside, 8, 7));
    const Attack attacks[] = {
        {"a request with the identifier of the other's", echo(kOutside, kVictim, 8, 7), PC_REASON_security_group},
        {"a reply to another identifier", echo(kOutside, kVictim, 0, 8), PC_REASON_no_flow},
        {"a reply of another kind", echo(kOutside, kVictim, 14, 7), PC_REASON_no_flow},
    };
    field.repel(kIn, attacks, echo(kOutside, kVictim, 0, 7));
    field.expect_drop(kOut, echo(kVictim, kOutside, 0, 7), PC_REASON_no_flow);
    field.pass_time(31);
    field.expect_drop(kIn, echo(kOutside, kVictim, 0, 7), PC_REASON_no_flow);
}

TEST_P(IcmpState, A45AnIpv6EchoRequestRidesOnNoOther) {
    const auto echo = [](Place from, Place to, std::uint8_t type, std::uint16_t identifier) {
        return link(from, to) / ipv6(from, to) / Icmpv6{.type = type, .identifier = identifier, .checksum = {}};
    };
    field.expect_pass(kOut, echo(kVictim, kOutside, 128, 7));
    const Attack attacks[] = {
        {"a request with the identifier of the other's", echo(kOutside, kVictim, 128, 7), PC_REASON_security_group},
        {"a reply to another identifier", echo(kOutside, kVictim, 129, 8), PC_REASON_no_flow},
        {"a reply of another kind", echo(kOutside, kVictim, 140, 7), PC_REASON_no_flow},
    };
    field.repel(kIn, attacks, echo(kOutside, kVictim, 129, 7));
}

}  // namespace
}  // namespace portcullis::test
