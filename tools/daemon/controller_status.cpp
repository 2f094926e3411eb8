// SPDX-License-Identifier: Apache-2.0
// The part of the controller that tells what is enforced, and looks at nothing but what is known and counted.
#include <algorithm>
#include <iterator>
#include <utility>

#include "tools/daemon/clock.h"
#include "tools/daemon/controller.h"

namespace portcullis {

ControllerStatus Controller::status() const {
    ControllerStatus status{.backend = host_.dataplane.description(),
                            .backend_reason = host_.backend_reason(),
                            .why_nothing_is_enforced = host_.dataplane.why_nothing_is_enforced(),
                            .generation = generation_,
                            .model_generation = model_generation_,
                            .has_model = model_.has_value(),
                            .uses_network_acls = model_ && model_->has_network_acls,
                            .is_up_to_date = !enforcement_trouble_,
                            .accepted_at = accepted_at_,
                            .ports = {},
                            .healings = healings_.status(),
                            .times = times_,
                            .trouble = enforcement_trouble_ ? enforcement_trouble_
                                       : healing_trouble_   ? healing_trouble_
                                                            : storage_trouble_};
    const Result<std::vector<PortCounters>> counters = host_.dataplane.port_counters();
    if (!counters && !status.trouble) {
        status.trouble = Trouble{.since = utc_now(), .message = counters.error().message};
    }
    const Result<std::vector<Neighbour>> neighbours = host_.dataplane.neighbours();
    if (!neighbours && !status.trouble) {
        status.trouble = Trouble{.since = utc_now(), .message = neighbours.error().message};
    }
    for (const PortLine& line : lines()) {
        PortStatus& port = status.ports.emplace_back(PortStatus{.line = line});
        fill(port);
        if (neighbours && line.ifindex != 0) {
            std::ranges::copy_if(*neighbours, std::back_inserter(port.neighbours),
                                 [&](const Neighbour& one) { return one.ifindex == line.ifindex; });
        }
        if (!counters || line.ifindex == 0) {
            continue;
        }
        if (const auto found = std::ranges::find(*counters, line.ifindex, &PortCounters::ifindex); found != counters->end()) {
            port.flows = found->flows;
            port.lost_events = found->lost_events;
            port.fast_packets = found->fast_packets;
            port.counters = found->reasons;
        }
    }
    return status;
}

// What the model says of it.
void Controller::fill(PortStatus& port) const {
    port.rules = rules_of(port.line);
    port.unenforced = unenforced_of(port.line.ifindex);
    const auto applied = std::ranges::find(applied_, port.line.ifindex, &DeviceBinding::ifindex);
    if (applied != applied_.end() && applied->kind == DeviceBinding::Kind::Bound) {
        port.flow_quota = ruleset_.ports[applied->port].flows;
        port.half_open_quota = ruleset_.ports[applied->port].half_open;
        port.fast_path = applied->fast_path;
    }
}

// A line says what was planned; what the data plane has not taken is closed, whatever was planned, and what others keep from enforcing is
// degraded.
std::vector<PortLine> Controller::lines() const {
    std::vector<PortLine> lines = planned_lines_;
    for (PortLine& line : lines) {
        const auto applied = std::ranges::find(applied_, line.ifindex, &DeviceBinding::ifindex);
        const bool is_bound = applied != applied_.end() && applied->kind == DeviceBinding::Kind::Bound &&
                              ruleset_.ports[applied->port].interface_id == line.interface_id;
        if (line.state == PortState::Enforced && !is_bound) {
            line.state = PortState::Closed;
            line.detail = enforcement_trouble_ ? enforcement_trouble_->message : "not prepared yet";
        }
        const bool is_open = applied == applied_.end() || applied->kind != DeviceBinding::Kind::Closed;
        if (line.state == PortState::Quarantined && is_open && enforcement_trouble_) {
            line.state = PortState::Conflict;
            line.detail = "is to be in quarantine, and is not closed yet: " + enforcement_trouble_->message;
        }
        if (std::string trouble = healings_.trouble_of(line.ifindex); line.ifindex != 0 && !trouble.empty()) {
            line.state = PortState::Degraded;
            line.detail = std::move(trouble);
        }
    }
    return lines;
}

std::vector<std::string> Controller::unenforced_of(std::uint32_t ifindex) const {
    std::vector<std::string> sentences;
    for (const Unenforced& one : unenforced_) {
        if (one.ifindex == ifindex) {
            sentences.push_back(one.what);
        }
    }
    return sentences;
}

std::vector<PortLine> Controller::lines_of(std::string_view port) const {
    std::vector<PortLine> found = lines();
    std::erase_if(found, [&](const PortLine& line) { return line.device != port && line.interface_id != port; });
    return found;
}

Result<RuleCounts> Controller::rule_counts(std::size_t most) const {
    const Result<std::vector<RuleHits>> hits = host_.dataplane.rule_hits();
    if (!hits) {
        return fail(hits.error());
    }
    return model_ ? count_rules(*model_, *hits, most) : RuleCounts{};
}

std::uint64_t Controller::rules_of(const PortLine& line) const {
    const auto interface = std::ranges::find(model_->network_interfaces, line.interface_id, &NetworkInterface::id);
    if (line.state != PortState::Enforced || interface == model_->network_interfaces.end()) {
        return 0;
    }
    std::uint64_t rules = 0;
    for (const SecurityGroup& group : model_->security_groups) {
        if (std::ranges::find(interface->group_ids, group.id) != interface->group_ids.end()) {
            rules += group.rules[0].size() + group.rules[1].size();
        }
    }
    return rules;
}

}  // namespace portcullis
