// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/healing_log.h"

#include <algorithm>
#include <utility>

#include "tools/daemon/clock.h"

namespace portcullis {
namespace {

std::string line_of(const Tampering& found, const HealingLog::NameOf& name_of) {
    return found.ifindex == 0 ? found.what : name_of(found.ifindex) + ": " + found.what;
}

}  // namespace

std::string_view to_string(Tampering::Kind kind) {
    switch (kind) {
        case Tampering::Kind::Program:
            return "program";
        case Tampering::Kind::Order:
            return "order";
        case Tampering::Kind::EarlyDrop:
            return "early-drop";
        case Tampering::Kind::Pin:
            return "pin";
        case Tampering::Kind::Table:
            return "table";
    }
    return "program";
}

std::vector<std::string> HealingLog::take(const Result<Healing>& healing, const NameOf& name_of) {
    std::vector<std::string> lines;
    if (!healing) {
        if (const std::string failure = "whether everything is still where it belongs is unknown: " + healing.error().message;
            failure != failure_) {
            failure_ = failure;
            lines.push_back(failure_);
        }
        return lines;
    }
    failure_.clear();
    for (const Tampering& found : healing->healed) {
        status_.last = lines.emplace_back(line_of(found, name_of));
        status_.last_at = utc_now();
        ++status_.count;
        ++status_.by_kind[found.kind];
    }
    for (const Tampering& found : healing->standing) {
        if (std::ranges::find(standing_, found) == standing_.end()) {
            lines.push_back(line_of(found, name_of));
        }
    }
    standing_ = healing->standing;
    return lines;
}

std::string HealingLog::trouble_of(std::uint32_t ifindex) const {
    std::string text;
    for (const Tampering& found : standing_) {
        if (found.ifindex == ifindex) {
            text += (text.empty() ? "" : "; ") + found.what;
        }
    }
    return text;
}

}  // namespace portcullis
