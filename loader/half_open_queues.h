// SPDX-License-Identifier: Apache-2.0
// pc_half_open: two queues of half-open flows for each port, of the size that its quota asks for. A port is opened only when it has them.
#pragma once

#include <cstdint>
#include <map>

#include "core/result.h"
#include "loader/bpf_object.h"
#include "loader/host_image.h"
#include "loader/map_of_maps.h"
#include "loader/sweeper.h"

namespace portcullis {

class HalfOpenQueues {
   public:
    [[nodiscard]] static Result<HalfOpenQueues> open(const BpfObject& object);

    // Takes up those that a former daemon made. `in_force`: whose ports they are of.
    [[nodiscard]] Result<> adopt(const HostImage& in_force);
    // Makes the queues that the open ports of `wanted` lack: those of a new port id, or of another quota than before. Where it is the
    // quota, what stood in the former ones is queued again, and what is too much for the new ones ends, oldest first.
    [[nodiscard]] Result<> prepare(const BpfObject& object, const HostImage& wanted, const Sweeper& sweeper);
    // Removes the queues of slots that nothing uses any more. Pre: a grace period has passed since.
    [[nodiscard]] Result<> release_others(const HostImage& in_force);

   private:
    struct Made {
        std::uint32_t port_id = 0;
        std::uint32_t entries = 0;
        bool operator==(const Made&) const = default;
    };
    explicit HalfOpenQueues(MapOfMaps queues) : queues_(std::move(queues)) {}
    MapOfMaps queues_;
    std::map<std::uint32_t, Made> made_;  // by slot
};

}  // namespace portcullis
