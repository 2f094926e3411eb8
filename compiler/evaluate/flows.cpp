// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate/flows.h"

#include <array>

#include "compiler/evaluate/tcp.h"

namespace portcullis {
namespace {

struct QueryPair {
    std::uint8_t protocol;
    std::uint8_t query;
    std::uint8_t reply;
};
constexpr std::array kQueryPairs = {QueryPair{1, 8, 0},   QueryPair{1, 13, 14},    QueryPair{1, 15, 16},
                                    QueryPair{1, 17, 18}, QueryPair{58, 128, 129}, QueryPair{58, 139, 140}};

const QueryPair* pair_of(const IpPacket& packet) {
    if (!packet.is_icmp() || packet.is_later() || packet.icmp_code != 0) {
        return nullptr;
    }
    for (const QueryPair& pair : kQueryPairs) {
        if (pair.protocol == packet.protocol && (pair.query == packet.icmp_type || pair.reply == packet.icmp_type)) {
            return &pair;
        }
    }
    return nullptr;
}

bool is_reply(const IpPacket& packet) {
    const QueryPair* const pair = pair_of(packet);
    return pair != nullptr && packet.icmp_type == pair->reply;
}

std::uint32_t or_default(std::uint32_t seconds, std::uint32_t otherwise) { return seconds != 0 ? seconds : otherwise; }

// 7.7
std::uint32_t timeout_s(FlowPhase phase, const ConnectionTracking& tracking) {
    switch (phase) {
        case FlowPhase::Established:
            return or_default(tracking.tcp_established_s, 432'000);
        case FlowPhase::SynSent:
        case FlowPhase::PickedUp:
        case FlowPhase::FinWait:
        case FlowPhase::TimeWait:
            return 120;
        case FlowPhase::SynReceived:
        case FlowPhase::CloseWait:
            return 60;
        case FlowPhase::Close:
            return 10;
        case FlowPhase::Udp:
            return or_default(tracking.udp_s, 30);
        case FlowPhase::UdpStream:
            return or_default(tracking.udp_stream_s, 180);
        case FlowPhase::LastAck:
        case FlowPhase::Icmp:
            return 30;
        case FlowPhase::Other:
            return 600;
    }
    return 0;
}

}  // namespace

Address Passage::remote() const {
    if (is_outbound() || port->is_listed_multicast(packet->destination)) {
        return packet->destination;
    }
    return packet->source;
}

Direction opposite(Direction direction) { return direction == Direction::Outbound ? Direction::Inbound : Direction::Outbound; }

std::optional<FlowKey> flow_key(const Passage& passage) {
    const IpPacket& packet = *passage.packet;
    if (packet.is_later()) {
        return std::nullopt;
    }
    FlowKey key{.interface_id = passage.port->interface().id,
                .local = passage.is_outbound() ? packet.source : packet.destination,
                .remote = passage.is_outbound() ? packet.destination : packet.source,
                .protocol = packet.protocol};
    if (packet.is_icmp()) {
        const QueryPair* const pair = pair_of(packet);
        if (pair == nullptr) {
            return std::nullopt;
        }
        key.local_port = packet.icmp_id;
        key.remote_port = pair->query;
        key.asker = is_reply(packet) ? opposite(passage.direction) : passage.direction;
        return key;
    }
    key.local_port = passage.local_port();
    key.remote_port = passage.remote_port();
    return key;
}

bool is_echo_request(const IpPacket& packet) {
    const QueryPair* const pair = pair_of(packet);
    return pair != nullptr && packet.icmp_type == pair->query && (pair->query == 8 || pair->query == 128);
}

bool is_echo_reply(const IpPacket& packet) {
    const QueryPair* const pair = pair_of(packet);
    return pair != nullptr && packet.icmp_type == pair->reply && (pair->query == 8 || pair->query == 128);
}

bool needs_flow(const IpPacket& packet) {
    return (packet.tcp && (packet.tcp->kind == TcpKind::SynAck || packet.tcp->is_reset())) || is_reply(packet);
}

std::optional<Flow> opened_by(const Passage& passage) {
    const IpPacket& packet = *passage.packet;
    Flow flow{.phase = FlowPhase::Other, .opener = passage.direction, .seen_s = passage.now_s, .judged_remote = passage.remote()};
    if (packet.is_later() || (packet.is_icmp() && pair_of(packet) == nullptr)) {
        return std::nullopt;
    }
    if (packet.tcp) {
        return opened_by_segment(flow, *packet.tcp);
    }
    if (packet.protocol == kProtocolUdp) {
        flow.phase = FlowPhase::Udp;
    } else if (packet.is_icmp()) {
        flow.phase = FlowPhase::Icmp;
    }
    return flow;
}

bool is_judged_again(const Flow& flow, const Passage& passage) {
    const bool is_simultaneous_open = flow.phase == FlowPhase::SynSent && flow.opener != passage.direction;
    return passage.packet->is_bare_syn() && !is_simultaneous_open;
}

Flow advanced(Flow flow, const Passage& passage, bool counts) {
    if (passage.packet->tcp) {
        flow = advanced_by_segment(flow, passage.direction, *passage.packet->tcp, counts);
    } else if (flow.phase == FlowPhase::Udp && flow.opener != passage.direction) {
        flow.phase = FlowPhase::UdpStream;
    }
    if (!passage.packet->tcp || !passage.packet->tcp->is_reset()) {
        flow.seen_s = passage.now_s;
    }
    return flow;
}

std::optional<Flow> FlowTable::find(const FlowKey& key, const Passage& passage) const {
    const auto found = flows_.find(key);
    if (found == flows_.end()) {
        return std::nullopt;
    }
    const double idle_s = passage.now_s - found->second.seen_s;
    if (idle_s > timeout_s(found->second.phase, passage.port->interface().tracking)) {
        return std::nullopt;
    }
    return found->second;
}

void FlowTable::end_if(const std::function<bool(const FlowKey& key)>& is_gone) {
    std::erase_if(flows_, [&](const auto& entry) { return is_gone(entry.first); });
}

}  // namespace portcullis
