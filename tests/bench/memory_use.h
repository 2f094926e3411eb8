// SPDX-License-Identifier: Apache-2.0
// Memory of the kernel and of this process. The kernel's is the whole machine's: what other processes do meanwhile is in it.
#pragma once

#include <cstdint>

namespace portcullis::bench {

// What the kernel cannot give back: objects of its slabs, areas of vmalloc, per-CPU data. Bytes.
[[nodiscard]] std::int64_t kernel_memory();

// From now on the most that this process has had at once counts from what it has now.
void forget_peak();
[[nodiscard]] std::int64_t peak_memory();  // bytes
[[nodiscard]] std::int64_t present_memory();

}  // namespace portcullis::bench
