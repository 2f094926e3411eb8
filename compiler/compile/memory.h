// SPDX-License-Identifier: Apache-2.0
// What outlives one compilation, and a compilation that goes on from it. Internal to compile.cpp and recompile.cpp.
#pragma once

#include <cstddef>
#include <optional>

#include "compiler/compile/compile.h"
#include "compiler/compile/policies.h"
#include "compiler/compile/rules.h"
#include "core/model.h"
#include "core/result.h"
#include "core/ruleset.h"

namespace portcullis {

struct CompileMemory {
    RuleMemory rules;
    PolicyMemory policies;
};

// A ruleset but for rules, port sets and policies, which stay in the memory. Pre: groups and ACLs are those that the memory was made with,
// and `changed` are all in use there whose rules, or prefix lists that those refer to, have changed since. After a failure the memory is
// spent.
[[nodiscard]] Result<Ruleset> compile_with(CompileMemory& memory, const Model& model, const std::optional<Aliases>& aliases,
                                           const ChangedRules& changed, std::size_t& compiled);

}  // namespace portcullis
