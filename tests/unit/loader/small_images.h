// SPDX-License-Identifier: Apache-2.0
// Images of some owners and ports, and what differs between two of them.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "loader/image_diff.h"

namespace portcullis::test {

inline constexpr std::uint32_t kZone = 1;
inline constexpr std::uint32_t kActive = 1;
inline constexpr std::uint32_t kInactive = 1 - kActive;

// 10.0.`third`.`fourth` / `bits` of the zone.
inline pc_member4_key member(std::uint32_t third, std::uint32_t fourth, std::uint32_t bits, std::uint32_t zone = kZone) {
    return {.prefixlen = 32 + bits, .zone = zone, .address = htonl(0x0a000000U | third << 8 | fourth)};
}

// An image is built from owners: {member, number, row}.
struct Owner {
    pc_member4_key key;
    std::uint32_t number;
    OwnerRow row;
};
inline HostImage image_of(const std::vector<Owner>& owners) {
    HostImage image;
    for (const Owner& owner : owners) {
        image.policy.members4.emplace_back(owner.key, owner.number);
        image.policy.owners.emplace_back(owner.number, owner.row);
    }
    std::ranges::sort(image.policy.members4,
                      [](const auto& a, const auto& b) { return std::memcmp(&a.first, &b.first, sizeof(a.first)) < 0; });
    std::ranges::sort(image.policy.owners, {}, &std::pair<std::uint32_t, OwnerRow>::first);
    return image;
}
inline const Owner kSubnet{.key = member(0, 0, 24), .number = 1, .row = {.interface = 0, .subnet = 5}};

inline void add_port(HostImage& image, std::uint32_t slot, std::uint32_t zone, std::uint32_t policy) {
    PortState port{.ifindex = 100 + slot, .port_id = 1U << PC_PORT_ID_SLOT_BITS | slot, .interface_id = "eni-1", .view = {}};
    port.view.flags = PC_PORT_OPEN;
    port.view.epoch = 9;
    port.view.zone = zone;
    port.view.group_policy[0] = policy;
    image.ports.emplace(slot, port);
    image.devices.emplace(100 + slot, pc_device{.kind = PC_DEVICE_PORT, .slot = slot, .bridge = 0});
}

inline ImageDiff diff(const HostImage& from, HostImage& to) {
    auto made = diff_images(from, to, kActive);
    EXPECT_TRUE(made) << made.error().message;
    return made ? *made : ImageDiff{};
}

}  // namespace portcullis::test
