// SPDX-License-Identifier: Apache-2.0
// What kind of device a number of the calling thread's namespace is, by the name of its driver.
#pragma once

#include <cstdint>

namespace portcullis {

enum class DeviceDriver : std::uint8_t { Tap, Veth, Other };
[[nodiscard]] DeviceDriver driver_of(std::uint32_t ifindex);  // Other where it cannot be told

}  // namespace portcullis
