// SPDX-License-Identifier: Apache-2.0
// Model -> Ruleset: resolves groups, prefix lists, nesting and order into the normal form of core/ruleset.h. Pure and deterministic: the
// same model gives the same ruleset whatever the order of its objects.
#pragma once

#include "core/model.h"
#include "core/result.h"
#include "core/ruleset.h"

namespace portcullis {

// Pre: validate(model) found no error. Fails only when a limit is exceeded, naming the limit and the object.
[[nodiscard]] Result<Ruleset> compile(const Model& model);

}  // namespace portcullis
