// SPDX-License-Identifier: Apache-2.0
// OnDeny "reject" (docs/semantics.md 13.5), by test runs of the attached programs: what the denied packet becomes, byte for byte, for which
// denials, how often, and how the answer is known again on its way out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <span>
#include <vector>

#include "bpf/abi.h"
#include "tests/support/enforced_host.h"
#include "tests/support/packet_fragments.h"
#include "tests/support/packet_messages.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {
namespace {

const Mac kOwn = mac("02:00:5e:00:53:0b");
const Mac kPeer = mac("02:00:5e:00:53:01");
const Address kOwn4 = ip("192.0.2.11"), kPeer4 = ip("203.0.113.1");
const Address kOwn6 = ip("2001:db8::11"), kPeer6 = ip("2001:db8:1::1");
constexpr auto kOut = static_cast<std::size_t>(Direction::Outbound);
constexpr unsigned kWindow = 2;  // seconds, more than a window of the rates

// One instance, which may send nothing.
Model silent_model() {
    Model model;
    model.vpcs = {{.id = "vpc-1", .cidrs = {prefix("192.0.2.0/24"), prefix("2001:db8::/64")}}};
    model.subnets = {{.id = "subnet-1", .vpc_id = "vpc-1", .cidrs = model.vpcs.front().cidrs}};
    model.security_groups = {{.id = "sg-1", .name = "silent", .vpc_id = "vpc-1"}};
    model.network_interfaces = {
        {.id = "eni-1", .vpc_id = "vpc-1", .subnet_id = "subnet-1", .mac = kOwn, .addresses = {kOwn4, kOwn6}, .group_ids = {"sg-1"}}};
    model.ports = {{.network_interface_id = "eni-1", .device = "p1"}};
    model.on_deny.reject = true;
    return model;
}

Packet out4(const Ipv4& header = {}) {
    Ipv4 full = header;
    full.source = kOwn4;
    full.destination = kPeer4;
    return Ethernet{.source = kOwn, .destination = kPeer} / full;
}
Packet out6() { return Ethernet{.source = kOwn, .destination = kPeer} / Ipv6{.source = kOwn6, .destination = kPeer6}; }
Packet back4() {
    return Ethernet{.source = kPeer, .destination = kOwn} / Ipv4{.source = kPeer4, .destination = kOwn4, .ttl = 64, .dont_fragment = true};
}
Packet back6() { return Ethernet{.source = kPeer, .destination = kOwn} / Ipv6{.source = kPeer6, .destination = kOwn6, .hop_limit = 64}; }

constexpr std::size_t kQuoted = 304;
constexpr Tcp kSynOut{.source_port = 40000, .destination_port = 443, .flags = kSyn, .sequence = 0xffffffff, .acknowledgement = 77};
constexpr Tcp kToSyn{.source_port = 443, .destination_port = 40000, .flags = kRst | kAck, .acknowledgement = 0, .window = 0};
constexpr Tcp kAckOut{.source_port = 40000, .destination_port = 443, .flags = kAck | kPsh, .sequence = 5, .acknowledgement = 0x87654321};
constexpr Tcp kToAck{.source_port = 443, .destination_port = 40000, .flags = kRst, .sequence = 0x87654321, .window = 0};
constexpr Udp kDatagram{.source_port = 40000, .destination_port = 53};

Tcp with_flags(Tcp segment, std::uint8_t flags) {
    segment.flags = flags;
    return segment;
}
Tcp with_acknowledgement(Tcp segment, std::uint32_t acknowledgement) {
    segment.acknowledgement = acknowledgement;
    return segment;
}

Bytes prohibited4(const Bytes& denied, std::size_t quoted = kQuoted) {
    return (back4() / Icmp{.type = 3, .code = 13} / quote_of(denied, quoted)).bytes();
}
Bytes prohibited6(const Bytes& denied) { return (back6() / Icmpv6{.type = 1, .code = 1} / quote_of(denied, kQuoted)).bytes(); }

class RejectTest : public testing::Test {
   protected:
    RejectTest() { host_.apply(silent_model()); }

