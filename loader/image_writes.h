// SPDX-License-Identifier: Apache-2.0
// How much a difference of images writes, map by map, without writing it: what HostMaps counts from write_aside to settle. Pure.
#pragma once

#include <vector>

#include "core/dataplane.h"
#include "loader/image_diff.h"

namespace portcullis {

// Of maps that something is written to, by name.
[[nodiscard]] std::vector<PlannedWrites> planned_writes(const ImageDiff& diff);

}  // namespace portcullis
