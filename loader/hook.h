// SPDX-License-Identifier: Apache-2.0
// One of the two places at a device where a program of ours stands: its TC ingress (Outbound: what the instance sends) or its TC egress
// (Inbound: what goes to the instance).
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "core/verdict.h"

namespace portcullis {

struct Hook {
    std::uint32_t ifindex = 0;
    Direction direction = Direction::Outbound;
    auto operator<=>(const Hook&) const = default;
    // "tc ingress"
    [[nodiscard]] std::string place() const { return direction == Direction::Outbound ? "tc ingress" : "tc egress"; }
    // "tc ingress of device 7"
    [[nodiscard]] std::string to_string() const { return place() + " of device " + std::to_string(ifindex); }
};

}  // namespace portcullis
