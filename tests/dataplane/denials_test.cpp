// SPDX-License-Identifier: Apache-2.0
// A denial that is remembered (bpf/denials.h) is the one that judging would come to, counts what judging would count, and is over with the
// generation and with the flow that comes about.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "bpf/abi.h"
#include "tests/dataplane/one_instance.h"
#include "tests/support/enforced_host.h"
#include "tests/support/packet.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {
namespace {

constexpr std::uint16_t kRemotePort = 443;
constexpr std::uint8_t kNoOperation = 1;  // an IPv4 option: such a packet goes stage by stage
const Bytes kOptions(4, kNoOperation);
constexpr unsigned kTimes = 5;

struct Ends {
    const char* remote = "203.0.113.1";
    std::uint16_t local_port = 40000;
    Bytes options = {};
};

Packet headers(Direction direction, const Ends& ends) {
    const Mac own = mac("02:00:5e:00:53:0b"), other = mac("02:00:5e:00:53:01");
    const Address local = ip("192.0.2.11"), remote = ip(ends.remote);
    return direction == Direction::Outbound
               ? Ethernet{.source = own, .destination = other} / Ipv4{.source = local, .destination = remote, .options = ends.options}
               : Ethernet{.source = other, .destination = own} / Ipv4{.source = remote, .destination = local, .options = ends.options};
}
Bytes udp(Direction direction, const Ends& ends = {}) {
    const bool is_outbound = direction == Direction::Outbound;
    return (headers(direction, ends) / Udp{.source_port = is_outbound ? ends.local_port : kRemotePort,
                                           .destination_port = is_outbound ? kRemotePort : ends.local_port})
        .bytes();
}
Bytes tcp(Direction direction, std::uint8_t flags, const Ends& ends = {}) {
    const bool is_outbound = direction == Direction::Outbound;
    return (headers(direction, ends) / Tcp{.source_port = is_outbound ? ends.local_port : kRemotePort,
                                           .destination_port = is_outbound ? kRemotePort : ends.local_port,
                                           .flags = flags})
        .bytes();
}

// 198.51.100.0/24 is denied by the ACL, the rest by the groups inbound; outbound all else is allowed.
Model denying_model() {
    Model model = model_of_one_instance();
    for (std::vector<NetworkAclEntry>& list : model.network_acls.front().entries) {
        list.push_back({.number = 50, .allow = false, .traffic = {}, .cidr = prefix("198.51.100.0/24")});
    }
    return model;
}
// The same but that everything may come in.
Model open_model() {
    Model model = denying_model();
    model.security_groups.front().rules[static_cast<std::size_t>(Direction::Inbound)] = {
        {.traffic = {.protocol = 17}, .source = prefix("203.0.113.0/24")}};
    return model;
}

class DenialsTest : public ::testing::Test {
   protected:
    DenialsTest() { host_.apply(denying_model()); }

    std::uint32_t run(Direction direction, const Bytes& frame) {
        return host_.program(0, direction)
            .run(frame, host_.test_host().port_ifindex(0),
                 direction == Direction::Outbound ? host_.test_host().port_ifindex(0) : host_.test_host().uplink_ifindex());
    }
    void expect_denied(Direction direction, const Bytes& frame, unsigned times = kTimes) {
        for (unsigned i = 0; i < times; ++i) {
            EXPECT_EQ(run(direction, frame), kShot);
        }
    }
    [[nodiscard]] std::uint64_t count(Direction direction, Reason reason) const { return host_.counts(0, direction)[reason]; }

    PrivateBpffs bpffs_;
    EnforcedHost host_{{.ports = 1, .separate_namespaces = false, .instance_macs = {mac("02:00:5e:00:53:0b")}}};
    NetNamespace::Entered here_ = host_.test_host().host().enter();
};

// Without it nothing here would be about memory: judged anew, the packet would pass.
TEST_F(DenialsTest, WhatWasDeniedIsNotJudgedAnewWithinItsGeneration) {
    expect_denied(Direction::Inbound, udp(Direction::Inbound), 1);
    const KernelMap ports = KernelMap::pinned(PrivateBpffs::directory() + "/maps/pc_ports");
    const auto opened = [&](pc_port port) {
        for (pc_port_view& view : port.view) {
            view.group_policy[PC_INBOUND] = view.group_policy[PC_OUTBOUND];
        }
        return port;
    };
    const Row slot = row_of(std::uint32_t{1});
    ports.update(slot, row_of(opened(value_in<pc_port>(ports.value_of(slot).value()))));
    expect_denied(Direction::Inbound, udp(Direction::Inbound), 1);
    EXPECT_EQ(run(Direction::Inbound, udp(Direction::Inbound, {.local_port = 40001})), kNext) << "another flow's is judged";
    EXPECT_EQ(run(Direction::Inbound, udp(Direction::Inbound, {.options = kOptions})), kNext) << "and one that is not plain";
}

TEST_F(DenialsTest, WhatIsDeniedAgainIsCountedAsWhatIsJudged) {
    std::vector<std::map<std::string, std::uint64_t>> hits;
    for (const std::uint64_t round : {1U, 2U}) {
        const Bytes options = round == 1 ? Bytes{} : kOptions;
        for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
            expect_denied(direction, udp(direction, {.remote = "198.51.100.1", .options = options}));
            expect_denied(direction, tcp(direction, kSyn, {.remote = "198.51.100.1", .options = options}));
            EXPECT_EQ(count(direction, PC_REASON_network_acl), round * 2 * kTimes);
        }
        expect_denied(Direction::Inbound, udp(Direction::Inbound, {.options = options}));
        expect_denied(Direction::Inbound, tcp(Direction::Inbound, kAck, {.options = options}));
        EXPECT_EQ(count(Direction::Inbound, PC_REASON_security_group), round * 2 * kTimes);
        hits.push_back(host_.rule_hits());
    }
    for (const auto& [rule, times] : hits[0]) {
        EXPECT_EQ(hits[1][rule], 2 * times) << rule;
    }
    EXPECT_EQ(hits[0].size(), 4U) << "what the ACL denied either way and admitted inward, and the rule of the group that admitted first";
}

