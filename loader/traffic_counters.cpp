// SPDX-License-Identifier: Apache-2.0
#include "loader/traffic_counters.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>

namespace portcullis {
namespace {

constexpr std::uint32_t kRowsPerPort = 2 * PC_REASONS_MAX;
constexpr std::size_t kNoLongerKnown = 1;  // instead of a rule's hash: a number that counted for a rule that is gone

// `words` of both directions. What took the fast path passed as well.
std::vector<ReasonCount> reason_counts(const std::vector<std::uint64_t>& words) {
    std::vector<ReasonCount> counts;
    for (std::uint32_t row = 0; row < kRowsPerPort; ++row) {
        ReasonCount count{.reason = static_cast<Reason>(row % PC_REASONS_MAX),
                          .direction = static_cast<Direction>(row / PC_REASONS_MAX),
                          .packets = words[std::size_t{row} * 2],
                          .bytes = words[std::size_t{row} * 2 + 1]};
        if (row % PC_REASONS_MAX == PC_REASON_passed) {
            count.packets += words[std::size_t{row + PC_COUNTED_FAST} * 2];
            count.bytes += words[std::size_t{row + PC_COUNTED_FAST} * 2 + 1];
        }
        if (count.packets != 0 && count.reason < PC_REASON_COUNT) {
            counts.push_back(count);
        }
    }
    return counts;
}

}  // namespace

Result<TrafficCounters> TrafficCounters::open(const BpfObject& object) {
    const auto sums = [&](const char* name, std::uint32_t words) -> Result<BpfSums> {
        auto fd = object.map(name);
        return fd ? BpfSums::adopt(std::move(*fd), words) : fail(std::move(fd.error()));
    };
    auto counters = sums("pc_counters", sizeof(pc_counter) / sizeof(std::uint64_t));
    auto rule_hits = sums("pc_rule_hits", 1);
    auto states = object.map("pc_port_states").and_then([](UniqueFd fd) { return BpfRows<pc_port_state>::adopt(std::move(fd)); });
    if (!counters || !rule_hits || !states) {
        return fail(!counters ? counters.error() : !rule_hits ? rule_hits.error() : states.error());
    }
    TrafficCounters opened;
    opened.counters_ = std::move(*counters);
    opened.rule_hits_ = std::move(*rule_hits);
    opened.states_ = std::move(*states);
    return opened;
}

Result<std::vector<PortCounters>> TrafficCounters::ports(const std::map<std::uint32_t, PortState>& in_use) const {
    std::vector<PortCounters> all;
    for (const auto& [slot, port] : in_use) {
        auto words = counters_.read(slot * kRowsPerPort, kRowsPerPort);
        if (!words) {
            return fail(std::move(words.error()));
        }
        pc_port_state state{};
        if (auto found = states_.look_up(slot, state); !found) {
            return fail(std::move(found.error()));
        }
        all.push_back({.ifindex = port.ifindex,
                       .reasons = reason_counts(*words),
                       .fast_packets = (*words)[std::size_t{PC_COUNTED_FAST} * 2],  // outbound, whose rows come first
                       .flows = state.entries,
                       .lost_events = state.lost_events});
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

Result<> TrafficCounters::adopt(const Numbering& numbering) {
    const auto decisions = rule_hits_.read(0, rule_hits_.rows());
    if (!decisions) {
        return fail(decisions.error());
    }
    rule_keys_.resize(decisions->size());
    for (std::uint32_t number = 1; number < decisions->size(); ++number) {
        const std::string_view label = numbering.key_of(number);
        rule_keys_[number] = !label.empty() ? std::hash<std::string_view>{}(label) : (*decisions)[number] != 0 ? kNoLongerKnown : 0;
    }
    return {};
}

Result<std::vector<std::uint32_t>> TrafficCounters::last_port_ids() const {
    std::vector<std::uint32_t> ids;
    auto read = states_.for_each([&](std::uint32_t slot, const pc_port_state& state) {
        ids.resize(std::max<std::size_t>(ids.size(), std::size_t{slot} + 1));
        ids[slot] = state.port_id;
    });
    return read ? Result<std::vector<std::uint32_t>>(std::move(ids)) : fail(std::move(read.error()));
}

Result<> TrafficCounters::restart_rule(const Numbering& numbering, std::uint32_t number) {
    const std::string_view label = numbering.key_of(number);
    const std::size_t key = std::hash<std::string_view>{}(label);
    if (label.empty() || rule_keys_[number] == key) {
        return {};
    }
    const bool has_counted = rule_keys_[number] != 0;
    if (auto cleared = has_counted ? rule_hits_.clear(number, 1) : Result<>(); !cleared) {
        return cleared;
    }
    rule_keys_[number] = key;
    return {};
}

Result<> TrafficCounters::restart_rules(const Numbering& numbering) {
    rule_keys_.resize(std::max<std::size_t>(rule_keys_.size(), std::size_t{numbering.highest()} + 1));
    for (std::uint32_t number = 1; number <= numbering.highest(); ++number) {
        if (auto restarted = restart_rule(numbering, number); !restarted) {
            return restarted;
        }
    }
    return {};
}

Result<> TrafficCounters::restart_rules(const Numbering& numbering, std::span<const std::uint32_t> numbers) {
    rule_keys_.resize(std::max<std::size_t>(rule_keys_.size(), std::size_t{numbering.highest()} + 1));
    for (const std::uint32_t number : numbers) {
        if (auto restarted = restart_rule(numbering, number); !restarted) {
            return restarted;
        }
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
        pc_port_state state{};
        if (auto found = states_.look_up(slot, state); !found) {
            return fail(std::move(found.error()));
        }
        lost_before_[slot] = state.lost_events;
    }
    return {};
}

}  // namespace portcullis
