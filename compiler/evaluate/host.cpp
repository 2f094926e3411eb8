// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate/host.h"

#include <algorithm>

namespace portcullis {
namespace {

bool has_ports(std::uint8_t protocol) { return protocol == kProtocolTcp || protocol == kProtocolUdp; }

// 13.3; of a later fragment (9.4) no entry with a port.
bool matches(const HostService& service, const IpPacket& packet) {
    if (service.protocol != packet.protocol) {
        return false;
    }
    return !has_ports(packet.protocol) || (!packet.is_later() && service.port == packet.destination_port);
}

// 13.4; of a later fragment (9.4) any UDP.
bool is_tunnelled(const HostFacts& host, const IpPacket& packet) {
    if (packet.protocol == kProtocolUdp && packet.is_later()) {
        return true;
    }
    return std::ranges::any_of(host.tunnels, [&](const TunnelEndpoint& tunnel) {
        return tunnel.protocol == packet.protocol && (packet.protocol != kProtocolUdp || tunnel.port == packet.destination_port);
    });
}

// 13.3 and 13.4, of an outbound packet to an address of the host.
Reason judge_to_host(const Passage& passage, const Standing& standing) {
    const ModelIndex& index = passage.port->index();
    const auto& services = index.model().host_services;
    const bool is_exempt = standing.is_begun_inbound || standing.is_related || standing.is_service;
    if (services && !is_exempt &&
        std::ranges::none_of(*services, [&](const HostService& service) { return matches(service, *passage.packet); })) {
        return PC_REASON_host_service;
    }
    return is_tunnelled(index.place().host, *passage.packet) ? PC_REASON_host_tunnel : PC_REASON_passed;
}

}  // namespace

Denial denial_of(const Model& model, const Address& address) {
    Denial denial = Denial::None;
    for (const DenyCidr& range : model.deny_cidrs) {
        if (range.prefix.contains(address)) {
            denial = std::max(denial, range.new_only ? Denial::NewOnly : Denial::Always);
        }
    }
    return denial;
}

Reason judge_host_policies(const Passage& passage, const Standing& standing) {
    const ModelIndex& index = passage.port->index();
    const Address& destination = passage.packet->destination;
    const Denial denial = passage.is_outbound() ? denial_of(index.model(), destination) : Denial::None;
    if (denial == Denial::Always || (denial == Denial::NewOnly && !standing.is_begun_inbound)) {
        return PC_REASON_deny_cidr;
    }
    if (!standing.is_service && is_isolated(passage)) {
        return PC_REASON_isolated;
    }
    if (passage.is_outbound() && index.is_of_host(destination)) {
        return judge_to_host(passage, standing);
    }
    return PC_REASON_passed;
}

bool is_isolated(const Passage& passage) {
    const ModelIndex& index = passage.port->index();
    if (!index.model().isolates_instances) {
        return false;
    }
    const Address& other = passage.is_outbound() ? passage.packet->destination : passage.packet->source;
    return is_isolated(*passage.port, passage.direction, passage.way) || index.is_of_any_interface(other);
}

bool is_isolated(const Port& port, Direction direction, const Way& way) {
    return port.index().model().isolates_instances && direction == Direction::Inbound && way.is_port();
}

bool is_isolated_target(const Port& port, const Address& target) {
    return port.index().model().isolates_instances && port.index().is_of_any_interface(target) && !port.has(target);
}

}  // namespace portcullis
