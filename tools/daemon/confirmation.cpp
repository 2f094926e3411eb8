// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/confirmation.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "tools/daemon/change_log.h"
#include "tools/daemon/clock.h"
#include "tools/daemon/printable.h"

namespace portcullis {
namespace {

// In one sentence; the findings are in the log.
std::string reason_of(const ChangeOutcome& outcome) {
    return outcome.kind == ChangeOutcome::Kind::Failed ? outcome.failure : "the former documents are refused";
}

}  // namespace

void Confirmation::begin(std::string origin, std::chrono::seconds within, Clock::time_point now) {
    origin_ = std::move(origin);
    deadline_ = now + within;
    deadline_text_ = utc_in(within);
    generation_ = controller_.model_generation();
    trouble_.reset();
    spdlog::warn("generation {} is rolled back unless it is confirmed before {}", generation_, deadline_text_);
}

Result<> Confirmation::confirm(const std::string& origin) {
    if (Result<> confirmed = controller_.confirm_model(); !confirmed) {
        spdlog::error("generation {} cannot be confirmed: {}", generation_, printable(confirmed.error().message));
        return confirmed;
    }
    spdlog::info("generation {} is confirmed by {}", generation_, printable(origin));
    return {};
}

bool Confirmation::roll_back_if_due(Clock::time_point now) {
    if (!controller_.is_unconfirmed() || now < deadline_) {
        return false;
    }
    const ChangeOutcome outcome = controller_.roll_back_model();
    if (outcome.kind == ChangeOutcome::Kind::Enforced) {
        spdlog::warn("generation {} of {} was not confirmed in time", generation_, printable(origin_));
        log_change("the roll-back", outcome);
        trouble_.reset();
        return true;
    }
    const std::string message =
        "generation " + std::to_string(generation_) + " was not confirmed in time and cannot be rolled back: " + reason_of(outcome);
    if (!trouble_ || trouble_->message != message) {
        spdlog::critical("{}; it stays enforced, trying again every second", printable(message));
        log_change("the roll-back", outcome);
    }
    trouble_ = Trouble{.since = trouble_ ? trouble_->since : utc_now(), .message = message};
    return false;
}

std::optional<UnconfirmedStatus> Confirmation::status(Clock::time_point now) const {
    if (!controller_.is_unconfirmed()) {
        return std::nullopt;
    }
    const auto left = std::chrono::ceil<std::chrono::seconds>(deadline_ - now).count();
    return UnconfirmedStatus{.origin = origin_,
                             .generation = generation_,
                             .deadline = deadline_text_,
                             .seconds_left = std::max<std::int64_t>(left, 0),
                             .roll_back = trouble_};
}

}  // namespace portcullis
