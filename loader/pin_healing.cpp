// SPDX-License-Identifier: Apache-2.0
#include "loader/pin_healing.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace portcullis {

std::string list_of(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

void heal_pins(const Pins& pins, const BpfObject& object, DeviceHooks& hooks, Healing& healing) {
    auto names = pins.pin_again(object);
    auto links = names ? hooks.pin_again() : std::exchange(names, std::vector<std::string>());
    if (!links) {
        healing.standing.push_back({0, "pins were removed: " + links.error().message});
    } else {
        std::ranges::move(*links, std::back_inserter(*names));
    }
    if (!names->empty()) {
        healing.healed.push_back({0, "pins were removed, and are there again: " + list_of(*names), Tampering::Kind::Pin});
    }
}

}  // namespace portcullis
