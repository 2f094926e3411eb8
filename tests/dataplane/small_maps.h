// SPDX-License-Identifier: Apache-2.0
// Capacities of maps that load in no time and hold what a test's model needs.
#pragma once

#include "compiler/lower_bpf/lower_bpf.h"

namespace portcullis::test {

[[nodiscard]] MapCapacities small_maps();

}  // namespace portcullis::test
