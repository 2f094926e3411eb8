// SPDX-License-Identifier: Apache-2.0
// Text from documents and devices, made safe for a log line or a terminal: names in documents are not trusted.
#pragma once

#include <string>
#include <string_view>

namespace portcullis {

// Control characters, DEL included, become \xNN; everything else stays.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace portcullis
