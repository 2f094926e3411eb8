// SPDX-License-Identifier: Apache-2.0
// The devices of ports that have a fast path (pc_fast_devices). The kernel holds each by more than its number, and takes it out when it
// ends or leaves its namespace.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "core/result.h"
#include "loader/bpf_map.h"
#include "loader/bpf_object.h"
#include "loader/host_image.h"

namespace portcullis {

class FastDevices {
   public:
    // `slots`: the map's rows.
    [[nodiscard]] static Result<FastDevices> open(const BpfObject& object, std::uint32_t slots);

    // Whether both hooks of the device, as it is now, hold our programs.
    using HoldsEnforcement = std::function<Result<bool>(std::uint32_t ifindex)>;
    // Puts in the ports of `in_force` that have a fast path, and takes out all others. One that another device may have replaced under its
    // number, or that is gone, is left out: until the next call its packets take the bridge.
    [[nodiscard]] Result<> follow(const HostImage& in_force, const HoldsEnforcement& holds_enforcement);

   private:
    explicit FastDevices(BpfMap<std::uint32_t, std::uint32_t> devices) : devices_(std::move(devices)) {}
    [[nodiscard]] Result<> put(std::uint32_t slot, std::uint32_t ifindex, const HoldsEnforcement& holds_enforcement);
    [[nodiscard]] Result<> take_out(std::uint32_t slot);
    BpfMap<std::uint32_t, std::uint32_t> devices_;  // by slot
    std::map<std::uint32_t, std::uint32_t> held_;   // what is in it, but for what the kernel took out
};

}  // namespace portcullis
