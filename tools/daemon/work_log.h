// SPDX-License-Identifier: Apache-2.0
// What long work (core/work.h) becomes for people and for the service manager: its watchdog is fed, and work that lasts is told, every few
// seconds, as a line of the log and as the unit's status. Nothing is told of what ends soon.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace portcullis {

class WorkLog {
   public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::seconds kPatience{2};  // before the first line, and from one to the next

    // `say`: a line of the log. `tell_manager`: tools/daemon/service_manager.h.
    WorkLog(std::function<void(const std::string&)> say, std::function<bool(std::string_view)> tell_manager, Clock::time_point now)
        : say_(std::move(say)), tell_manager_(std::move(tell_manager)), rested_(now), said_(now), fed_(now) {}

    void at_work(std::string_view step, std::size_t done, std::size_t of, Clock::time_point now);
    // The loop has come round: whatever was under way is over.
    void rest(Clock::time_point now);

   private:
    std::function<void(const std::string&)> say_;
    std::function<bool(std::string_view)> tell_manager_;
    Clock::time_point rested_, said_, fed_;
    bool has_status_ = false;  // the unit has one of ours
};

}  // namespace portcullis
