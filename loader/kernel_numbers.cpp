// SPDX-License-Identifier: Apache-2.0
#include "loader/kernel_numbers.h"

#include <algorithm>
#include <array>
#include <utility>

#include "compiler/lower_bpf/keys.h"

namespace portcullis {
namespace {

using Keys = KernelNumbers::Keys;

// In use, whatever it stands for.
void note(Keys& keys, std::uint32_t number) {
    if (number != 0) {
        keys.try_emplace(number);
    }
}

void note_decision(KernelNumbers& numbers, std::uint32_t decision) { note(numbers.rules, decision & ~PC_DENY); }

template <class Content>
void name_all(const std::map<std::uint32_t, Content>& contents, Keys& keys) {
    for (const auto& [number, content] : contents) {
        keys[number] = key_of(content);
    }
}

void read_port_sets(const MapImage& policy, KernelNumbers& numbers) {
    std::map<std::uint32_t, PortSetContent> sets;
    for (const auto& [number, head] : policy.set_heads) {
        note(numbers.port_sets, number);
        note_decision(numbers, head.any);
        std::ranges::for_each(head.unknown_ports, [&](std::uint32_t decision) { note_decision(numbers, decision); });
        if (head.number == number) {
            sets[number].head = head;
            sets[number].head.number = 0;
        }
    }
    for (auto [key, decision] : policy.port_sets) {
        note(numbers.port_sets, key.set);
        note_decision(numbers, decision);
        if (const auto set = sets.find(std::exchange(key.set, 0)); set != sets.end()) {
            set->second.ports.emplace_back(key, decision);
        }
    }
    name_all(sets, numbers.port_sets);
}

template <class Key>
void read_parts(const MapImage::Entries<Key, std::uint32_t>& entries, MapImage::Entries<Key, std::uint32_t> PolicyContent::*part,
                std::map<std::uint32_t, PolicyContent>& policies, KernelNumbers& numbers) {
    for (auto [key, set] : entries) {
        note(numbers.policies, key.policy);
        note(numbers.port_sets, set);
        if (const auto policy = policies.find(std::exchange(key.policy, 0)); policy != policies.end()) {
            (policy->second.*part).emplace_back(key, set);
        }
    }
}

void read_policies(const MapImage& policy, KernelNumbers& numbers) {
    std::map<std::uint32_t, PolicyContent> policies;
    for (const auto& [number, row] : policy.policies) {
        note(numbers.policies, number);
        std::ranges::for_each(row.default_set, [&](std::uint32_t set) { note(numbers.port_sets, set); });
        std::ranges::for_each(row.literal_set, [&](std::uint32_t set) { note(numbers.port_sets, set); });
        if (row.number == number) {
            policies[number].row = row;
            policies[number].row.number = 0;
        }
    }
    read_parts(policy.cidrs4, &PolicyContent::cidrs4, policies, numbers);
    read_parts(policy.cidrs6, &PolicyContent::cidrs6, policies, numbers);
    read_parts(policy.group_sets, &PolicyContent::groups, policies, numbers);
    for (const auto& [key, set] : policy.group_sets) {
        note(numbers.groups, key.group);
    }
    name_all(policies, numbers.policies);
}

void read_sets(const MapImage& policy, KernelNumbers& numbers) {
    std::map<std::uint32_t, AddressSetContent> addresses;
    for (auto [key, value] : policy.addresses4) {
        addresses[std::exchange(key.address_set, 0)].addresses4.emplace_back(key, value);
    }
    for (auto [key, value] : policy.addresses6) {
        addresses[std::exchange(key.address_set, 0)].addresses6.emplace_back(key, value);
    }
    std::map<std::uint32_t, ServiceSetContent> services;
    for (auto [key, value] : policy.services) {
        services[std::exchange(key.set, 0)].emplace_back(key, value);
    }
    name_all(addresses, numbers.address_sets);
    name_all(services, numbers.service_sets);
}

template <class Key>
void read_members(const MapImage::Entries<Key, std::uint32_t>& members, KernelNumbers& numbers) {
    for (const auto& [key, owner] : members) {
        numbers.owners[owner] = key_of(key);
        if (key.zone != PC_ZONE_ALL) {
            note(numbers.zones, key.zone);
        }
    }
}

void read_rows(const KernelContent& content, KernelNumbers& numbers) {
    for (const auto& [row, owner] : content.owners) {
        for (std::size_t parity = 0; parity < 2; ++parity) {
            note(numbers.interfaces, owner.interface[parity]);
            note(numbers.interfaces, owner.own[parity] == PC_OWN_NONE ? 0 : owner.own[parity]);
            note(numbers.subnets, owner.subnet[parity]);
        }
    }
    for (const auto& [number, row] : content.interfaces) {
        note(numbers.interfaces, number);
        for (const auto& groups : row.groups) {
            std::ranges::for_each(groups, [&](std::uint32_t group) { note(numbers.groups, group); });
        }
    }
    for (const auto& [slot, port] : content.ports) {
        for (const pc_port_view& view : port.view) {
            note(numbers.zones, view.zone);
            note(numbers.subnets, view.subnet);
            note(numbers.interfaces, view.interface);
            for (const std::uint32_t set : {view.address_set, view.deny_set, view.source_set}) {
                note(numbers.address_sets, set);
            }
            for (const std::uint32_t set : {view.services[0], view.services[1], view.host_set}) {
                note(numbers.service_sets, set);
            }
            for (std::size_t direction = 0; direction < 2; ++direction) {
                note(numbers.policies, view.group_policy[direction]);
                note(numbers.policies, view.acl_policy[direction]);
            }
        }
    }
}

}  // namespace

KernelNumbers numbers_in(const KernelContent& content) {
    const MapImage& policy = content.policy;
    KernelNumbers numbers;
    numbers.rules = names_of(PC_NAME_RULE, policy.names);
    numbers.groups = names_of(PC_NAME_GROUP, policy.names);
    numbers.interfaces = names_of(PC_NAME_INTERFACE, policy.names);
    numbers.zones = names_of(PC_NAME_ZONE, policy.names);
    numbers.subnets = names_of(PC_NAME_SUBNET, policy.names);
    read_port_sets(policy, numbers);
    read_policies(policy, numbers);
    read_sets(policy, numbers);
    read_members(policy.members4, numbers);
    read_members(policy.members6, numbers);
    read_rows(content, numbers);
    return numbers;
}

Result<> restore_numbers(const KernelNumbers& numbers, Numberings& numberings) {
    const std::array<std::pair<const Keys*, Numbering*>, 10> kinds = {{{&numbers.rules, &numberings.rules},
                                                                       {&numbers.port_sets, &numberings.port_sets},
                                                                       {&numbers.policies, &numberings.policies},
                                                                       {&numbers.groups, &numberings.groups},
                                                                       {&numbers.interfaces, &numberings.interfaces},
                                                                       {&numbers.zones, &numberings.zones},
                                                                       {&numbers.subnets, &numberings.subnets},
                                                                       {&numbers.owners, &numberings.owners},
                                                                       {&numbers.address_sets, &numberings.address_sets},
                                                                       {&numbers.service_sets, &numberings.service_sets}}};
    for (const auto& [keys, numbering] : kinds) {
        if (!keys->empty() && (keys->begin()->first == 0 || keys->rbegin()->first > numbering->capacity())) {
            return fail("the maps hold number " + std::to_string(keys->rbegin()->first) + " where at most " +
                        std::to_string(numbering->capacity()) + " can be");
        }
    }
    for (const auto& [keys, numbering] : kinds) {
        numbering->restore(*keys);
    }
    return {};
}

}  // namespace portcullis
