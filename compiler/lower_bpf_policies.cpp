// SPDX-License-Identifier: Apache-2.0
// Policies -> pc_policies, pc_cidrs4/6 and pc_group_sets. A policy that decides nothing is number 0 and has no row.
#include "compiler/lower_bpf_state.h"

namespace portcullis {
namespace {

std::uint32_t default_set(const Lowering& lowering, const Policy& policy, Family family) {
    const auto& set = policy.default_set[static_cast<std::size_t>(family)];
    return set ? lowering.port_sets[*set] : 0;
}

void write_content(const Lowering& lowering, const Policy& policy, ContentKey& key) {
    key.clear();
    key.add(default_set(lowering, policy, Family::Ipv4));
    key.add(default_set(lowering, policy, Family::Ipv6));
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
    pc_policy row{.number = number,
                  .flags = policy.groups.empty() ? 0 : PC_POLICY_GROUPS,
                  .default_set = {default_set(lowering, policy, Family::Ipv4), default_set(lowering, policy, Family::Ipv6)}};
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
