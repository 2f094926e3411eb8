// SPDX-License-Identifier: Apache-2.0
// Model -> Ruleset: resolves groups, prefix lists, nesting and order into the normal form of core/ruleset.h. Pure and deterministic: the
// same model gives the same ruleset whatever the order of its objects.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "core/model.h"
#include "core/result.h"
#include "core/ruleset.h"

namespace portcullis {

// Aliases of the devices of a host: an interface is bound to the device that has its id for an alias.
using Aliases = std::set<std::string, std::less<>>;

// Pre: validate(model) found no error. Fails only when a limit is exceeded, naming the limit and the object. With `aliases`, what `Ports`
// claims and what they name become ports, and all else that a device could be bound to is listed in Ruleset::elsewhere: a model may be of
// a whole cloud, and this host pays for its own part. Without, all of it becomes ports.
[[nodiscard]] Result<Ruleset> compile(const Model& model, const std::optional<Aliases>& aliases = std::nullopt);

}  // namespace portcullis
