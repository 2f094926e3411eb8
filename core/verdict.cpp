// SPDX-License-Identifier: Apache-2.0
#include "core/verdict.h"

#include <array>

namespace portcullis {
namespace {

struct ReasonEntry {
    std::string_view name;
    std::uint8_t stage;
    std::string_view text;
};

constexpr std::array kReasons{
#define PC_REASON_ENTRY(name, stage, text) ReasonEntry{#name, stage, text},
    PC_REASONS(PC_REASON_ENTRY)
#undef PC_REASON_ENTRY
};

// A number from the kernel may be one that this build does not know.
constexpr ReasonEntry kUnknown{"unknown", 0, "a reason that this version does not know"};

const ReasonEntry& entry_of(Reason reason) {
    const auto index = static_cast<std::size_t>(reason);
    return index < kReasons.size() ? kReasons[index] : kUnknown;
}

}  // namespace

std::string_view to_string(Direction direction) { return direction == Direction::Outbound ? "outbound" : "inbound"; }

std::string_view name_of(Reason reason) { return entry_of(reason).name; }
std::string_view text_of(Reason reason) { return entry_of(reason).text; }
std::uint8_t stage_of(Reason reason) { return entry_of(reason).stage; }

std::optional<Reason> reason_named(std::string_view name) {
    for (std::size_t i = 0; i < kReasons.size(); ++i) {
        if (kReasons[i].name == name) {
            return static_cast<Reason>(i);
        }
    }
    return std::nullopt;
}

}  // namespace portcullis
