// SPDX-License-Identifier: Apache-2.0
// What differs between two models, object by object, in the terms of the API (docs/api.md): for the log of changes and for `plan`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"

namespace portcullis {

struct ObjectDifference {
    enum class Change : std::uint8_t { Added, Removed, Changed };
    Change change = Change::Changed;
    std::string_view kind;  // "security-groups"; "settings" for what stands in `Portcullis` itself, whose ids are its keys
    std::string id;
    std::size_t rules_added = 0;  // of groups and ACLs; all of them where the object itself was added or removed
    std::size_t rules_removed = 0;
    std::vector<std::string> added_rules;  // with RuleTexts::Yes, as many: "sg-1 ingress tcp 22 from 10.0.0.0/8"
    std::vector<std::string> removed_rules;
};

// By kind; in each what was removed or changed, in the order of `before`, then what was added, in the order of `after`.
enum class RuleTexts : std::uint8_t { No, Yes };
[[nodiscard]] std::vector<ObjectDifference> diff_models(const Model& before, const Model& after, RuleTexts texts = RuleTexts::No);

[[nodiscard]] std::string_view to_string(ObjectDifference::Change change);

// One line of about `most` bytes: "~security-groups/sg-1 (+1 -0 rules), -ports/eni-2 and 12 more". Ids as they are, not made printable.
[[nodiscard]] std::string to_line(const std::vector<ObjectDifference>& differences, std::size_t most);

}  // namespace portcullis
