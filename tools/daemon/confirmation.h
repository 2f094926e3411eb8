// SPDX-License-Identifier: Apache-2.0
// Changes that are rolled back unless they are confirmed in time: how long there is, and what becomes of it. Says it to the log.
//
// The controller knows what to go back to, and so does the state directory: a daemon that dies before the confirmation rolls back when it
// starts. Whoever asked for the change is not needed any more.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "tools/daemon/controller.h"

namespace portcullis {

// For `status`, of a change that is not confirmed.
struct UnconfirmedStatus {
    std::string origin;  // who made it: "uid 0 pid 4711 (PUT /v1/model)"
    std::uint64_t generation = 0;
    std::string deadline;              // UTC, ISO 8601
    std::int64_t seconds_left = 0;     // 0: the time is over
    std::optional<Trouble> roll_back;  // why the roll-back, which is due, has not been done; tried again every second
};

class Confirmation {
   public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::seconds kLongest{86'400};

    // The controller outlives this.
    explicit Confirmation(Controller& controller) : controller_(controller) {}

    // To be called when a change has been made that awaits it.
    void begin(std::string origin, std::chrono::seconds within, Clock::time_point now);
    // Whether a change waits and its time runs: no other may be made.
    [[nodiscard]] bool is_running(Clock::time_point now) const { return controller_.is_unconfirmed() && now < deadline_; }
    // A failure is that of the state directory: the change is still unconfirmed.
    [[nodiscard]] Result<> confirm(const std::string& origin);
    // To be called every second, and before changes. Returns whether something was rolled back.
    bool roll_back_if_due(Clock::time_point now);

    [[nodiscard]] std::optional<UnconfirmedStatus> status(Clock::time_point now) const;

   private:
    Controller& controller_;
    std::string origin_;
    Clock::time_point deadline_;
    std::string deadline_text_;
    std::uint64_t generation_ = 0;
    std::optional<Trouble> trouble_;
};

}  // namespace portcullis
