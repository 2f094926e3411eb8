// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_bpf/lower_bpf.h"

#include <limits>
#include <span>

#include "compiler/lower_bpf/change.h"
#include "compiler/lower_bpf/keys.h"
#include "compiler/lower_bpf/state.h"

namespace portcullis {
namespace {

Result<std::vector<std::uint32_t>> numbers_of(std::uint16_t kind, Numbering& numbering, std::span<const std::string> ids, MapImage& image) {
    std::vector<std::uint32_t> numbers;
    numbers.reserve(ids.size());
    for (const std::string& id : ids) {
        const auto number = numbering.number_of(id);
        if (!number) {
            return fail(number.error());
        }
        numbers.push_back(*number);
        add_name(kind, *number, id, image.names);
    }
    return numbers;
}

// What needs a number each: refused before anything is numbered, with the need and not only the limit.
struct Need {
    const char* name;
    std::size_t need;
    std::uint32_t limit;
};

Result<> check_numbers(std::span<const Need> needs) {
    for (const Need& need : needs) {
        if (auto room = check_room(need.name, need.need, need.limit); !room) {
            return room;
        }
    }
    return {};
}

template <class Values>
std::size_t count_given(const Values& values) {
    return static_cast<std::size_t>(std::ranges::count_if(values, [](const auto& value) { return !is_empty(value); }));
}

Result<> check_policy_numbers(const Ruleset& ruleset, const MapCapacities& capacities) {
    const Need needs[] = {
        {"pc_rule_hits", count_given(ruleset.rules), capacities.rules},
        {"pc_set_heads", count_given(ruleset.port_sets), capacities.port_sets},
        {"pc_policies", count_given(ruleset.policies), capacities.policies},
    };
    return check_numbers(needs);
}

Result<> check_object_numbers(const Ruleset& ruleset, const MapCapacities& capacities) {
    const Need needs[] = {
        {"security groups", ruleset.groups.size(), capacities.groups},
        {"VPCs", ruleset.zones.size(), capacities.zones},
        {"subnets", ruleset.subnets.size(), capacities.subnets},
        {"pc_interfaces", ruleset.interfaces.size(), capacities.interfaces},
        {"pc_owners", ruleset.owners.size() + ruleset.instance_addresses.size(), capacities.owners},
    };
    return check_numbers(needs);
}

Result<> check_entries(const MapImage& image, const MapCapacities& capacities) {
    for (const SlotUse& use : slots_of(image, capacities)) {
        if (auto room = check_room(use.map, use.used, static_cast<std::uint32_t>(use.capacity)); !room) {
            return room;
        }
    }
    return {};
}

void sort_image(MapImage& image) {
    sort_by_key(image.policies);
    sort_by_key(image.set_heads);
    sort_by_key(image.owners);
    sort_by_key(image.interfaces);
    sort_by_key(image.port_sets);
    sort_by_key(image.cidrs4);
    sort_by_key(image.cidrs6);
    sort_by_key(image.group_sets);
    sort_by_key(image.addresses4);
    sort_by_key(image.addresses6);
    sort_by_key(image.members4);
    sort_by_key(image.members6);
    sort_by_key(image.services);
    sort_by_key(image.names);
    sort_by_key(image.rule_names);
}

LoweredPolicies::Kind counted(std::vector<std::uint32_t> numbers) {
    LoweredPolicies::Kind kind{.numbers = std::move(numbers), .uses = {}};
    for (const std::uint32_t number : kind.numbers) {
        kind.uses.resize(std::max<std::size_t>(kind.uses.size(), std::size_t{number} + 1));
        ++kind.uses[number];
    }
    return kind;
}

std::size_t rules_in_use(const MapImage& image) {
    std::vector<bool> is_used(1);  // by number
    const auto use = [&](std::uint32_t decision) {
        const std::uint32_t rule = decision & ~PC_DENY;
        is_used.resize(std::max<std::size_t>(is_used.size(), rule + 1u));
        is_used[rule] = true;
    };
    for (const auto& [key, decision] : image.port_sets) {
        use(decision);
    }
    for (const auto& [number, head] : image.set_heads) {
        use(head.any);
        std::ranges::for_each(head.unknown_ports, use);
    }
    return static_cast<std::size_t>(std::count(is_used.begin() + 1, is_used.end(), true));  // 0 is no rule
}

}  // namespace

Numberings::Numberings(const MapCapacities& capacities)
    : rules("rules", capacities.rules),
      port_sets("port sets", capacities.port_sets),
      policies("policies", capacities.policies),
      groups("security groups", capacities.groups),
      interfaces("network interfaces", capacities.interfaces),
      zones("VPCs", capacities.zones),
      subnets("subnets", capacities.subnets),
      owners("owners of addresses", capacities.owners),
      address_sets("sets of addresses", capacities.address_sets),
      service_sets("sets of services", capacities.service_sets) {}

void Numberings::retire_unused() {
    for (Numbering* numbering :
         {&rules, &port_sets, &policies, &groups, &interfaces, &zones, &subnets, &owners, &address_sets, &service_sets}) {
        numbering->retire_unused();
    }
}

void Numberings::retire(const PolicyChanges& changes) {
    rules.retire(changes.old_rules);
    port_sets.retire(changes.set_heads.removed);
    policies.retire(changes.policies.removed);
    for (Numbering* numbering : {&groups, &interfaces, &zones, &subnets, &owners, &address_sets, &service_sets}) {
        numbering->retire_unused();
    }
}

void Numberings::roll_back() {
    for (Numbering* numbering :
         {&rules, &port_sets, &policies, &groups, &interfaces, &zones, &subnets, &owners, &address_sets, &service_sets}) {
        numbering->roll_back();
    }
}

std::uint32_t ticks_of(std::uint32_t seconds) {
    constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
    constexpr std::uint64_t kNsPerTick = std::uint64_t{1} << PC_TICK_SHIFT;
    constexpr std::uint64_t kLongest = std::numeric_limits<std::int32_t>::max();  // ticks are compared modulo 2^32
    return static_cast<std::uint32_t>(std::min((seconds * kNsPerSecond + kNsPerTick - 1) / kNsPerTick, kLongest));
}

Result<> check_room(std::string_view map, std::size_t need, std::uint32_t limit) {
    if (need > limit) {
        return fail(std::string(map) + ": " + std::to_string(need) + " are needed, the limit is " + std::to_string(limit));
    }
    return {};
}

Result<> number_names(Lowering& lowering) {
    const Ruleset& ruleset = lowering.ruleset;
    if (auto room = check_object_numbers(ruleset, lowering.capacities); !room) {
        return room;
    }
    struct Kind {
        std::uint16_t kind;
        const std::vector<std::string>& ids;
        Numbering& numbering;
        std::vector<std::uint32_t>& numbers;
    };
    const Kind kinds[] = {
        {PC_NAME_GROUP, ruleset.groups, lowering.numberings.groups, lowering.groups},
        {PC_NAME_ZONE, ruleset.zones, lowering.numberings.zones, lowering.zones},
        {PC_NAME_SUBNET, ruleset.subnets, lowering.numberings.subnets, lowering.subnets},
    };
    for (const Kind& kind : kinds) {
        auto numbers = numbers_of(kind.kind, kind.numbering, kind.ids, lowering.image);
        if (!numbers) {
            return fail(numbers.error());
        }
        kind.numbers = std::move(*numbers);
    }
    return {};
}

Result<> number_rules(Lowering& lowering) {
    lowering.rules.reserve(lowering.ruleset.rules.size());
    for (const Rule& rule : lowering.ruleset.rules) {
        if (is_empty(rule)) {
            lowering.rules.push_back(0);
            continue;
        }
        const auto number = lowering.numberings.rules.number_of(rule.label);
        if (!number) {
            return fail(number.error());
        }
        lowering.rules.push_back(*number);
        add_name(PC_NAME_RULE, *number, rule.label, lowering.image.rule_names);
    }
    return {};
}

Result<> lower_objects(Lowering& lowering) {
    for (const auto step : {lower_members, lower_surroundings, lower_ports}) {
        if (const auto done = step(lowering); !done) {
            return done;
        }
    }
    sort_image(lowering.image);
    return check_entries(lowering.image, lowering.capacities);
}

Result<MapImage> lower_bpf(const Ruleset& ruleset, const MapCapacities& capacities, Numberings& numberings, const DeviceNumbers& devices,
                           LoweredPolicies* lowered) {
    if (const auto room = check_policy_numbers(ruleset, capacities); !room) {
        return fail(room.error());
    }
    Lowering lowering{.ruleset = ruleset, .capacities = capacities, .numberings = numberings, .devices = devices};
    for (const auto step : {number_names, number_rules, lower_port_sets, lower_policies, lower_objects}) {
        if (const auto done = step(lowering); !done) {
            return fail(done.error());
        }
    }
    if (lowered != nullptr) {
        *lowered = {.revision = ruleset.revision,
                    .rules = counted(std::move(lowering.rules)),
                    .port_sets = counted(std::move(lowering.port_sets)),
                    .policies = counted(std::move(lowering.policies))};
    }
    return std::move(lowering.image);
}

ServiceSet bridge_services_of(const MapImage& image, std::size_t bridge, std::size_t port) {
    const std::vector<ServiceSet>& by_zone = image.bridge_services[bridge];
    return by_zone.empty() ? ServiceSet{} : by_zone[image.port_zones[port]];
}

std::vector<SlotUse> slots_of(const MapImage& image, const MapCapacities& capacities) {
    return {
        {"pc_rule_hits", rules_in_use(image), capacities.rules},
        {"pc_set_heads", image.set_heads.size(), capacities.port_sets},
        {"pc_port_sets", image.port_sets.size(), capacities.port_set_entries},
        {"pc_policies", image.policies.size(), capacities.policies},
        {"pc_cidrs4", image.cidrs4.size(), capacities.cidrs4},
        {"pc_cidrs6", image.cidrs6.size(), capacities.cidrs6},
        {"pc_group_sets", image.group_sets.size(), capacities.group_sets},
        {"pc_interfaces", image.interfaces.size(), capacities.interfaces},
        {"pc_owners", image.owners.size(), capacities.owners},
        {"pc_members4", image.members4.size(), capacities.members4},
        {"pc_members6", image.members6.size(), capacities.members6},
        {"pc_addresses4", image.addresses4.size(), capacities.addresses4},
        {"pc_addresses6", image.addresses6.size(), capacities.addresses6},
        {"pc_services", image.services.size(), capacities.services},
        {"pc_names", image.names.size() + image.rule_names.size(), capacities.names},
    };
}

}  // namespace portcullis
