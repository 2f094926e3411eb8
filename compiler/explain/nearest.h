// SPDX-License-Identifier: Apache-2.0
// The rule that nearly allowed it: one that differs from the packet in a single respect. Called by explain/stages.cpp alone.
#pragma once

#include <optional>
#include <string>

#include "compiler/evaluate/rules.h"

namespace portcullis {

// "sg-1 ingress tcp 443 from 10.0.0.0/8: port". The respects are port (type for ICMP), source or destination, and protocol; of several
// rules the first, in that order. None: every rule differs in more than one. Pre: no rule of the groups matches.
[[nodiscard]] std::optional<std::string> nearest_group_rule(const ModelIndex& index, const RuleQuestion& question);

// The same of the entries that allow and would have come before the one that denies. Pre: the answer does not allow.
[[nodiscard]] std::optional<std::string> nearest_acl_entry(const RuleQuestion& question, const AclAnswer& answer);

}  // namespace portcullis
