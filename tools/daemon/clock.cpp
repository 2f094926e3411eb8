// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/clock.h"

#include <array>
#include <chrono>
#include <ctime>

namespace portcullis {

std::string utc_now() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm parts{};
    std::array<char, 32> text{};
    ::gmtime_r(&now, &parts);
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace portcullis
