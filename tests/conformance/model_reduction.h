// SPDX-License-Identifier: Apache-2.0
// Smaller models, for reducing a failure to what it needs.
#pragma once

#include <vector>

#include "core/model.h"

namespace portcullis::test {

// Models that lack one thing or one list of things of this one; interfaces, groups and ports stay.
[[nodiscard]] std::vector<Model> reductions(const Model& model);

}  // namespace portcullis::test