TEST_F(DenialsTest, WhatWasDeniedPassesOnceAFlowOrTheModelAllowsIt) {
    expect_denied(Direction::Inbound, udp(Direction::Inbound));
    EXPECT_EQ(run(Direction::Outbound, udp(Direction::Outbound)), kNext) << "the other direction of the same key";
    EXPECT_EQ(run(Direction::Inbound, udp(Direction::Inbound)), kNext) << "it is an answer now";
    host_.forget_flows();
    expect_denied(Direction::Inbound, udp(Direction::Inbound));

    host_.apply(open_model());
    EXPECT_EQ(run(Direction::Inbound, udp(Direction::Inbound)), kNext);
    host_.forget_flows();
    host_.apply(denying_model());
    expect_denied(Direction::Inbound, udp(Direction::Inbound));
}

// A segment that needs a flow is denied for that, whatever was denied before it.
TEST_F(DenialsTest, AnotherSegmentOfTheSameEndsIsJudgedByItself) {
    expect_denied(Direction::Inbound, tcp(Direction::Inbound, kSyn));
    expect_denied(Direction::Inbound, tcp(Direction::Inbound, kAck));
    expect_denied(Direction::Inbound, tcp(Direction::Inbound, kRst));
    expect_denied(Direction::Inbound, tcp(Direction::Inbound, kSyn | kAck));
    EXPECT_EQ(count(Direction::Inbound, PC_REASON_security_group), 2 * kTimes);
    EXPECT_EQ(count(Direction::Inbound, PC_REASON_no_flow), 2 * kTimes);
}

// From the uplink the address of an instance that is bound here is not believed to be a member's; from its own port it is.
TEST(DenialsEntranceTest, ADenialIsOfOneEntrance) {
    const PrivateBpffs bpffs;
    const Mac a = mac("02:00:5e:00:53:0b"), b = mac("02:00:5e:00:53:0c");
    EnforcedHost host({.ports = 2, .separate_namespaces = false, .instance_macs = {a, b}});
    const NetNamespace::Entered here = host.test_host().host().enter();
    Model model = model_of_one_instance();
    NetworkInterface second = model.network_interfaces.front();
    second.id = "eni-2";
    second.mac = b;
    second.addresses = {ip("192.0.2.12")};
    model.network_interfaces.push_back(second);
    model.ports.push_back({.network_interface_id = "eni-2", .device = "p2"});
    model.security_groups.front().rules[static_cast<std::size_t>(Direction::Inbound)] = {
        {.traffic = {.protocol = -1}, .source = GroupReference{.group_id = "sg-1"}}};
    host.apply(model);
    const auto receive = [&](const Mac& from, std::uint32_t entrance) {
        const Bytes frame =
            (Ethernet{.source = from, .destination = a} / Ipv4{.source = ip("192.0.2.12"), .destination = ip("192.0.2.11")} /
             Udp{.source_port = 40000, .destination_port = 443})
                .bytes();
        return host.program(0, Direction::Inbound).run(frame, host.test_host().port_ifindex(0), entrance);
    };
    const Mac router = mac("02:00:5e:00:53:01");
    for (unsigned i = 0; i < kTimes; ++i) {
        EXPECT_EQ(receive(router, host.test_host().uplink_ifindex()), kShot);
    }
    EXPECT_EQ(host.counts(0, Direction::Inbound)[PC_REASON_security_group], kTimes);
    EXPECT_EQ(receive(b, host.test_host().port_ifindex(1)), kNext);
}

TEST_F(DenialsTest, EachIsReportedOrCountedAsLost) {
    Model model = denying_model();
    model.on_deny.log = true;
    host_.apply(model);
    constexpr unsigned kMany = 1000;
    expect_denied(Direction::Inbound, udp(Direction::Inbound), kMany);
    const std::vector<Event> events = value_or_end(host_.dataplane().take_events(), "take events");
    EXPECT_GE(events.size(), 100U) << "as many as a window has room for";
    const KernelMap states = KernelMap::pinned(PrivateBpffs::directory() + "/maps/pc_port_states");
    const auto state = value_in<pc_port_state>(states.value_of(row_of(std::uint32_t{1})).value());
    EXPECT_GT(state.lost_events, 0U);
    EXPECT_EQ(events.size() + state.lost_events, kMany);
    for (const Event& event : events) {
        EXPECT_EQ(event.reason, PC_REASON_security_group);
    }
}

}  // namespace
}  // namespace portcullis::test
