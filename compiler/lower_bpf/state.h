// SPDX-License-Identifier: Apache-2.0
// What the steps of lowering share: the image so far, and the number of everything by its index in the Ruleset. Internal to lower_bpf*.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "compiler/lower_bpf/keys.h"
#include "compiler/lower_bpf/lower_bpf.h"
#include "compiler/lower_bpf/map_changes.h"

namespace portcullis {

struct Lowering {
    const Ruleset& ruleset;
    const MapCapacities& capacities;
    Numberings& numberings;
    const DeviceNumbers& devices;
    MapImage image{};
    // Numbers by index.
    std::vector<std::uint32_t> rules{};
    std::vector<std::uint32_t> port_sets{};
    std::vector<std::uint32_t> policies{};
    std::vector<std::uint32_t> groups{};
    std::vector<std::uint32_t> zones{};
    std::vector<std::uint32_t> subnets{};
    std::vector<std::uint32_t> interfaces{};
    std::vector<ServiceSet> surroundings{};
    std::uint32_t deny_set = 0;
    std::uint32_t host_set = 0;
};

// The steps, in this order; each needs the numbers of those before. The first and the last are the same for a ruleset that came about by a
// change; for the three between them, see lower_bpf/change.cpp.
[[nodiscard]] Result<> number_names(Lowering& lowering);  // but for those of rules
[[nodiscard]] Result<> number_rules(Lowering& lowering);
[[nodiscard]] Result<> lower_port_sets(Lowering& lowering);
[[nodiscard]] Result<> lower_policies(Lowering& lowering);
[[nodiscard]] Result<> lower_objects(Lowering& lowering);  // and whether all fits

// Parts of lower_objects.
[[nodiscard]] Result<> lower_members(Lowering& lowering);
[[nodiscard]] Result<> lower_surroundings(Lowering& lowering);
[[nodiscard]] Result<> lower_ports(Lowering& lowering);

// What stands at an index that nothing refers to, and a policy that decides nothing. No other port set is without a decision.
[[nodiscard]] inline bool is_empty(const Rule& rule) { return rule.label.empty(); }
[[nodiscard]] inline bool is_empty(const PortSet& set) { return set.ranges.empty() && !set.any; }
[[nodiscard]] inline bool is_empty(const Policy& policy) { return policy == Policy{}; }

// With the numbers of `lowering`, and without its own.
[[nodiscard]] PortSetContent content_of(const Lowering& lowering, const PortSet& set);
[[nodiscard]] PolicyContent content_of(const Lowering& lowering, const Policy& policy);
void add_to(MapImage& image, std::uint32_t number, PortSetContent content);
void add_to(MapImage& image, std::uint32_t number, PolicyContent content);

// Fails when more than `limit` entries are needed.
[[nodiscard]] Result<> check_room(std::string_view map, std::size_t need, std::uint32_t limit);

// Keys of tries: half an abi key, filled by the caller with what precedes the address.
template <class Key>
[[nodiscard]] Key with_prefix(Key key, const Prefix& prefix) {
    key.prefixlen = 32u + prefix.length;
    std::memcpy(&key.address, prefix.address.bytes.data(), sizeof key.address);
    return key;
}

// Sorts by the bytes of the keys and drops repeated ones: contents that got one number were written once per index.
template <class Key, class Value>
void sort_by_key(MapImage::Entries<Key, Value>& entries) {
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return compare_keys(a.first, b.first) < 0; });
    const auto end =
        std::unique(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return compare_keys(a.first, b.first) == 0; });
    entries.erase(end, entries.end());
}

}  // namespace portcullis
