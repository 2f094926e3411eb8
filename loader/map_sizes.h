// SPDX-License-Identifier: Apache-2.0
// How many entries the maps of bpf/maps.h are made for.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "compiler/lower_bpf/lower_bpf.h"

namespace portcullis {

struct MapSize {
    std::string_view name;
    std::uint32_t entries;
};

// Of all maps whose size is not fixed in bpf/maps.h.
[[nodiscard]] std::vector<MapSize> sizes_of(const MapCapacities& capacities);

}  // namespace portcullis
