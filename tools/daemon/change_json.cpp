// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/change_json.h"

#include <nlohmann/json.hpp>

#include "tools/daemon/api_json.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;

Json state_json(const std::optional<PortState>& state) { return state ? Json(to_string(*state)) : Json(); }

Json port_json(const PortChange& port) {
    return {{"Device", port.device},
            {"NetworkInterfaceId", port.interface_id},
            {"Before", state_json(port.before)},
            {"After", state_json(port.after)}};
}

Json object_json(const ObjectDifference& object) {
    return {{"Change", to_string(object.change)},
            {"Kind", object.kind},
            {"Id", object.id},
            {"AddedRules", object.added_rules},
            {"RemovedRules", object.removed_rules}};
}

}  // namespace

std::string print_change(const ChangeOutcome& outcome, const std::optional<UnconfirmedStatus>& unconfirmed) {
    Json json{{"Generation", outcome.generation},
              {"Compiled", outcome.compiled},
              {"KernelWrites", outcome.kernel_writes},
              {"Warnings", remarks_json(outcome.findings, Finding::Severity::Warning)}};
    if (!outcome.why_nothing_is_enforced.empty()) {
        json["NotEnforced"] = outcome.why_nothing_is_enforced;
    }
    if (unconfirmed) {
        json["ConfirmBefore"] = unconfirmed->deadline;
    }
    return print_answer(json);
}

std::string print_confirmed(std::uint64_t generation) { return print_answer({{"Generation", generation}}); }

std::string print_plan(const PlannedChange& planned, std::uint64_t generation) {
    Json ports = Json::array();
    for (const PortChange& port : planned.ports) {
        ports.push_back(port_json(port));
    }
    Json objects = Json::array();
    for (const ObjectDifference& object : planned.objects) {
        objects.push_back(object_json(object));
    }
    Json places = Json::array();
    std::uint64_t total = 0;
    for (const PlannedWrites& writes : planned.writes) {
        places.push_back({{"Where", writes.where}, {"Count", writes.count}});
        total += writes.count;
    }
    return print_answer({{"Generation", generation},
                         {"Ports", std::move(ports)},
                         {"Objects", std::move(objects)},
                         {"KernelWrites", {{"Total", total}, {"Places", std::move(places)}}},
                         {"Warnings", remarks_json(planned.findings, Finding::Severity::Warning)}});
}

}  // namespace portcullis
