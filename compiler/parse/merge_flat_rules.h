// SPDX-License-Identifier: Apache-2.0
// The flat rules of describe-security-group-rules, merged into their groups: they say the same as the groups' permissions and add the ids.
#pragma once

#include <vector>

#include "compiler/parse/declarations.h"

namespace portcullis {

// Errors: a rule of a group without a document of its own, an id with two contents, and, for a group that has any flat rule, a rule that
// only one of the two forms has.
void merge_flat_rules(std::vector<FlatRule> flat_rules, std::vector<SecurityGroup>& groups, Findings& findings);

}  // namespace portcullis
