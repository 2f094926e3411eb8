// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/live_json.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/dataplane.h"
#include "tools/daemon/explain_json.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;

// Names of devices are bytes; what is not UTF-8 in them is replaced.
std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json next_json(const std::optional<std::uint64_t>& next) { return next ? Json(*next) : Json(); }

Json traffic_json(const Flow& flow, Direction direction) {
    if (!flow.traffic) {
        return nullptr;
    }
    const FlowTraffic& traffic = (*flow.traffic)[static_cast<std::size_t>(direction)];
    return {{"Packets", traffic.packets}, {"Bytes", traffic.bytes}};
}

Json flow_json(const Flow& flow, const std::map<std::uint32_t, const PortLine*>& lines) {
    const auto line = lines.find(flow.ifindex);
    const bool is_known = line != lines.end();
    return {{"Device", is_known ? line->second->device : ""},
            {"NetworkInterfaceId", is_known ? line->second->interface_id : ""},
            {"Begun", to_string(flow.begun)},
            {"Protocol", flow.protocol},
            {"Local", flow.local.to_string()},
            {"LocalPort", flow.local_port},
            {"Remote", flow.remote.to_string()},
            {"RemotePort", flow.remote_port},
            {"State", to_string(flow.state)},
            {"IdleSeconds", flow.idle_seconds},
            {"Outbound", traffic_json(flow, Direction::Outbound)},
            {"Inbound", traffic_json(flow, Direction::Inbound)},
            {"Service", flow.is_service},
            {"Cut", flow.is_cut}};
}

Json verdict_json(Reason reason, const std::vector<std::string>& rules) {
    return {{"Reason", name_of(reason)}, {"ReasonText", text_of(reason)}, {"Rules", rules}};
}

Json gate_json(const LiveGate& gate) {
    const GateProbe& probe = gate.probe;
    const bool is_inbound = probe.packet.direction == Direction::Inbound;
    return {{"Device", probe.device},
            {"NetworkInterfaceId", probe.interface_id},
            {"Direction", to_string(probe.packet.direction)},
            {"Response", probe.is_response},
            {"EnteredBy", is_inbound ? Json(probe.entered_by.empty() ? "host" : probe.entered_by) : Json()},
            {"Programs", gate.programs ? verdict_json(gate.programs->reason, gate.programs->rules) : Json()},
            {"Model", verdict_json(probe.expected.reason, probe.expected.rules)},
            {"Agrees", gate.agrees()}};
}

}  // namespace

std::string print_flows(const FlowPage& page, const std::vector<PortLine>& lines) {
    std::map<std::uint32_t, const PortLine*> by_ifindex;
    for (const PortLine& line : lines) {
        by_ifindex.emplace(line.ifindex, &line);
    }
    Json flows = Json::array();
    for (const Flow& flow : page.flows) {
        flows.push_back(flow_json(flow, by_ifindex));
    }
    return dump({{"Flows", std::move(flows)}, {"Truncated", page.next.has_value()}, {"Next", next_json(page.next)}});
}

std::string print_flows_ended(const FlowsEnded& ended) {
    return dump({{"Ended", ended.count}, {"Truncated", ended.next.has_value()}, {"Next", next_json(ended.next)}});
}

std::string print_verified(const VerifiedRun& run) {
    return dump({{"Differences", run.differences},
                 {"Probes", run.probes ? Json(*run.probes) : Json()},
                 {"Truncated", run.next.has_value() || run.differences.size() == kMostDifferences},
                 {"Next", next_json(run.next)}});
}

std::string print_rules(const RuleCounts& counts) {
    Json rules = Json::array();
    for (const RuleCount& rule : counts.rules) {
        rules.push_back({{"OwnerId", rule.owner_id},
                         {"RuleId", rule.rule_id},
                         {"Direction", to_string(rule.direction)},
                         {"Rule", rule.text},
                         {"Label", rule.label},
                         {"Decisions", rule.decisions}});
    }
    return dump({{"Rules", std::move(rules)}, {"Truncated", counts.is_truncated}});
}

std::string print_live_answer(const LiveAnswer& answer) {
    Json gates = Json::array();
    for (const LiveGate& gate : answer.gates) {
        gates.push_back(gate_json(gate));
    }
    Json closed = Json::array();
    for (const PortLine& line : answer.closed) {
        closed.push_back({{"Device", line.device},
                          {"NetworkInterfaceId", line.interface_id},
                          {"State", to_string(line.state)},
                          {"Detail", line.detail}});
    }
    Json json = explain_json(answer.model);
    json["Allowed"] = answer.allowed();
    json["ResponseAllowed"] = answer.allowed() && answer.response_allowed();
    json["Agrees"] = answer.agrees();
    json["Programs"] = std::ranges::any_of(answer.gates, [](const LiveGate& gate) { return gate.programs.has_value(); });
    json["Gates"] = std::move(gates);
    json["Closed"] = std::move(closed);
    return dump(json);
}

}  // namespace portcullis