    // Each judged in a window of its own: the rate is another test's subject.
    AttachedProgram::Outcome send(const Bytes& frame) {
        host_.age_flows(kWindow);
        return host_.program(0, Direction::Outbound).outcome_of(frame, {.ifindex = ifindex(), .ingress_ifindex = ifindex()});
    }
    void expect_answer(const Bytes& frame, const Bytes& answer) {
        const AttachedProgram::Outcome outcome = send(frame);
        EXPECT_EQ(outcome.code, kAnswered);
        EXPECT_EQ(hex(outcome.frame), hex(answer));
    }
    void expect_answer(const Packet& packet, const Packet& answer) { expect_answer(packet.bytes(), answer.bytes()); }
    void expect_silence(const Bytes& frame, Reason reason = PC_REASON_security_group) {
        const std::uint64_t before = counts()[reason];
        EXPECT_EQ(send(frame).code, kShot) << hex(frame);
        EXPECT_EQ(counts()[reason], before + 1) << "dropped for another reason than " << name_of(reason) << ": " << hex(frame);
    }
    [[nodiscard]] ReasonCounts counts(Direction direction = Direction::Outbound) const { return host_.counts(0, direction); }
    [[nodiscard]] std::uint32_t ifindex() const { return host_.test_host().port_ifindex(0); }
    [[nodiscard]] static std::uint32_t answer_mark() {
        const std::uint32_t row = 0;
        const auto bytes =
            KernelMap::pinned(PrivateBpffs::directory() + "/maps/pc_host").value_of(std::as_bytes(std::span(&row, 1))).value();
        pc_host host;
        std::memcpy(&host, bytes.data(), sizeof host);
        return host.answer_mark;
    }

