// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate_flows.h"

#include <array>

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
    if (!packet.is_icmp() || packet.icmp_code != 0) {
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

Direction opposite(Direction direction) { return direction == Direction::Outbound ? Direction::Inbound : Direction::Outbound; }

std::uint32_t or_default(std::uint32_t seconds, std::uint32_t otherwise) { return seconds != 0 ? seconds : otherwise; }

std::uint32_t timeout_s(FlowPhase phase, const ConnectionTracking& tracking) {
    switch (phase) {
        case FlowPhase::Established:
            return or_default(tracking.tcp_established_s, 432'000);
        case FlowPhase::SynSent:
        case FlowPhase::PickedUp:
        case FlowPhase::Closing:
            return 120;
        case FlowPhase::SynReceived:
            return 60;
        case FlowPhase::Udp:
            return or_default(tracking.udp_s, 30);
        case FlowPhase::UdpStream:
            return or_default(tracking.udp_stream_s, 180);
        case FlowPhase::Icmp:
            return 30;
        case FlowPhase::Other:
            return 600;
    }
    return 0;
}

// 7.6, TCP. Pre: the packet is not an RST.
FlowPhase next_tcp_phase(const Flow& flow, TcpKind kind, bool is_of_opener) {
    switch (flow.phase) {
        case FlowPhase::SynSent: {
            const bool is_answer = !is_of_opener && (kind == TcpKind::SynAck || kind == TcpKind::Syn);
            return is_answer ? FlowPhase::SynReceived : FlowPhase::SynSent;
        }
        case FlowPhase::PickedUp:
            if (is_of_opener) {
                return FlowPhase::PickedUp;
            }
            return kind == TcpKind::FinAck ? FlowPhase::Closing : FlowPhase::Established;
        case FlowPhase::SynReceived:
            if (kind == TcpKind::FinAck) {
                return FlowPhase::Closing;
            }
            return is_of_opener && kind == TcpKind::Ack ? FlowPhase::Established : FlowPhase::SynReceived;
        case FlowPhase::Closing:
            return kind == TcpKind::Syn ? FlowPhase::SynSent : FlowPhase::Closing;
        default:
            return kind == TcpKind::FinAck ? FlowPhase::Closing : flow.phase;
    }
}

}  // namespace

std::optional<FlowKey> flow_key(const Passage& passage) {
    const IpPacket& packet = *passage.packet;
    const bool is_outbound = passage.direction == Direction::Outbound;
    FlowKey key{.interface_id = passage.port->id,
                .local = is_outbound ? packet.source : packet.destination,
                .remote = is_outbound ? packet.destination : packet.source,
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
    key.local_port = is_outbound ? packet.source_port : packet.destination_port;
    key.remote_port = is_outbound ? packet.destination_port : packet.source_port;
    return key;
}

bool needs_flow(const IpPacket& packet) { return packet.tcp == TcpKind::SynAck || packet.tcp == TcpKind::Rst || is_reply(packet); }

std::optional<Flow> opened_by(const Passage& passage) {
    Flow flow{.phase = FlowPhase::Other, .opener = passage.direction, .seen_s = passage.now_s};
    const IpPacket& packet = *passage.packet;
    if (packet.tcp) {
        if (packet.tcp != TcpKind::Syn && packet.tcp != TcpKind::Ack) {
            return std::nullopt;
        }
        flow.phase = packet.tcp == TcpKind::Syn ? FlowPhase::SynSent : FlowPhase::PickedUp;
    } else if (packet.protocol == kProtocolUdp) {
        flow.phase = FlowPhase::Udp;
    } else if (packet.is_icmp()) {
        if (pair_of(packet) == nullptr) {
            return std::nullopt;
        }
        flow.phase = FlowPhase::Icmp;
    }
    return flow;
}

bool is_judged_again(const Flow& flow, const Passage& passage) {
    if (passage.packet->tcp != TcpKind::Syn) {
        return false;
    }
    const bool is_simultaneous_open = flow.phase == FlowPhase::SynSent && flow.opener != passage.direction;
    return !is_simultaneous_open;
}

Flow advanced(Flow flow, const Passage& passage) {
    const bool is_of_opener = flow.opener == passage.direction;
    if (passage.packet->tcp == TcpKind::Rst) {
        return flow;  // neither closes nor refreshes
    }
    if (passage.packet->tcp) {
        const bool is_renewed = flow.phase == FlowPhase::Closing && passage.packet->tcp == TcpKind::Syn;
        flow.phase = next_tcp_phase(flow, *passage.packet->tcp, is_of_opener);
        flow.opener = is_renewed ? passage.direction : flow.opener;
    } else if (flow.phase == FlowPhase::Udp && !is_of_opener) {
        flow.phase = FlowPhase::UdpStream;
    }
    flow.seen_s = passage.now_s;
    return flow;
}

std::optional<Flow> FlowTable::find(const FlowKey& key, const Passage& passage) const {
    const auto found = flows_.find(key);
    if (found == flows_.end()) {
        return std::nullopt;
    }
    const double idle_s = passage.now_s - found->second.seen_s;
    if (idle_s > timeout_s(found->second.phase, passage.port->tracking)) {
        return std::nullopt;
    }
    return found->second;
}

void FlowTable::end_if(const std::function<bool(const std::string& interface_id)>& is_gone) {
    std::erase_if(flows_, [&](const auto& entry) { return is_gone(entry.first.interface_id); });
}

}  // namespace portcullis
