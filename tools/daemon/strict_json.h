// SPDX-License-Identifier: Apache-2.0
// JSON of request bodies, read so that nothing is lost: a key twice in one object and nesting beyond what documents may have are errors,
// since what is printed anew would not show them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/result.h"

namespace portcullis {

[[nodiscard]] Result<nlohmann::json> parse_strict_json(std::string_view text);

}  // namespace portcullis
