// SPDX-License-Identifier: Apache-2.0
// What a large model costs under nftables, and what a packet of it costs, beside the linear rendering.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/bench/scale_model.h"
#include "tests/bench/table.h"

namespace portcullis::bench {

struct ScaleEffort {
    Scale scale;
    std::size_t turns = 7;
    std::uint32_t repeat = 200'000;  // packets of one sample; of denied ones of the linear rendering a twentieth
};

// Pre: the thread stays on one CPU.
[[nodiscard]] std::vector<Table> measure_scale(const ScaleEffort& effort);

}  // namespace portcullis::bench
