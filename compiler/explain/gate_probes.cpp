// SPDX-License-Identifier: Apache-2.0
#include "compiler/explain/gate_probes.h"

#include <algorithm>
#include <utility>

#include "compiler/explain/ends.h"
#include "compiler/explain/probe.h"

namespace portcullis {
namespace {

// A router's, or that of an interface elsewhere whose MAC the documents do not give.
constexpr Mac kOtherMac{{0x02, 0x00, 0x00, 0x00, 0x00, 0xfe}};

bool is_denied(const GateProbe& probe) { return !probe.expected.passes(); }

}  // namespace

// How a packet travels from one end to the other, as far as this host sees it.
struct GateProbes::Way {
    const LocalPort* from = nullptr;  // none: the end is not here
    const LocalPort* to = nullptr;
    Entrance entrance;          // at `to`
    std::uint32_t entered = 0;  // ifindex
    std::string entered_by;
    Mac source_mac;       // as `to` sees it
    Mac destination_mac;  // as `from` sends it
};

GateProbes::GateProbes(const Model& model, LocalNetwork network) : index_(model), network_(std::move(network)) {
    for (const auto& [interface_id, port] : network_.ports) {
        bound_.insert(interface_id);
    }
    for (const auto& [interface_id, port] : network_.ports) {
        if (const std::string bridge = bridge_of(port); !unused_.contains(bridge)) {
            unused_.emplace(bridge, evaluator_at(bridge));
        }
    }
}

std::string GateProbes::bridge_of(const LocalPort& port) const {
    const auto bridge = network_.bridges.find(port.bridge);
    return bridge == network_.bridges.end() ? std::string() : bridge->second.device;
}

Evaluator GateProbes::evaluator_at(const std::string& bridge) const {
    return Evaluator(index_.model(), {.host = network_.facts, .bridge = bridge, .bound = bound_});
}

const LocalPort* GateProbes::port_of(const NetworkInterface* interface) const {
    const auto port = interface == nullptr ? network_.ports.end() : network_.ports.find(interface->id);
    return port == network_.ports.end() ? nullptr : &port->second;
}

GateProbes::Way GateProbes::way_between(const NetworkInterface* from, const NetworkInterface* to) const {
    Way way{.from = port_of(from), .to = port_of(to), .source_mac = kOtherMac, .destination_mac = kOtherMac};
    const bool is_one_subnet = from != nullptr && to != nullptr && from->subnet_id == to->subnet_id && from->vpc_id == to->vpc_id;
    const bool is_bridged = is_one_subnet && (way.from == nullptr || way.to == nullptr || way.from->bridge == way.to->bridge);
    if (is_bridged) {
        way.source_mac = from->mac.value_or(kOtherMac);
        way.destination_mac = to->mac.value_or(kOtherMac);
    }
    if (way.to == nullptr) {
        return way;
    }
    const auto uplink = network_.uplinks.find(way.to->bridge);
    if (is_bridged && way.from != nullptr) {
        way.entrance = {.kind = Entrance::Kind::Port, .interface_id = from->id, .device = {}};
        way.entered = way.from->ifindex;
        way.entered_by = way.from->device;
    } else if (way.from == nullptr && way.to->bridge != 0 && uplink != network_.uplinks.end()) {
        way.entrance = {.kind = Entrance::Kind::Uplink, .interface_id = {}, .device = uplink->second.device};
        way.entered = uplink->second.ifindex;
        way.entered_by = uplink->second.device;
    } else {
        way.entered = way.to->bridge;
        way.entered_by = bridge_of(*way.to);
    }
    return way;
}

Result<std::vector<GateProbe>> GateProbes::of(const Question& question, Responses responses) const {
    const Result<Ends> ends = find_ends(index_, question);
    if (!ends) {
        return fail(ends.error());
    }
    std::vector<GateProbe> probes;
    if (!ends->from.address || !ends->to.address) {
        return probes;
    }
    std::map<std::string, Evaluator> evaluators;  // of this conversation
    const auto judge = [&](GateProbe& probe, const LocalPort& port) {
        const Arrival arrival{.interface_id = probe.interface_id,
                              .direction = probe.packet.direction,
                              .entrance = probe.entrance,
                              .frame = probe.packet.frame};
        const std::string bridge = bridge_of(port);
        probe.expected = responses == Responses::Left ? unused_.at(bridge).peek(arrival)
                                                      : evaluators.try_emplace(bridge, evaluator_at(bridge)).first->second.judge(arrival);
    };
    const auto add = [&](const Ends& between, const Question& asked, bool is_response) {
        const Way way = way_between(between.from.interface, between.to.interface);
        const ProbeEnvelope envelope{.source = *between.from.address, .destination = *between.to.address, .is_answer = is_response};
        if (way.from != nullptr) {
            ProbeEnvelope sent = envelope;
            sent.source_mac = between.from.interface->mac.value_or(Mac{});
            sent.destination_mac = way.destination_mac;
            GateProbe probe{.interface_id = between.from.interface->id, .device = way.from->device, .is_response = is_response};
            probe.packet = {.ifindex = way.from->ifindex, .direction = Direction::Outbound, .frame = probe_frame(sent, asked)};
            judge(probe, *way.from);
            probes.push_back(std::move(probe));
        }
        if (way.to != nullptr) {
            ProbeEnvelope delivered = envelope;
            delivered.source_mac = way.source_mac;
            delivered.destination_mac = between.to.interface->mac.value_or(Mac{});
            GateProbe probe{.interface_id = between.to.interface->id,
                            .device = way.to->device,
                            .is_response = is_response,
                            .entrance = way.entrance,
                            .entered_by = way.entered_by};
            probe.packet = {.ifindex = way.to->ifindex,
                            .direction = Direction::Inbound,
                            .entrance = way.entered,
                            .frame = probe_frame(delivered, asked)};
            judge(probe, *way.to);
            probes.push_back(std::move(probe));
        }
    };
    add(*ends, question, false);
    const auto response = responses == Responses::Asked ? response_to(question) : std::nullopt;
    if (response && std::ranges::none_of(probes, is_denied)) {
        add({.from = ends->to, .to = ends->from}, *response, true);
    }
    return probes;
}

}  // namespace portcullis
