// SPDX-License-Identifier: Apache-2.0
// Wall-clock time for people: nothing is decided by it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace portcullis {

[[nodiscard]] std::string utc_now();       // ISO 8601, to the second
[[nodiscard]] std::uint64_t unix_now_s();  // since 1970
[[nodiscard]] std::string utc_in(std::chrono::seconds later);

}  // namespace portcullis
