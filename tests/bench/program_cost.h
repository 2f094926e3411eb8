// SPDX-License-Identifier: Apache-2.0
// B1: what one run of the loaded programs costs, beside the empty program and the limit (parse and one look-up).
#pragma once

#include "tests/bench/samples.h"

namespace portcullis::bench {

struct Effort {
    std::size_t turns = 9;             // interleaved repetitions
    std::uint32_t repeat = 1'000'000;  // packets of one sample
    std::size_t prefixes = 1'000;      // CIDR rules in the policy
};

// Pre: a PrivateBpffs lives. One table per number of flows in rotation: 1 and 50,000; one of new flows.
[[nodiscard]] std::vector<Table> measure_program_cost(const Effort& effort);

}  // namespace portcullis::bench
