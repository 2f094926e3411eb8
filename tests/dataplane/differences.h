// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/dataplane.h"

namespace portcullis::test {

// What a comparison of the kernel with what is in force finds, of all its parts.
[[nodiscard]] std::vector<std::string> differences_of(Dataplane& dataplane);

}  // namespace portcullis::test
