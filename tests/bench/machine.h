// SPDX-License-Identifier: Apache-2.0
// The machine that is measured on: which it is, where threads stay, what has to be so before anything is measured.
#pragma once

#include <cstddef>
#include <string>

#include "tests/support/netns.h"

namespace portcullis::bench {

[[nodiscard]] std::string kernel_release();
[[nodiscard]] std::string machine_description();  // processor and number of CPUs
[[nodiscard]] std::size_t last_cpu();

// The calling thread, from now on. Failure ends the process.
void stay_on_cpu(std::size_t cpu);

// Ends the process unless net.bridge.bridge-nf-call-{arp,ip,ip6}tables are all 1, or all 0, in the namespace: with them a frame takes
// another way through a bridge.
void expect_netfilter_calls(const test::NetNamespace& where, bool are_on);

}  // namespace portcullis::bench
