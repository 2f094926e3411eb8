// SPDX-License-Identifier: Apache-2.0
// Policies -> pc_policies, pc_cidrs4/6 and pc_group_sets. A policy that decides nothing is number 0 and has no row.
#include "compiler/lower_bpf/keys.h"
#include "compiler/lower_bpf/state.h"

namespace portcullis {
namespace {

// By Family; 0: empty.
std::array<std::uint32_t, 2> numbers_of(const Lowering& lowering, const std::array<std::optional<Index>, 2>& sets) {
    const auto number = [&](const std::optional<Index>& set) { return set ? lowering.port_sets[*set] : 0; };
    return {number(sets[0]), number(sets[1])};
}

template <class Key>
void add_entries(MapImage::Entries<Key, std::uint32_t> entries, std::uint32_t policy, MapImage::Entries<Key, std::uint32_t>& all) {
    for (auto& [key, set] : entries) {
        key.policy = policy;
        all.emplace_back(key, set);
    }
}

}  // namespace

PolicyContent content_of(const Lowering& lowering, const Policy& policy) {
    PolicyContent content{.row = {.flags = policy.groups.empty() ? 0 : PC_POLICY_GROUPS}, .cidrs4 = {}, .cidrs6 = {}, .groups = {}};
    std::ranges::copy(numbers_of(lowering, policy.default_set), content.row.default_set);
    std::ranges::copy(numbers_of(lowering, policy.literal_set), content.row.literal_set);
    for (const auto& [prefix, set] : policy.cidrs) {
        if (prefix.family() == Family::Ipv4) {
            content.row.flags |= PC_POLICY_CIDRS4;
            content.cidrs4.emplace_back(with_prefix(pc_cidr4_key{}, prefix), lowering.port_sets[set]);
        } else {
            content.row.flags |= PC_POLICY_CIDRS6;
            content.cidrs6.emplace_back(with_prefix(pc_cidr6_key{}, prefix), lowering.port_sets[set]);
        }
    }
    for (const auto& [group, set] : policy.groups) {
        content.groups.emplace_back(pc_group_set_key{.policy = 0, .group = lowering.groups[group]}, lowering.port_sets[set]);
    }
    sort_by_key(content.cidrs4);
    sort_by_key(content.cidrs6);
    sort_by_key(content.groups);
    return content;
}

void add_to(MapImage& image, std::uint32_t number, PolicyContent content) {
    content.row.number = number;
    image.policies.emplace_back(number, content.row);
    add_entries(std::move(content.cidrs4), number, image.cidrs4);
    add_entries(std::move(content.cidrs6), number, image.cidrs6);
    add_entries(std::move(content.groups), number, image.group_sets);
}

Result<> lower_policies(Lowering& lowering) {
    for (const Policy& policy : lowering.ruleset.policies) {
        if (is_empty(policy)) {
            lowering.policies.push_back(0);
            continue;
        }
        PolicyContent content = content_of(lowering, policy);
        const auto number = lowering.numberings.policies.number_of(key_of(content));
        if (!number) {
            return fail(number.error());
        }
        lowering.policies.push_back(*number);
        add_to(lowering.image, *number, std::move(content));
    }
    return {};
}

}  // namespace portcullis