    PrivateBpffs bpffs_;
    EnforcedHost host_{{.ports = 1}};
    NetNamespace::Entered here_ = host_.test_host().host().enter();
};

TEST_F(RejectTest, ASynIsAnsweredByAResetThatAcknowledgesIt) {
    expect_answer(out4() / kSynOut, back4() / kToSyn);
    expect_answer(out6() / kSynOut, back6() / kToSyn);
}

TEST_F(RejectTest, TheDataOfASynIsAcknowledgedToo) {
    expect_answer(out4() / kSynOut / text("fast open"), back4() / with_acknowledgement(kToSyn, 9));
    expect_answer(out6() / kSynOut / text("fast open"), back6() / with_acknowledgement(kToSyn, 9));
}

TEST_F(RejectTest, ASegmentWithAckIsAnsweredByAResetWithTheSequenceNumberThatItExpects) {
    expect_answer(out4() / kAckOut / text("data"), back4() / kToAck);
    expect_answer(out6() / kAckOut / text("data"), back6() / kToAck);
    expect_answer(out4() / with_flags(kAckOut, kFin | kAck), back4() / kToAck);
    expect_answer(out6() / with_flags(kAckOut, kFin | kAck), back6() / kToAck);
    expect_answer(out4() / with_flags(kAckOut, kSyn | kAck), back4() / kToAck);
}

TEST_F(RejectTest, OptionsOfTheSegmentAndPaddingOfTheFrameChangeNothing) {
    Tcp segment = kSynOut;
    segment.options = tcp_options(1460, 7);
    expect_answer(out4() / segment, back4() / kToSyn);
    Bytes padded = (out4() / kSynOut).bytes();
    padded.resize(padded.size() + 6, 0xee);
    expect_answer(padded, (back4() / kToSyn).bytes());
}

TEST_F(RejectTest, AnswersToSegmentsBehindOptionsAndExtensionHeadersHaveNone) {
    expect_answer(out4({.options = router_alert4()}) / kSynOut, back4() / kToSyn);
    expect_answer(out6() / options_header(0, {}) / options_header(60, Bytes(60, 0)) / kSynOut, back6() / kToSyn);
}

TEST_F(RejectTest, AResetIsNeverAnswered) {
    expect_silence((out4() / with_flags(kAckOut, kRst)).bytes(), PC_REASON_no_flow);
    expect_silence((out6() / with_flags(kAckOut, kRst | kAck)).bytes(), PC_REASON_no_flow);
}

TEST_F(RejectTest, AUdpPacketIsAnsweredByAnErrorThatQuotesIt) {
    const Bytes small4 = (out4() / kDatagram / text("question")).bytes();
    const Bytes small6 = (out6() / kDatagram / text("question")).bytes();
    expect_answer(small4, prohibited4(small4));
    expect_answer(small6, prohibited6(small6));
}

TEST_F(RejectTest, AnOddLengthAndTheSmallestPacketsAreQuotedWhole) {
    const Bytes odd = (out4() / kDatagram / text("odd")).bytes();
    const Bytes empty4 = (out4({.protocol = 47})).bytes();
    const Bytes empty6 =
        (Ethernet{.source = kOwn, .destination = kPeer} / Ipv6{.source = kOwn6, .destination = kPeer6, .next_header = 59}).bytes();
    expect_answer(odd, prohibited4(odd));
    expect_answer(empty4, prohibited4(empty4));
    expect_answer(empty6, prohibited6(empty6));
}

TEST_F(RejectTest, AQuoteEndsWithTheIpPacketAndAtItsBound) {
    Bytes padded = (out4() / kDatagram / text("x")).bytes();
    const Bytes answer = prohibited4(padded);
    padded.resize(padded.size() + 17, 0xee);
    expect_answer(padded, answer);
    const Bytes large4 = (out4() / kDatagram / Payload{Bytes(1400, 'x')}).bytes();
    const Bytes large6 = (out6() / kDatagram / Payload{Bytes(1400, 'x')}).bytes();
    expect_answer(large4, prohibited4(large4));
    expect_answer(large6, prohibited6(large6));
}

TEST_F(RejectTest, APingIsAnsweredByAnError) {
    const Bytes echo4 = (out4() / Icmp{.type = 8, .identifier = 1, .sequence = 2} / text("abc")).bytes();
    const Bytes echo6 = (out6() / Icmpv6{.type = 128, .identifier = 1, .sequence = 2} / text("abc")).bytes();
    expect_answer(echo4, prohibited4(echo4));
    expect_answer(echo6, prohibited6(echo6));
}

TEST_F(RejectTest, OtherProtocolsAreAnsweredByAnError) {
    const Bytes esp4 = (out4({.protocol = 50}) / text("opaque")).bytes();
    const Bytes esp6 =
        (Ethernet{.source = kOwn, .destination = kPeer} / Ipv6{.source = kOwn6, .destination = kPeer6, .next_header = 50} / text("opaque"))
            .bytes();
    expect_answer(esp4, prohibited4(esp4));
    expect_answer(esp6, prohibited6(esp6));
}

TEST_F(RejectTest, OptionsAndExtensionHeadersAreQuoted) {
    const Bytes options = (out4({.options = Bytes(40, 1)}) / kDatagram / text("behind options")).bytes();
    const Bytes headers = (out6() / options_header(0, {}) / options_header(60, Bytes(230, 0)) / kDatagram / text("behind headers")).bytes();
    expect_answer(options, prohibited4(options));
    expect_answer(headers, prohibited6(headers));
}

TEST_F(RejectTest, AFirstFragmentIsAnsweredALaterOneIsNot) {
    const Packet whole = out4() / kDatagram / Payload{Bytes(64, 'x')};
    const Bytes first = fragment_of(whole, {.offset = 0, .size = 32}).bytes();
    expect_answer(first, prohibited4(first));
    expect_silence(fragment_of(whole, {.offset = 4, .size = 0}).bytes());
    expect_silence(fragment_of(out6() / kDatagram / Payload{Bytes(64, 'x')}, {.offset = 4, .size = 0}).bytes());
    expect_silence(fragment_of(out4() / kAckOut / Payload{Bytes(64, 'x')}, {.offset = 4, .size = 0}).bytes());
}

TEST_F(RejectTest, IcmpErrorsAndWhatIsNeitherQueryNorReplyAreNotAnswered) {
    const Bytes quoted4 =
        (Ethernet{.source = kPeer, .destination = kOwn} / Ipv4{.source = kPeer4, .destination = kOwn4} / kDatagram).bytes();
    const Bytes quoted6 =
        (Ethernet{.source = kPeer, .destination = kOwn} / Ipv6{.source = kPeer6, .destination = kOwn6} / kDatagram).bytes();
    for (const std::uint8_t type : Bytes{3, 4, 11, 12, 40}) {
        expect_silence((out4() / Icmp{.type = type, .code = 0} / quote_of(quoted4, 60)).bytes());
    }
    for (const std::uint8_t type : Bytes{1, 2, 3, 4, 100, 144}) {
        expect_silence((out6() / Icmpv6{.type = type, .code = 0} / quote_of(quoted6, 60)).bytes());
    }
}

TEST_F(RejectTest, NothingIsAnsweredToGroups) {
    Model model = silent_model();
    model.ports[0].multicast = {ip("224.0.0.18"), ip("ff02::12")};
    host_.apply(model);
    const Address group4 = ip("224.0.0.18"), group6 = ip("ff02::12");
    expect_silence(
        (Ethernet{.source = kOwn, .destination = *group_mac(group4)} / Ipv4{.source = kOwn4, .destination = group4} / kDatagram).bytes());
    expect_silence(
        (Ethernet{.source = kOwn, .destination = *group_mac(group6)} / Ipv6{.source = kOwn6, .destination = group6} / kDatagram).bytes());
}

TEST_F(RejectTest, AnUnspecifiedDestinationIsNotAnswered) {
    expect_silence(
        (Ethernet{.source = kOwn, .destination = kPeer} / Ipv4{.source = kOwn4, .destination = ip("0.0.0.0")} / kDatagram).bytes());
    expect_silence((Ethernet{.source = kOwn, .destination = kPeer} / Ipv6{.source = kOwn6, .destination = ip("::")} / kDatagram).bytes());
}

TEST_F(RejectTest, AGsoPacketIsAnsweredOnceAsAnOrdinaryOne) {
    const Bytes large = (out4() / kAckOut / Payload{Bytes(2800, 'x')}).bytes();
    const auto outcome = host_.program(0, Direction::Outbound)
                             .outcome_of(large, {.ifindex = ifindex(), .ingress_ifindex = ifindex(), .gso_size = 1400, .gso_segs = 2});
    EXPECT_EQ(outcome.code, kAnswered);
    EXPECT_EQ(outcome.gso_segs, 0u);
    EXPECT_EQ(hex(outcome.frame), hex((back4() / kToAck).bytes()));
}

using Change = std::function<void(Model&)>;
void allow_all(Model& model) { model.security_groups[0].rules[kOut] = {{.traffic = {.protocol = -1}, .source = prefix("0.0.0.0/0")}}; }
void deny_by_acl(Model& model) {
    allow_all(model);
    model.has_network_acls = true;
    model.network_acls = {{.id = "acl-1", .vpc_id = "vpc-1", .is_default = true, .entries = {}, .subnet_ids = {"subnet-1"}}};
}
void isolate(Model& model) {
    allow_all(model);
    model.isolates_instances = true;
    NetworkInterface other = model.network_interfaces.front();
    other.id = "eni-2";
    other.mac = mac("02:00:5e:00:53:0c");
    other.addresses = {kPeer4};
    model.network_interfaces.push_back(other);
}

TEST_F(RejectTest, HostPoliciesAclsAndQuotasAreAnsweredToo) {
    const HostFacts facts{.addresses = {kPeer4}, .tunnels = {{.protocol = 17, .port = 53}}};
    const std::pair<Reason, Change> denials[] = {
        {PC_REASON_deny_cidr, [](Model& model) { model.deny_cidrs = {{.prefix = prefix("203.0.113.0/24")}}; }},
        {PC_REASON_isolated, isolate},
        {PC_REASON_host_service, [](Model& model) { model.host_services.emplace(); }},
        {PC_REASON_host_tunnel, allow_all},
        {PC_REASON_network_acl, deny_by_acl},
    };
    const Bytes frame = (out4() / kDatagram).bytes();
    for (const auto& [reason, change] : denials) {
        Model model = silent_model();
        change(model);
        host_.apply(model, reason == PC_REASON_host_tunnel || reason == PC_REASON_host_service ? facts : HostFacts{});
        const std::uint64_t before = counts()[reason];
        expect_answer(frame, prohibited4(frame));
        EXPECT_EQ(counts()[reason], before + 1) << name_of(reason);
    }
}

TEST_F(RejectTest, AFlowBeyondTheQuotaIsAnswered) {
    Model model = silent_model();
    allow_all(model);
    model.services.listed = {{.address = kPeer4, .protocol = 17, .port = 53}};
    host_.apply(model);
    const std::uint64_t before = counts()[PC_REASON_flow_quota];
    for (std::uint32_t flow = 0; flow <= PC_SERVICE_FLOWS_MAX; ++flow) {
        const auto port = static_cast<std::uint16_t>(10000 + flow);
        const Bytes frame = (out4() / Udp{.source_port = port, .destination_port = 53}).bytes();
        ASSERT_EQ(host_.program(0, Direction::Outbound).run(frame, ifindex(), ifindex()), flow < PC_SERVICE_FLOWS_MAX ? kNext : kAnswered);
    }
    EXPECT_EQ(counts()[PC_REASON_flow_quota], before + 1);
}

TEST_F(RejectTest, EarlierStagesAndInboundDenialsAreSilent) {
    expect_silence(
        (Ethernet{.source = kOwn, .destination = kPeer} / Ipv4{.source = ip("192.0.2.12"), .destination = kPeer4} / kSynOut).bytes(),
        PC_REASON_source_address);
    expect_silence((Ethernet{.source = kPeer, .destination = kPeer} / Ipv4{.source = kOwn4, .destination = kPeer4} / kSynOut).bytes(),
                   PC_REASON_source_mac);
    expect_silence((out4() / with_flags(kSynOut, kSyn | kFin)).bytes(), PC_REASON_tcp_flags);
    const Bytes inbound = (back4() / kSynOut).bytes();
    const auto outcome = host_.program(0, Direction::Inbound).outcome_of(inbound, {.ifindex = ifindex()});
    EXPECT_EQ(outcome.code, kShot);
    EXPECT_EQ(counts(Direction::Inbound)[PC_REASON_security_group], 1u);
}

TEST_F(RejectTest, WithActionDropThereIsNoAnswerFromTheSwitchOn) {
    const Bytes frame = (out4() / kSynOut).bytes();
    Model model = silent_model();
    model.on_deny.reject = false;
    host_.apply(model);
    expect_silence(frame);
    model.ports[0].on_deny = OnDeny{.reject = true};
    host_.apply(model);
    EXPECT_EQ(send(frame).code, kAnswered) << "the port's own";
    model.on_deny.reject = true;
    model.ports[0].on_deny = OnDeny{.reject = false};
    host_.apply(model);
    expect_silence(frame);
}

TEST_F(RejectTest, WhatPassesIsNotTouched) {
    Model model = silent_model();
    allow_all(model);
    host_.apply(model);
    const Bytes frame = (out4() / kSynOut).bytes();
    const AttachedProgram::Outcome outcome = send(frame);
    EXPECT_EQ(outcome.code, kNext);
    EXPECT_EQ(outcome.frame, frame);
}

TEST_F(RejectTest, AHundredAnswersFitIntoAWindowAndTheRestIsDroppedInSilence) {
    constexpr unsigned kLimit = 100, kPackets = 1000;
    const Bytes frame = (out4() / kSynOut).bytes();
    unsigned answered = 0;
    const std::uint64_t before = counts()[PC_REASON_security_group];
    for (unsigned i = 0; i < kPackets; ++i) {
        answered += host_.program(0, Direction::Outbound).run(frame, ifindex(), ifindex()) == kAnswered ? 1 : 0;
    }
    EXPECT_GE(answered, kLimit);
    EXPECT_LE(answered, 3 * kLimit) << "a thousand runs take longer than two windows";
    EXPECT_EQ(counts()[PC_REASON_security_group], before + kPackets) << "each counted once, answered or not";
    EXPECT_EQ(send(frame).code, kAnswered) << "the next window";
}

// ---- the way back
// ------------------------------------------------------------------------------------------------------------------------

TEST_F(RejectTest, AnAnswerPassesTheEgressHookUnjudgedAndLosesItsMark) {
    const AttachedProgram::Outcome answer = send((out4() / kSynOut).bytes());
    ASSERT_EQ(answer.code, kAnswered);
    EXPECT_NE(answer.mark, 0u);
    EXPECT_EQ(answer.mark, answer_mark());
    const ReasonCounts before = counts(Direction::Inbound);
    const auto outcome = host_.program(0, Direction::Inbound)
                             .outcome_of(answer.frame, {.ifindex = ifindex(), .ingress_ifindex = ifindex(), .mark = answer.mark});
    EXPECT_EQ(outcome.code, kNext);
    EXPECT_EQ(outcome.mark, 0u);
    EXPECT_EQ(outcome.frame, answer.frame);
    EXPECT_EQ(counts(Direction::Inbound), before);
}

TEST_F(RejectTest, WhatHasAnotherMarkOrEnteredElsewhereIsJudged) {
    const Bytes frame = (back4() / kToSyn).bytes();
    const std::uint32_t mark = answer_mark();
    const AttachedProgram::Run runs[] = {
        {.ifindex = ifindex(), .ingress_ifindex = ifindex(), .mark = 0},
        {.ifindex = ifindex(), .ingress_ifindex = ifindex(), .mark = mark + 1},
        {.ifindex = ifindex(), .ingress_ifindex = ifindex(), .mark = mark ^ 0x80000000u},
        {.ifindex = ifindex(), .ingress_ifindex = 0, .mark = mark},
        {.ifindex = ifindex(), .ingress_ifindex = host_.test_host().bridge_ifindex(), .mark = mark},
        {.ifindex = ifindex(), .ingress_ifindex = host_.test_host().uplink_ifindex(), .mark = mark},
    };
    for (std::uint64_t judged = 0; const AttachedProgram::Run& run : runs) {
        EXPECT_EQ(host_.program(0, Direction::Inbound).outcome_of(frame, run).code, kShot) << run.mark << " from " << run.ingress_ifindex;
        EXPECT_EQ(counts(Direction::Inbound)[PC_REASON_no_flow], ++judged);
    }
}

TEST_F(RejectTest, WithoutTheProgramThatAnswersTheDenialIsSilent) {
    KernelMap::pinned(PrivateBpffs::directory() + "/maps/pc_tails").clear();
    expect_silence((out4() / kSynOut).bytes());
}

TEST_F(RejectTest, AnswersGoOnWhenTheDaemonHasGoneAndWhenAnotherHasTakenOver) {
    const Bytes frame = (out4() / kSynOut).bytes();
    host_.end_daemon();
    EXPECT_EQ(send(frame).code, kAnswered) << "the pins keep pc_tails filled";
    host_.start_daemon();
    host_.apply(silent_model());
    EXPECT_EQ(send(frame).code, kAnswered);
    host_.end_daemon();
    EXPECT_EQ(send(frame).code, kAnswered);
}

}  // namespace
}  // namespace portcullis::test
