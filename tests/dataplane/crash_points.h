// SPDX-License-Identifier: Apache-2.0
// A process that dies between two steps of what it does to the kernel. Its steps are the calls that change something there: bpf(2), netlink
// requests, and names in file systems. The program that links this counts them on their way to libc, so that every step is one without the
// loader having a word about it; the one store that switches generations lies between two of them.
#pragma once

#include <functional>

namespace portcullis::test {

// Runs `work` in a process of its own, which is killed instead of taking step `step` (1 …). False: it took fewer, and came to its end.
[[nodiscard]] bool dies_at_step(int step, const std::function<void()>& work);

}  // namespace portcullis::test
