// SPDX-License-Identifier: Apache-2.0
// Whether the flows that a benchmark calls new or established are: one that finds no room is judged again and again, one that nobody
// answered gives way.
#pragma once

#include <cstdint>

#include "tests/support/enforced_host.h"

namespace portcullis::bench {

// Each ends the process unless that many flows, of all ports together, have been answered, or are open without an answer.
void expect_answered(const test::EnforcedHost& host, std::uint64_t flows);
void expect_half_open(const test::EnforcedHost& host, std::uint64_t flows);

}  // namespace portcullis::bench
