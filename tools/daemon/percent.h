// SPDX-License-Identifier: Apache-2.0
// Bytes in targets of requests: what would mean something there stands as %XX.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace portcullis {

[[nodiscard]] std::string percent_encoded(std::string_view text);
// None: a % without two digits behind it.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace portcullis
