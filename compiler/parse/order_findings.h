// SPDX-License-Identifier: Apache-2.0
// The order in which findings are told: by document, then by place in it; each once.
#pragma once

#include <span>
#include <vector>

#include "compiler/parse/parse.h"

namespace portcullis {

[[nodiscard]] std::vector<Finding> ordered(std::vector<Finding> findings, std::span<const Document> documents);

}  // namespace portcullis
