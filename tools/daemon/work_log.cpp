// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/work_log.h"

namespace portcullis {
namespace {

// The unit may ask to be fed every few seconds, and is to be started within some minutes: from each sign of life on it has as long again.
constexpr std::chrono::seconds kFeed{1};
constexpr std::string_view kSignOfLife = "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=300000000";

}  // namespace

void WorkLog::at_work(std::string_view step, std::size_t done, std::size_t of, Clock::time_point now) {
    if (now - fed_ >= kFeed) {
        (void)tell_manager_(kSignOfLife);
        fed_ = now;
    }
    if (now - rested_ < kPatience || now - said_ < kPatience) {
        return;
    }
    const std::string count = of == 0 ? "" : ", " + std::to_string(done) + " of " + std::to_string(of);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - rested_).count();
    const std::string line = std::string(step) + count + " (at work for " + std::to_string(seconds) + " s)";
    say_(line);
    has_status_ = tell_manager_("STATUS=" + line) || has_status_;
    said_ = now;
}

void WorkLog::rest(Clock::time_point now) {
    rested_ = now;
    if (has_status_) {
        has_status_ = !tell_manager_("STATUS=");
    }
}

}  // namespace portcullis
