// SPDX-License-Identifier: Apache-2.0
// B6: what a large model costs under nftables, and what a packet of it costs, beside the linear rendering.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/bench/samples.h"
#include "tests/bench/scale_model.h"

namespace portcullis::bench {

struct ScaleEffort {
    Scale scale;
    std::size_t turns = 9;
    std::uint32_t repeat = 200'000;  // packets of one sample; of denied ones of the linear rendering a twentieth
};

struct ScaleReport {
    Quantities costs;
    std::vector<Table> packets;
};

// Pre: the thread stays on one CPU.
[[nodiscard]] ScaleReport measure_scale(const ScaleEffort& effort);

}  // namespace portcullis::bench
