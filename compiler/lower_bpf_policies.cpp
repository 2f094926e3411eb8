// SPDX-License-Identifier: Apache-2.0
// Policies -> pc_policies, pc_cidrs4/6 and pc_group_sets. A policy that decides nothing is number 0 and has no row.
#include "compiler/lower_bpf_state.h"

namespace portcullis {
namespace {

// By Family; 0: empty.
std::array<std::uint32_t, 2> numbers_of(const Lowering& lowering, const std::array<std::optional<Index>, 2>& sets) {
    const auto number = [&](const std::optional<Index>& set) { return set ? lowering.port_sets[*set] : 0; };
    return {number(sets[0]), number(sets[1])};
}

void write_content(const Lowering& lowering, const Policy& policy, ContentKey& key) {
    key.clear();
    for (const auto& sets : {policy.default_set, policy.literal_set}) {
        for (const std::uint32_t number : numbers_of(lowering, sets)) {
            key.add(number);
        }
    }
    key.add(policy.cidrs.size());
    for (const auto& [prefix, set] : policy.cidrs) {
        key.add_prefix(prefix);
        key.add(lowering.port_sets[set]);
    }
    for (const auto& [group, set] : policy.groups) {
        key.add(lowering.groups[group]);
        key.add(lowering.port_sets[set]);
    }
}

void write_entries(Lowering& lowering, const Policy& policy, std::uint32_t number) {
    MapImage& image = lowering.image;
    pc_policy row{.number = number, .flags = policy.groups.empty() ? 0 : PC_POLICY_GROUPS};
    std::ranges::copy(numbers_of(lowering, policy.default_set), row.default_set);
    std::ranges::copy(numbers_of(lowering, policy.literal_set), row.literal_set);
    for (const auto& [prefix, set] : policy.cidrs) {
        if (prefix.family() == Family::Ipv4) {
            row.flags |= PC_POLICY_CIDRS4;
            image.cidrs4.emplace_back(with_prefix(pc_cidr4_key{.policy = number}, prefix), lowering.port_sets[set]);
        } else {
            row.flags |= PC_POLICY_CIDRS6;
            image.cidrs6.emplace_back(with_prefix(pc_cidr6_key{.policy = number}, prefix), lowering.port_sets[set]);
        }
    }
    for (const auto& [group, set] : policy.groups) {
        image.group_sets.emplace_back(pc_group_set_key{.policy = number, .group = lowering.groups[group]}, lowering.port_sets[set]);
    }
    image.policies.emplace_back(number, row);
}

}  // namespace

Result<> lower_policies(Lowering& lowering) {
    const Policy empty;
    ContentKey key;
    for (const Policy& policy : lowering.ruleset.policies) {
        if (policy == empty) {
            lowering.policies.push_back(0);
            continue;
        }
        write_content(lowering, policy, key);
        const auto number = lowering.numberings.policies.number_of(key.bytes());
        if (!number) {
            return fail(number.error());
        }
        lowering.policies.push_back(*number);
        write_entries(lowering, policy, *number);
    }
    return {};
}

}  // namespace portcullis
