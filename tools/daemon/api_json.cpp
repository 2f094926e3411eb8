// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/api_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/daemon/event_log.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;

Json message_json(const std::string& message) { return {{"File", ""}, {"Pointer", ""}, {"Message", message}}; }

Json neighbours_json(const std::vector<Neighbour>& neighbours) {
    Json all = Json::array();
    for (const Neighbour& one : neighbours) {
        all.push_back({{"Hook", one.hook}, {"What", one.what}, {"Order", one.order == Neighbour::Order::Before ? "before" : "behind"}});
    }
    return all;
}

std::string_view fast_path_name(FastPath way) { return way == FastPath::Off ? "off" : way == FastPath::Port ? "port" : "namespace"; }

Json port_json(const PortStatus& port) {
    Json drops = Json::array();
    std::uint64_t passed = 0;
    for (const ReasonCount& count : port.counters) {
        if (count.reason == PC_REASON_passed) {
            passed += count.packets;
            continue;
        }
        drops.push_back({{"Reason", name_of(count.reason)},
                         {"Direction", to_string(count.direction)},
                         {"Packets", count.packets},
                         {"Bytes", count.bytes}});
    }
    return {{"Device", port.line.device},
            {"Ifindex", port.line.ifindex},
            {"NetworkInterfaceId", port.line.interface_id},
            {"State", to_string(port.line.state)},
            {"Detail", port.line.detail},
            {"Rules", port.rules},
            {"Flows", port.flows},
            {"PassedPackets", passed},
            {"FastPath", fast_path_name(port.fast_path)},
            {"FastPathPackets", port.fast_packets},
            {"LostEvents", port.lost_events},
            {"Unenforced", port.unenforced},
            {"Neighbours", neighbours_json(port.neighbours)},
            {"Drops", std::move(drops)}};
}

Json healings_json(const HealingStatus& healings) {
    return {{"Count", healings.count}, {"Last", healings.count == 0 ? Json() : Json{{"At", healings.last_at}, {"Message", healings.last}}}};
}

Json refusal_json(const SourceStatus& source) {
    if (!source.refusal) {
        return nullptr;
    }
    Json errors = remarks_json(source.refusal->findings, Finding::Severity::Error);
    if (!source.refusal->failure.empty()) {
        errors.push_back(message_json(source.refusal->failure));
    }
    return {{"Since", source.refusal->since}, {"Errors", std::move(errors)}};
}

Json isolated_json(const std::vector<IsolatedObject>& objects) {
    Json array = Json::array();
    for (const IsolatedObject& object : objects) {
        const bool keeps = object.in_force == IsolatedObject::InForce::LastAccepted;
        array.push_back({{"Kind", object.name.kind->path},
                         {"Id", object.name.id},
                         {"InForce", keeps ? "last-accepted" : "nothing"},
                         {"Since", object.since},
                         {"Errors", remarks_json(object.reasons, Finding::Severity::Error)}});
    }
    return array;
}

// A present port is enforced when its line says so; unknown and orphaned devices are closed and belong to no interface.
bool is_enforced(const PortStatus& port) {
    const PortState state = port.line.state;
    const bool may_be_open = state == PortState::Degraded || state == PortState::Unenforced;
    return state == PortState::Enforced || state == PortState::Absent || (port.line.interface_id.empty() && !may_be_open);
}

Json event_json(const Event& event) {
    Json json{{"Message", to_line(event)},
              {"TimeNs", event.time_ns},
              {"NetworkInterfaceId", event.interface_id},
              {"Ifindex", event.ifindex},
              {"Direction", to_string(event.direction)},
              {"Reason", name_of(event.reason)},
              {"Rule", event.rule},
              {"Bytes", event.bytes},
              {"EtherType", event.ethertype},
              {"SourceMac", event.source_mac.to_string()},
              {"DestinationMac", event.destination_mac.to_string()}};
    if (event.source && event.destination) {
        json["Source"] = event.source->to_string();
        json["Destination"] = event.destination->to_string();
        json["Protocol"] = event.protocol;
        json["SourcePort"] = event.source_port;
        json["DestinationPort"] = event.destination_port;
        json["TcpFlags"] = event.tcp_flags;
        json["IcmpType"] = event.icmp_type;
        json["IcmpCode"] = event.icmp_code;
    }
    return json;
}

