// SPDX-License-Identifier: Apache-2.0
// What /v1/flows is asked for, out of the query of its target (docs/api.md). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/flow.h"
#include "core/result.h"

namespace portcullis {

struct FlowRequest {
    std::string port;   // device or interface id; empty: of all
    FlowFilter filter;  // without the port's ifindexes
    std::uint64_t after = 0;
    bool has_filter = false;  // anything but `after` is said
};

// The target with its path. Fails on keys that there are not, on values that are none, and on a key that is given twice.
[[nodiscard]] Result<FlowRequest> parse_flow_request(std::string_view target);

// What a part of an answer begins at, of a route that is asked nothing else: `after` of the query; 0 without it.
[[nodiscard]] Result<std::uint64_t> parse_from(std::string_view target);

}  // namespace portcullis
