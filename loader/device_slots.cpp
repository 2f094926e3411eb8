// SPDX-License-Identifier: Apache-2.0
#include "loader/device_slots.h"

#include <algorithm>
#include <cassert>

#include "bpf/abi.h"

namespace portcullis {
namespace {

constexpr std::uint32_t kSlotMask = (1U << PC_PORT_ID_SLOT_BITS) - 1;
constexpr std::uint32_t kLastIncarnation = 0xffffffffU >> PC_PORT_ID_SLOT_BITS;
static_assert(DeviceSlots::kMost == kSlotMask, "what fits into a port id");

}  // namespace

DeviceSlots::DeviceSlots(std::uint32_t capacity) : capacity_(capacity), incarnations_(capacity + 1) {
    assert(capacity <= kMost);
    for (std::uint32_t slot = 1; slot <= capacity; ++slot) {
        free_.push_back(slot);
    }
}

void DeviceSlots::restore(const std::vector<std::uint32_t>& last_port_ids, const std::set<std::uint32_t>& taken) {
    free_.clear();
    for (std::uint32_t slot = 1; slot <= capacity_; ++slot) {
        incarnations_[slot] = slot < last_port_ids.size() ? last_port_ids[slot] >> PC_PORT_ID_SLOT_BITS : 0;
        if (taken.contains(slot)) {
            continue;
        }
        if (incarnations_[slot] == 0) {
            free_.push_back(slot);
        } else {
            release(slot);
        }
    }
}

Result<std::uint32_t> DeviceSlots::take() {
    if (free_.empty()) {
        return fail("pc_ports: no row is left for another device, the limit is " + std::to_string(capacity_));
    }
    const std::uint32_t slot = free_.front();
    free_.pop_front();
    return ++incarnations_[slot] << PC_PORT_ID_SLOT_BITS | slot;
}

void DeviceSlots::release(std::uint32_t slot) {
    // A slot whose ids are used up is given up: a million devices later.
    if (incarnations_[slot] < kLastIncarnation) {
        cooling_.push_back(slot);
    }
}

void DeviceSlots::recycle() {
    std::ranges::sort(cooling_);
    free_.insert(free_.end(), cooling_.begin(), cooling_.end());
    cooling_.clear();
}

std::uint32_t DeviceSlots::slot_of(std::uint32_t port_id) { return port_id & kSlotMask; }

}  // namespace portcullis
