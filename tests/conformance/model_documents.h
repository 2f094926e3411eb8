// SPDX-License-Identifier: Apache-2.0
// Model -> a document that compiler/parse/parse.h reads back as the same model: how a random model that told two judges apart is shown,
// kept and made into a case.
#pragma once

#include <string>

#include "core/model.h"

namespace portcullis::test {

// JSON. Rules are sorted, so that equal models give equal text.
[[nodiscard]] std::string document_of(const Model& model);

}  // namespace portcullis::test
