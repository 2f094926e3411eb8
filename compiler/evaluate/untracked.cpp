// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate/untracked.h"

#include <algorithm>

#include "compiler/evaluate/host.h"

namespace portcullis {
namespace {

// What rules of a direction are asked about the packet's flow, whichever way the packet goes.
RuleQuestion question_in(const Passage& passage, Direction direction) {
    RuleQuestion question = question_of(passage);
    question.direction = direction;
    question.destination_port = direction == Direction::Outbound ? passage.remote_port() : passage.local_port();
    return question;
}

bool has_single_rule_for_all_ports(const std::vector<GroupMatch>& matches) {
    return std::ranges::any_of(matches, [](const GroupMatch& match) {
        const Traffic& traffic = match.rule->traffic;
        return traffic.protocol == Traffic::kAnyProtocol || (traffic.from_port == 0 && traffic.to_port == 65535);
    });
}

bool is_always_tracked(const Passage& passage) {
    const ModelIndex& index = passage.port->index();
    const bool is_guarded_host = index.model().host_services.has_value() && index.is_of_host(passage.remote());
    return passage.port->claim().track_all || is_guarded_host || denial_of(index.model(), passage.remote()) == Denial::NewOnly ||
           is_service_packet(passage);
}

}  // namespace

RuleQuestion question_of(const Passage& passage) {
    const IpPacket& packet = *passage.packet;
    return {.port = &passage.port->interface(),
            .direction = passage.direction,
            .entrance = passage.way.entrance,
            .remote = passage.remote(),
            .protocol = packet.protocol,
            .destination_port = packet.destination_port,
            .icmp_type = packet.icmp_type,
            .icmp_code = packet.icmp_code,
            .is_from_router = passage.way.is_router,
            .has_unknown_ports = packet.is_later(),
            .counts = {},
            .claims = &passage.port->claims()};
}

bool is_service_packet(const Passage& passage) {
    const IpPacket& packet = *passage.packet;
    if (!passage.is_outbound() || packet.is_later() || (packet.is_icmp() && !is_echo_request(packet))) {
        return false;
    }
    return passage.port->is_service(packet.destination, packet.protocol, packet.destination_port);
}

bool is_from_service(const Passage& passage) {
    const IpPacket& packet = *passage.packet;
    if (passage.is_outbound() || packet.is_later() || (packet.is_icmp() && !is_echo_reply(packet))) {
        return false;
    }
    return passage.port->is_service(packet.source, packet.protocol, packet.source_port);
}

bool is_untracked(const Passage& passage) {
    const IpPacket& packet = *passage.packet;
    const bool has_ports = packet.protocol == kProtocolTcp || packet.protocol == kProtocolUdp;
    if (!has_ports || packet.is_later() || is_always_tracked(passage)) {
        return false;
    }
    const ModelIndex& index = passage.port->index();
    const std::vector<GroupMatch> out = literal_rules(index, question_in(passage, Direction::Outbound));
    const std::vector<GroupMatch> in = literal_rules(index, question_in(passage, Direction::Inbound));
    return !out.empty() && !in.empty() && (has_single_rule_for_all_ports(out) || has_single_rule_for_all_ports(in));
}

}  // namespace portcullis
