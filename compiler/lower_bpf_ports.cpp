// SPDX-License-Identifier: Apache-2.0
// Ports -> views of pc_ports, and pc_addresses4/6.
#include "compiler/lower_bpf_state.h"

namespace portcullis {
namespace {

// Seconds (docs/semantics.md 7.6) that no interface overrides.
constexpr std::uint32_t kHalfOpenTcp = 120;
constexpr std::uint32_t kSynReceived = 60;
constexpr std::uint32_t kClosingTcp = 120;
constexpr std::uint32_t kIcmp = 30;
constexpr std::uint32_t kOther = 600;

void write_timeouts(const ConnectionTracking& tracking, pc_port_view& view) {
    view.timeout_ticks[PC_FLOW_SYN_SENT] = ticks_of(kHalfOpenTcp);
    view.timeout_ticks[PC_FLOW_PICKED_UP] = ticks_of(kHalfOpenTcp);
    view.timeout_ticks[PC_FLOW_SYN_RECEIVED] = ticks_of(kSynReceived);
    view.timeout_ticks[PC_FLOW_ESTABLISHED] = ticks_of(tracking.tcp_established_s);
    view.timeout_ticks[PC_FLOW_FIN_WAIT] = ticks_of(kClosingTcp);
    view.timeout_ticks[PC_FLOW_TIME_WAIT] = ticks_of(kClosingTcp);
    view.timeout_ticks[PC_FLOW_UDP] = ticks_of(tracking.udp_s);
    view.timeout_ticks[PC_FLOW_UDP_STREAM] = ticks_of(tracking.udp_stream_s);
    view.timeout_ticks[PC_FLOW_ICMP] = ticks_of(kIcmp);
    view.timeout_ticks[PC_FLOW_OTHER] = ticks_of(kOther);
}

// Ports with the same addresses, in different zones, share a set.
Result<std::uint32_t> lower_addresses(Lowering& lowering, const std::vector<Prefix>& prefixes) {
    ContentKey key;
    for (const Prefix& prefix : prefixes) {
        key.add_prefix(prefix);
    }
    auto set = lowering.numberings.address_sets.number_of(key.bytes());
    if (!set) {
        return set;
    }
    for (const Prefix& prefix : prefixes) {
        if (prefix.family() == Family::Ipv4) {
            lowering.image.addresses4.emplace_back(with_prefix(pc_address4_key{.address_set = *set}, prefix), 1);
        } else {
            lowering.image.addresses6.emplace_back(with_prefix(pc_address6_key{.address_set = *set}, prefix), 1);
        }
    }
    return set;
}

}  // namespace

Result<> lower_ports(Lowering& lowering) {
    for (const Port& port : lowering.ruleset.ports) {
        const auto address_set = lower_addresses(lowering, port.addresses);
        if (!address_set) {
            return fail(address_set.error());
        }
        pc_port_view view{.flags = port.acl_policy ? 0 : PC_PORT_NO_ACL,
                          .zone = lowering.zones[port.zone],
                          .subnet = lowering.subnets[port.subnet],
                          .interface = lowering.interfaces[port.interface],
                          .address_set = *address_set};
        for (std::size_t direction = 0; direction < 2; ++direction) {
            view.group_policy[direction] = lowering.policies[port.group_policy[direction]];
            view.acl_policy[direction] = port.acl_policy ? lowering.policies[(*port.acl_policy)[direction]] : 0;
        }
        std::memcpy(view.mac, port.mac.bytes.data(), sizeof view.mac);
        write_timeouts(port.tracking, view);
        lowering.image.ports.push_back(view);
    }
    return {};
}

}  // namespace portcullis
