// SPDX-License-Identifier: Apache-2.0
// The busiest denials out of what the daemon answers. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace portcullis {

// `status`: GET /v1/status; `events`: GET /v1/events. {"Drops", "Denials"} of docs/api.md, each the busiest first, at most 20.
[[nodiscard]] nlohmann::ordered_json busiest_denials(const nlohmann::ordered_json& status, const nlohmann::ordered_json& events);

}  // namespace portcullis
