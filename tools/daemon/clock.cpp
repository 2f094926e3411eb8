// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/clock.h"

#include <array>
#include <ctime>

namespace portcullis {

std::string utc_now() { return utc_in(std::chrono::seconds(0)); }

std::uint64_t unix_now_s() { return static_cast<std::uint64_t>(std::time(nullptr)); }

std::string utc_in(std::chrono::seconds later) {
    const std::time_t then = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + later);
    std::tm parts{};
    std::array<char, 32> text{};
    ::gmtime_r(&then, &parts);
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace portcullis