Json unconfirmed_json(const std::optional<UnconfirmedStatus>& unconfirmed) {
    return unconfirmed ? Json{{"Origin", unconfirmed->origin},
                              {"Generation", unconfirmed->generation},
                              {"Deadline", unconfirmed->deadline},
                              {"SecondsLeft", unconfirmed->seconds_left}}
                       : Json();
}

const std::optional<Trouble>& trouble_of(const ControllerStatus& status, const std::optional<UnconfirmedStatus>& unconfirmed) {
    return unconfirmed && unconfirmed->roll_back ? unconfirmed->roll_back : status.trouble;
}

Json trouble_json(const std::optional<Trouble>& trouble) {
    return trouble ? Json{{"Since", trouble->since}, {"Message", trouble->message}} : Json();
}

}  // namespace

std::string print_answer(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json remarks_json(const std::vector<Finding>& findings, Finding::Severity severity) {
    Json array = Json::array();
    for (const Finding& finding : findings) {
        if (finding.severity == severity) {
            array.push_back({{"File", finding.position.file}, {"Pointer", finding.position.pointer}, {"Message", finding.message}});
        }
    }
    return array;
}

std::string print_events(const std::deque<Event>& events) {
    Json all = Json::array();
    for (const Event& event : events) {
        all.push_back(event_json(event));
    }
    return print_answer(all);
}

Health health_of(const ControllerStatus& status, const SourceStatus& source, const std::optional<UnconfirmedStatus>& unconfirmed) {
    // Until a model that exists has been accepted, the ports that it names are not enforced, though none is listed.
    const bool lacks_model = !status.has_model && (source.refusal || !source.path.empty());
    const bool is_all_enforced =
        status.why_nothing_is_enforced.empty() && !lacks_model && status.is_up_to_date && std::ranges::all_of(status.ports, is_enforced);
    return {.is_enforced = is_all_enforced,
            .is_healthy = is_all_enforced && !trouble_of(status, unconfirmed) && !source.refusal && source.isolated.empty()};
}

std::string print_status(const ControllerStatus& status, const SourceStatus& source, const std::optional<UnconfirmedStatus>& unconfirmed) {
    Json ports = Json::array();
    for (const PortStatus& port : status.ports) {
        ports.push_back(port_json(port));
    }
    const Health health = health_of(status, source, unconfirmed);
    return print_answer({{"Version", PORTCULLIS_VERSION},
                         {"Backend", status.backend},
                         {"BackendReason", status.backend_reason},
                         {"Generation", status.generation},
                         {"Enforced", health.is_enforced},
                         {"Healthy", health.is_healthy},
                         {"Model",
                          {{"Source", source.path.empty() ? "api" : "file"},
                           {"Path", source.path},
                           {"Generation", status.model_generation},
                           {"AcceptedAt", status.accepted_at},
                           {"Refused", refusal_json(source)},
                           {"Isolated", isolated_json(source.isolated)},
                           {"Unconfirmed", unconfirmed_json(unconfirmed)}}},
                         {"NetworkAcls", status.uses_network_acls ? "used" : "off"},
                         {"Healings", healings_json(status.healings)},
                         {"Trouble", trouble_json(trouble_of(status, unconfirmed))},
                         {"Ports", std::move(ports)}});
}

std::string print_errors(const std::vector<Finding>& findings) {
    return print_answer({{"Errors", remarks_json(findings, Finding::Severity::Error)}});
}

std::string print_error(const std::string& message) { return print_answer({{"Errors", Json::array({message_json(message)})}}); }

HttpResponse error_response(unsigned status, const std::string& message) {
    return {.status = status, .body = print_error(message), .etag = {}};
}

}  // namespace portcullis
