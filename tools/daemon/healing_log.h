// SPDX-License-Identifier: Apache-2.0
// What the back end found tampered with: what is new of it, for the log, and what is remembered of it, for `status`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/dataplane.h"

namespace portcullis {

[[nodiscard]] std::string_view to_string(Tampering::Kind kind);  // "program", "order", "early-drop", "pin", "table"

struct HealingStatus {
    std::uint64_t count = 0;  // things put right since the daemon was started
    std::map<Tampering::Kind, std::uint64_t> by_kind{};
    std::string last_at;  // UTC, ISO 8601; empty: there was none
    std::string last;     // "p1: program 57 (other) at tc ingress was put before ours; ours is first again"
    [[nodiscard]] std::uint64_t of(Tampering::Kind kind) const { return by_kind.contains(kind) ? by_kind.at(kind) : 0; }
    bool operator==(const HealingStatus&) const = default;
};

class HealingLog {
   public:
    using NameOf = std::function<std::string(std::uint32_t ifindex)>;
    // Takes up what a look found. Returns what has not been said yet, one line each.
    [[nodiscard]] std::vector<std::string> take(const Result<Healing>& healing, const NameOf& name_of);

    [[nodiscard]] const HealingStatus& status() const { return status_; }
    // What of the device cannot be put right, as of the last look; empty: nothing.
    [[nodiscard]] std::string trouble_of(std::uint32_t ifindex) const;
    // What concerns no one device, or that it is unknown whether anything is where it belongs; empty: nothing.
    [[nodiscard]] std::string trouble() const { return failure_.empty() ? trouble_of(0) : failure_; }

   private:
    HealingStatus status_;
    std::vector<Tampering> standing_;
    std::string failure_;
};

}  // namespace portcullis
