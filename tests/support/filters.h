// SPDX-License-Identifier: Apache-2.0
// The BPF filters of a device's clsact qdisc, as the kernel lists them: where programs are attached on kernels without tcx.
#pragma once

#include <cstdint>
#include <vector>

#include "core/verdict.h"

namespace portcullis::test {

// Ids of their programs, in the order in which the kernel asks them; none where the device has no such qdisc. The calling thread must be in
// the device's namespace.
[[nodiscard]] std::vector<std::uint32_t> filter_programs(std::uint32_t ifindex, Direction direction);

}  // namespace portcullis::test
