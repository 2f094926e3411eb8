// SPDX-License-Identifier: Apache-2.0
// How many entries the maps of bpf/maps.h are made for.
#pragma once

#include "compiler/lower_bpf/lower_bpf.h"
#include "core/result.h"

struct bpf_object;

namespace portcullis {

// Makes the object's maps so large. Pre: not loaded yet.
[[nodiscard]] Result<> size_maps(bpf_object* object, const MapCapacities& capacities);
// Of the maps that a copy has for itself: those that need not be as large as the original's, since nothing is found in them.
[[nodiscard]] Result<> size_copy(bpf_object* object);

}  // namespace portcullis
