// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/live_json.h"

#include <nlohmann/json.hpp>

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;

// Names of devices are bytes; what is not UTF-8 in them is replaced.
std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string print_rules(const RuleCounts& counts) {
    Json rules = Json::array();
    for (const RuleCount& rule : counts.rules) {
        rules.push_back({{"OwnerId", rule.owner_id},
                         {"RuleId", rule.rule_id},
                         {"Direction", to_string(rule.direction)},
                         {"Rule", rule.text},
                         {"Label", rule.label},
                         {"Decisions", rule.decisions}});
    }
    return dump({{"Rules", std::move(rules)}, {"Truncated", counts.is_truncated}});
}

}  // namespace portcullis
