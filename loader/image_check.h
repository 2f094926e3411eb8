// SPDX-License-Identifier: Apache-2.0
// Whether the maps hold exactly the image in force, entry by entry, and its devices our programs, or a former daemon's that
// judge by the same maps. Reads only, and in parts, so that nothing else waits for long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
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

class KernelCheck {
   public:
    // Looks at the hooks at once. What `kernel` refers to need not outlive the call, but for the object. Valid for as long as the image is
    // in force.
    [[nodiscard]] static Result<KernelCheck> begin(const CheckedKernel& kernel);

    // One sentence for each entry, row or device that is missing, too much or another, of the part that was looked at; at most `most`. Rows
    // that nothing in the image refers to are not looked at. A part takes some ten milliseconds. Pre: not is_over().
    [[nodiscard]] Result<std::vector<std::string>> go_on(std::size_t most);
    [[nodiscard]] bool is_over() const { return steps_.empty(); }

    // A map, or what else is compared as one.
    class Step;

   private:
    KernelCheck() = default;
    std::vector<std::string> found_;            // at the hooks
    std::vector<std::shared_ptr<Step>> steps_;  // the last is the next
};

}  // namespace portcullis
