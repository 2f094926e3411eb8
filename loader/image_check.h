// SPDX-License-Identifier: Apache-2.0
// Whether the maps hold exactly the image in force, entry by entry, and its devices our programs, or a former daemon's that
// judge by the same maps. Reads only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "loader/bpf_object.h"
#include "loader/device_hooks.h"
#include "loader/host_image.h"
#include "loader/standing.h"

namespace portcullis {

struct CheckedKernel {
    const BpfObject& object;
    const DeviceHooks& hooks;
    const HostImage& in_force;
    const Standing& standing;  // a former daemon's programs, until they have been replaced
    std::uint32_t parity = 0;  // the active one
};

// One sentence for each entry, row or device that is missing, too much or another; at most `most`. Rows that nothing in the image refers
// to are not looked at.
[[nodiscard]] Result<std::vector<std::string>> check_kernel(const CheckedKernel& kernel, std::size_t most);

}  // namespace portcullis
