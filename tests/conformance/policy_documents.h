// SPDX-License-Identifier: Apache-2.0
// The key `Portcullis` of a model's document (model_documents.h).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/model.h"

namespace portcullis::test {

// Keys that say what holds by default are left out.
[[nodiscard]] nlohmann::json portcullis_document(const Model& model);

}  // namespace portcullis::test
