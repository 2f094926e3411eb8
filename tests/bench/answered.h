// SPDX-License-Identifier: Apache-2.0
// Whether the flows that a benchmark calls established are: one that nobody answered gives way, and would be opened again and again.
#pragma once

#include <cstdint>

#include "tests/support/enforced_host.h"

namespace portcullis::bench {

// Ends the process unless that many flows, of all ports together, have been answered.
void expect_answered(const test::EnforcedHost& host, std::uint64_t flows);

}  // namespace portcullis::bench
