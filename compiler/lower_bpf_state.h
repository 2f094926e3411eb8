// SPDX-License-Identifier: Apache-2.0
// What the steps of lowering share: the image so far, and the number of everything by its index in the Ruleset. Internal to lower_bpf*.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <vector>

#include "compiler/lower_bpf.h"

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

// The steps, in this order; each needs the numbers of those before.
[[nodiscard]] Result<> lower_port_sets(Lowering& lowering);
[[nodiscard]] Result<> lower_policies(Lowering& lowering);
[[nodiscard]] Result<> lower_members(Lowering& lowering);
[[nodiscard]] Result<> lower_surroundings(Lowering& lowering);
[[nodiscard]] Result<> lower_ports(Lowering& lowering);

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
    static_assert(std::has_unique_object_representations_v<Key>, "padding would be compared");
    const auto compare = [](const Key& a, const Key& b) {
        if constexpr (std::is_integral_v<Key>) {
            return a < b ? -1 : (a > b ? 1 : 0);
        } else {
            return std::memcmp(&a, &b, sizeof a);
        }
    };
    std::sort(entries.begin(), entries.end(), [&](const auto& a, const auto& b) { return compare(a.first, b.first) < 0; });
    const auto end =
        std::unique(entries.begin(), entries.end(), [&](const auto& a, const auto& b) { return compare(a.first, b.first) == 0; });
    entries.erase(end, entries.end());
}

}  // namespace portcullis
