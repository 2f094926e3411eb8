// SPDX-License-Identifier: Apache-2.0
// Rows of pc_ports and port ids. A device that is managed gets a slot and, with it, an id that was never given out before: a device on a
// reused ifindex, or a port of another interface, inherits no flow (bpf/abi.h, pc_port). Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <vector>

#include "core/result.h"

namespace portcullis {

class DeviceSlots {
   public:
    // Pre: capacity is at most kMost.
    explicit DeviceSlots(std::uint32_t capacity);
    static constexpr std::uint32_t kMost = (1U << 12) - 1;

    // Goes on from what a former daemon left: the last port id of each slot (0: none yet), and the slots that are taken. Others that had a
    // port are released. Pre: none has been taken.
    void restore(const std::vector<std::uint32_t>& last_port_ids, const std::set<std::uint32_t>& taken);
    // A new port id, its slot in the low bits. Fails when every slot is taken.
    [[nodiscard]] Result<std::uint32_t> take();
    // The slot may be taken again after a grace period: running programs may still read its row.
    void release(std::uint32_t slot);
    [[nodiscard]] bool has_released() const { return !cooling_.empty(); }
    // A grace period has passed since the last release.
    void recycle();

    [[nodiscard]] static std::uint32_t slot_of(std::uint32_t port_id);

   private:
    std::uint32_t capacity_;
    std::vector<std::uint32_t> incarnations_;  // by slot: the last one given out
    std::deque<std::uint32_t> free_;           // longest free first
    std::vector<std::uint32_t> cooling_;
};

}  // namespace portcullis
