// SPDX-License-Identifier: Apache-2.0
// Pins that somebody removed, found and made anew: programs, maps and links stand for as long as the daemon holds them, but would go with
// it.
#pragma once

#include <string>
#include <vector>

#include "core/dataplane.h"
#include "loader/bpf_object.h"
#include "loader/device_hooks.h"
#include "loader/pins.h"

namespace portcullis {

// "a, b"
[[nodiscard]] std::string list_of(const std::vector<std::string>& names);

// Adds to `healing` what was pinned anew, and why something cannot be.
void heal_pins(const Pins& pins, const BpfObject& object, DeviceHooks& hooks, Healing& healing);

}  // namespace portcullis
