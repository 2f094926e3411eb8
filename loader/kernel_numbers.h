// SPDX-License-Identifier: Apache-2.0
// The part of restoring an image (loader/kernel_image.h) that is about numbers: which are given out, and to what. Internal to it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "loader/kernel_image.h"

namespace portcullis {

// By kind: number -> key of its numbering; empty: the number is in use, and nothing tells for what.
struct KernelNumbers {
    using Keys = std::map<std::uint32_t, std::string>;
    Keys rules, port_sets, policies, groups, interfaces, zones, subnets, owners, address_sets, service_sets;
};

[[nodiscard]] KernelNumbers numbers_in(const KernelContent& content);

// Fails where a number is higher than the maps allow, and changes nothing then.
[[nodiscard]] Result<> restore_numbers(const KernelNumbers& numbers, Numberings& numberings);

}  // namespace portcullis
