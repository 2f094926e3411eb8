// SPDX-License-Identifier: Apache-2.0
// Where --metrics serves: "HOST:PORT", "[IPV6]:PORT" or "PORT", which is of the loopback address. Hosts are addresses, not names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/address.h"
#include "core/result.h"

namespace portcullis {

struct MetricsAddress {
    Address address;
    std::uint16_t port = 0;
};

[[nodiscard]] Result<MetricsAddress> parse_metrics_address(std::string_view text);

}  // namespace portcullis
