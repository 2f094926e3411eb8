// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/metrics.h"

#include <algorithm>
#include <set>
#include <vector>

#include "tools/daemon/metrics_text.h"

namespace portcullis {
namespace {

using Type = MetricsText::Type;
using Ports = std::vector<const PortStatus*>;

constexpr std::array kStates{PortState::Enforced,    PortState::Closed,   PortState::Absent,   PortState::Orphaned,  PortState::Conflict,
                             PortState::Quarantined, PortState::Released, PortState::Degraded, PortState::Unenforced};

// Present ones, each once: a claim in conflict is a line of its own about a device that has another.
Ports present_ports(const ControllerStatus& status) {
    Ports ports;
    std::set<std::uint32_t> seen;
    for (const PortStatus& port : status.ports) {
        if (port.line.ifindex != 0 && seen.insert(port.line.ifindex).second) {
            ports.push_back(&port);
        }
    }
    return ports;
}

// "bpf (tcx; xdp taps: …)" -> "bpf", "tcx": what else stands there names devices.
std::pair<std::string, std::string> back_end_of(const std::string& description) {
    const std::size_t space = description.find(' ');
    const std::size_t open = description.find('(');
    const std::size_t close = description.find_first_of(";)", open == std::string::npos ? 0 : open);
    const bool has_mode = open != std::string::npos && close != std::string::npos;
    return {description.substr(0, space), has_mode ? description.substr(open + 1, close - open - 1) : ""};
}

void add_host(MetricsText& text, const MetricsInput& input) {
    const ControllerStatus& status = input.status;
    text.family("portcullis_build_info", Type::Gauge, "1, of the daemon's version.");
    text.sample({{"version", PORTCULLIS_VERSION}}, 1);
    const auto [back_end, mode] = back_end_of(status.backend);
    text.family("portcullis_backend_info", Type::Gauge, "1, of the back end that enforces.");
    text.sample({{"backend", back_end}, {"mode", mode}}, 1);
    text.family("portcullis_generation", Type::Gauge, "Generation that is enforced.");
    text.sample(status.generation);
    text.family("portcullis_model_generation", Type::Gauge, "Generation at which the model was last accepted.");
    text.sample(status.model_generation);
    text.family("portcullis_enforced", Type::Gauge, "1 if every present port is enforced.");
    text.sample(input.is_enforced ? 1 : 0);
    text.family("portcullis_healthy", Type::Gauge, "1 if every present port is enforced, and nothing is refused, isolated or in trouble.");
    text.sample(input.is_healthy ? 1 : 0);
}

void add_changes(MetricsText& text, const MetricsInput& input) {
    const ChangeTimes& times = input.status.times;
    if (times.accepted_unix_s != 0) {
        text.family("portcullis_model_accepted_timestamp_seconds", Type::Gauge, "When a model was last accepted, in seconds since 1970.");
        text.sample(times.accepted_unix_s);
    }
    if (times.refused_unix_s != 0) {
        text.family("portcullis_model_refused_timestamp_seconds", Type::Gauge,
                    "When a model was last refused or could not be enforced, in seconds since 1970.");
        text.sample(times.refused_unix_s);
    }
    text.family("portcullis_model_refused", Type::Gauge, "1 if the model of --model is refused as it is now.");
    text.sample(input.source.refusal ? 1 : 0);
    text.family("portcullis_isolated_objects", Type::Gauge, "Objects of the model that are isolated for their errors.");
    text.sample(input.source.isolated.size());
    text.family("portcullis_last_apply_duration_seconds", Type::Gauge, "How long the kernel took for the last change.");
    text.seconds(times.apply_s);
    text.family("portcullis_last_apply_kernel_writes", Type::Gauge, "Map entries or nftables objects that the last change wrote.");
    text.sample(times.kernel_writes);
    text.family("portcullis_healings_total", Type::Counter, "What others changed and was put right, by what it was.");
    const auto kinds = {Tampering::Kind::Program, Tampering::Kind::Order, Tampering::Kind::EarlyDrop, Tampering::Kind::Pin,
                        Tampering::Kind::Table};
    for (const Tampering::Kind kind : kinds) {
        text.sample({{"kind", to_string(kind)}}, input.status.healings.of(kind));
    }
    text.family("portcullis_api_requests_total", Type::Counter, "Requests that were answered.");
    for (const auto& [request, count] : input.requests.counts()) {
        text.sample({{"method", request.first}, {"code", std::to_string(request.second)}}, count);
    }
}

void add_traffic(MetricsText& text, const Ports& ports) {
    const auto add = [&](std::string_view name, std::string_view help, std::uint64_t ReasonCount::*what) {
        text.family(name, Type::Counter, help);
        for (const PortStatus* port : ports) {
            for (const ReasonCount& count : port->counters) {
                text.sample({{"device", port->line.device},
                             {"interface", port->line.interface_id},
                             {"direction", to_string(count.direction)},
                             {"reason", name_of(count.reason)}},
                            count.*what);
            }
        }
    };
    add("portcullis_port_packets_total", "Packets, by the reason for which they passed or were dropped.", &ReasonCount::packets);
    add("portcullis_port_bytes_total", "Bytes of those packets.", &ReasonCount::bytes);
}

void add_ports(MetricsText& text, const ControllerStatus& status) {
    text.family("portcullis_ports", Type::Gauge, "Lines of status, by state.");
    for (const PortState state : kStates) {
        const auto is_in_state = [state](const PortStatus& port) { return port.line.state == state; };
        text.sample({{"state", to_string(state)}}, static_cast<std::uint64_t>(std::ranges::count_if(status.ports, is_in_state)));
    }
    const Ports ports = present_ports(status);
    const auto add = [&](std::string_view name, Type type, std::string_view help, std::uint64_t PortStatus::*what) {
        text.family(name, type, help);
        for (const PortStatus* port : ports) {
            text.sample({{"device", port->line.device}, {"interface", port->line.interface_id}}, port->*what);
        }
    };
    add_traffic(text, ports);
    add("portcullis_port_flows", Type::Gauge, "Live connections.", &PortStatus::flows);
    add("portcullis_port_flow_quota", Type::Gauge, "How many it may have; 0: it is not enforced.", &PortStatus::flow_quota);
    add("portcullis_port_half_open_quota", Type::Gauge, "How many of them may be half open, of each side.", &PortStatus::half_open_quota);
    add("portcullis_port_fast_path_packets_total", Type::Counter, "Packets that it sent, and that took the fast path.",
        &PortStatus::fast_packets);
    add("portcullis_port_lost_events_total", Type::Counter, "Denials that made no event: too many at once.", &PortStatus::lost_events);
}

}  // namespace

void RequestCounts::add(std::string_view method, unsigned status) {
    constexpr std::array<std::string_view, 4> kMethods{"GET", "PUT", "POST", "DELETE"};
    const auto* const known = std::ranges::find(kMethods, method);
    ++counts_[{known == kMethods.end() ? std::string_view("other") : *known, status}];
}

std::string print_metrics(const MetricsInput& input) {
    MetricsText text;
    add_host(text, input);
    add_changes(text, input);
    add_ports(text, input.status);
    return std::move(text).take();
}

}  // namespace portcullis
