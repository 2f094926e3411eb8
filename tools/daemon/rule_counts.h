// SPDX-License-Identifier: Apache-2.0
// How often each rule of the model decided: what the kernel counted by label, given back the names of the documents. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/dataplane.h"
#include "core/model.h"

namespace portcullis {

struct RuleCount {
    std::string owner_id;  // group or ACL
    std::string rule_id;   // sgr-… or the entry's number; may be empty
    Direction direction = Direction::Outbound;
    std::string text;  // core/rule_label.h, rule_text
    std::string label;
    std::uint64_t decisions = 0;
};

struct RuleCounts {
    std::vector<RuleCount> rules;
    bool is_truncated = false;  // there are more
};

// The rules that decided most often first, then by label; those that never decided stand last. At most `most`.
[[nodiscard]] RuleCounts count_rules(const Model& model, const std::vector<RuleHits>& hits, std::size_t most);

}  // namespace portcullis
