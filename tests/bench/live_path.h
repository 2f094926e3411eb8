// SPDX-License-Identifier: Apache-2.0
// B3: packets through veth, bridge and veth on one core, both ports enforced, beside the bare bridge.
#pragma once

#include "tests/bench/program_cost.h"

namespace portcullis::bench {

// Pre: a PrivateBpffs lives.
[[nodiscard]] std::vector<Table> measure_live_path(const Effort& effort);

}  // namespace portcullis::bench
