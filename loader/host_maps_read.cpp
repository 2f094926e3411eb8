// SPDX-License-Identifier: Apache-2.0
// Reading the maps back: what a former daemon left in them.
#include <algorithm>
#include <cstring>
#include <type_traits>

#include "loader/host_maps.h"

namespace portcullis {
namespace {

template <class Key, class Value>
using Entries = MapImage::Entries<Key, Value>;

template <class Key, class Value>
void sort_entries(Entries<Key, Value>& entries) {
    std::ranges::sort(entries, [](const auto& a, const auto& b) {
        if constexpr (std::is_integral_v<Key>) {
            return a.first < b.first;
        } else {
            return std::memcmp(&a.first, &b.first, sizeof(Key)) < 0;
        }
    });
}

template <class Key, class Value>
Result<> read_entries(const BpfMap<Key, Value>& map, Entries<Key, Value>& entries) {
    auto read = map.for_each([&](const Key& key, const Value& value) { entries.emplace_back(key, value); });
    sort_entries(entries);
    return read;
}

template <class Row>
Result<> read_rows(const BpfRows<Row>& rows, Entries<std::uint32_t, Row>& filled) {
    const Row empty{};
    auto read = rows.for_each([&](std::uint32_t number, const Row& row) {
        if (std::memcmp(&row, &empty, sizeof(Row)) != 0) {
            filled.emplace_back(number, row);
        }
    });
    sort_entries(filled);
    return read;
}

}  // namespace

Result<KernelContent> HostMaps::read() {
    KernelContent content{.generation = generation(), .policy = {}, .last_port_ids = {}};
    MapImage& policy = content.policy;
    for (const auto& read : {read_rows(policies_, policy.policies),
                             read_rows(set_heads_, policy.set_heads),
                             read_entries(port_sets_, policy.port_sets),
                             read_entries(group_sets_, policy.group_sets),
                             read_entries(cidrs4_, policy.cidrs4),
                             read_entries(cidrs6_, policy.cidrs6),
                             read_entries(addresses4_, policy.addresses4),
                             read_entries(addresses6_, policy.addresses6),
                             read_entries(members4_, policy.members4),
                             read_entries(members6_, policy.members6),
                             read_entries(services_, policy.services),
                             read_entries(names_, policy.names),
                             read_rows(owners_, content.owners),
                             read_rows(interfaces_, content.interfaces),
                             read_rows(ports_, content.ports),
                             read_entries(devices_, content.devices),
                             read_entries(macs_, content.macs),
                             read_entries(host_addresses_, content.host_addresses),
                             read_entries(tunnels_, content.tunnels),
                             read_entries(departed4_, content.departed4),
                             read_entries(departed6_, content.departed6)}) {
        if (!read) {
            return fail(read.error());
        }
    }
    has_deleted_ = true;  // perhaps, a moment ago
    return content;
}

}  // namespace portcullis
