// SPDX-License-Identifier: Apache-2.0
// What must be true of a model as a whole: references of bound interfaces resolve, no two interfaces of a VPC share an address, a subnet
// has one ACL, limits hold, and nothing is asked for that this version does not enforce. docs/semantics.md 10.
#pragma once

#include <vector>

#include "core/model.h"

namespace portcullis {

[[nodiscard]] std::vector<Finding> validate(const Model& model);

}  // namespace portcullis
