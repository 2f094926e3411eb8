// SPDX-License-Identifier: Apache-2.0
// Lowering a ruleset that came about by a change of the one that was lowered before (RulesetRevision): of policies, port sets and rules
// only what stands at the indices that the change touched is gone through, before and after; all else is lowered as ever, by the same code.
// What comes out is what lower_bpf.h makes of the whole. docs/decisions/0011-incremental.md
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "compiler/lower_bpf/lower_bpf.h"
#include "compiler/lower_bpf/map_changes.h"

namespace portcullis {

// Which numbers the rules, port sets and policies of a ruleset have.
struct LoweredPolicies {
    struct Kind {
        std::vector<std::uint32_t> numbers;  // by index; 0: there is none, or it decides nothing
        std::vector<std::uint32_t> uses;     // by number: how many indices have it
    };
    std::shared_ptr<const RulesetRevision> revision;  // of which ruleset; none: of none
    Kind rules, port_sets, policies;
};

// Of the maps whose entries come from policies, port sets and rules alone. Sorted.
struct PolicyChanges {
    EntryChanges<std::uint32_t, pc_policy> policies;
    EntryChanges<std::uint32_t, pc_set_head> set_heads;
    EntryChanges<pc_port_set_key, std::uint32_t> port_sets;
    EntryChanges<pc_cidr4_key, std::uint32_t> cidrs4;
    EntryChanges<pc_cidr6_key, std::uint32_t> cidrs6;
    EntryChanges<pc_group_set_key, std::uint32_t> group_sets;
    EntryChanges<pc_name_key, pc_name> rule_names;
    std::vector<std::uint32_t> new_rules;  // numbers
    std::vector<std::uint32_t> old_rules;  // numbers that are no rule's any more
};

// Whether the ruleset is the lowered one, or the next after it.
[[nodiscard]] bool goes_on_from(const LoweredPolicies& lowered, const Ruleset& ruleset);

struct LoweredChange {
    MapImage image;  // but for what `policies` is about: see take_policies
    PolicyChanges policies;
};

// Pre: goes_on_from(lowered, ruleset); `former` is the image of the lowered one. Afterwards `lowered` is of `ruleset`; on failure, whose
// reason may be that everything would have to be lowered anew, it is spent, and `numberings` is to be rolled back.
[[nodiscard]] Result<LoweredChange> lower_bpf_change(const Ruleset& ruleset, const MapImage& former, const MapCapacities& capacities,
                                                     Numberings& numberings, const DeviceNumbers& devices, LoweredPolicies& lowered);

// Gives `image` what of the former one is about policies, as it is after the changes.
void take_policies(MapImage& image, MapImage& former, const PolicyChanges& changes);

}  // namespace portcullis
