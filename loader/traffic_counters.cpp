// SPDX-License-Identifier: Apache-2.0
#include "loader/traffic_counters.h"

#include <functional>
#include <string>
#include <string_view>

namespace portcullis {
namespace {

constexpr std::uint32_t kRowsPerPort = 2 * PC_REASONS_MAX;

std::vector<ReasonCount> reason_counts(const std::vector<std::uint64_t>& words) {
    std::vector<ReasonCount> counts;
    for (std::uint32_t row = 0; row < kRowsPerPort; ++row) {
        const ReasonCount count{.reason = static_cast<Reason>(row % PC_REASONS_MAX),
                                .direction = static_cast<Direction>(row / PC_REASONS_MAX),
                                .packets = words[std::size_t{row} * 2],
                                .bytes = words[std::size_t{row} * 2 + 1]};
        if (count.packets != 0) {
            counts.push_back(count);
        }
    }
    return counts;
}

bool is_live(const pc_flow& flow) { return (flow.word >> PC_WORD_STATE_SHIFT & PC_WORD_STATE_MASK) != PC_FLOW_DEAD; }

}  // namespace

Result<TrafficCounters> TrafficCounters::open(const BpfObject& object) {
    const auto sums = [&](const char* name, std::uint32_t words) -> Result<BpfSums> {
        auto fd = object.map(name);
        return fd ? BpfSums::adopt(std::move(*fd), words) : fail(std::move(fd.error()));
    };
    auto counters = sums("pc_counters", sizeof(pc_counter) / sizeof(std::uint64_t));
    auto rule_hits = sums("pc_rule_hits", 1);
    auto flows4 = object.map("pc_flows4").and_then([](UniqueFd fd) { return BpfMap<pc_flow4_key, pc_flow4>::adopt(std::move(fd)); });
    auto flows6 = object.map("pc_flows6").and_then([](UniqueFd fd) { return BpfMap<pc_flow6_key, pc_flow6>::adopt(std::move(fd)); });
    if (!counters || !rule_hits || !flows4 || !flows6) {
        return fail(!counters ? counters.error() : !rule_hits ? rule_hits.error() : !flows4 ? flows4.error() : flows6.error());
    }
    TrafficCounters opened;
    opened.counters_ = std::move(*counters);
    opened.rule_hits_ = std::move(*rule_hits);
    opened.flows4_ = std::move(*flows4);
    opened.flows6_ = std::move(*flows6);
    return opened;
}

Result<std::map<std::uint32_t, std::uint64_t>> TrafficCounters::flows_by_port() const {
    std::map<std::uint32_t, std::uint64_t> flows;
    const auto count = [&](const auto& key, const auto& entry) { flows[key.port_id] += is_live(entry.flow) ? 1U : 0U; };
    if (auto read = flows4_.for_each(count); !read) {
        return fail(std::move(read.error()));
    }
    if (auto read = flows6_.for_each(count); !read) {
        return fail(std::move(read.error()));
    }
    return flows;
}

Result<std::vector<PortCounters>> TrafficCounters::ports(const std::map<std::uint32_t, PortState>& in_use) const {
    auto flows = flows_by_port();
    if (!flows) {
        return fail(std::move(flows.error()));
    }
    std::vector<PortCounters> all;
    for (const auto& [slot, port] : in_use) {
        auto words = counters_.read(slot * kRowsPerPort, kRowsPerPort);
        if (!words) {
            return fail(std::move(words.error()));
        }
        all.push_back({.ifindex = port.ifindex, .reasons = reason_counts(*words), .flows = (*flows)[port.port_id]});
    }
    return all;
}

Result<std::vector<RuleHits>> TrafficCounters::rules(const Numbering& numbering) const {
    std::vector<RuleHits> all;
    const auto decisions = rule_hits_.read(0, numbering.highest() + 1);
    if (!decisions) {
        return fail(decisions.error());
    }
    for (std::uint32_t number = 1; number <= numbering.highest(); ++number) {
        const std::string_view label = numbering.key_of(number);
        if ((*decisions)[number] != 0 && !label.empty()) {
            all.push_back({.label = std::string(label), .decisions = (*decisions)[number]});
        }
    }
    return all;
}

Result<> TrafficCounters::restart_rules(const Numbering& numbering) {
    rule_keys_.resize(std::size_t{numbering.highest()} + 1);
    for (std::uint32_t number = 1; number <= numbering.highest(); ++number) {
        const std::string_view label = numbering.key_of(number);
        const std::size_t key = std::hash<std::string_view>{}(label);
        if (label.empty() || rule_keys_[number] == key) {
            continue;
        }
        const bool has_counted = rule_keys_[number] != 0;
        if (auto cleared = has_counted ? rule_hits_.clear(number, 1) : Result<>(); !cleared) {
            return cleared;
        }
        rule_keys_[number] = key;
    }
    return {};
}

Result<> TrafficCounters::restart_ports(const HostImage& in_force, const HostImage& wanted) {
    for (const auto& [slot, port] : wanted.ports) {
        const bool is_first = port.port_id >> PC_PORT_ID_SLOT_BITS == 1;
        if (is_first || in_force.ports.contains(slot)) {
            continue;
        }
        if (auto cleared = counters_.clear(slot * kRowsPerPort, kRowsPerPort); !cleared) {
            return cleared;
        }
    }
    return {};
}

}  // namespace portcullis
