// SPDX-License-Identifier: Apache-2.0
// Where in a document, read as JSON, the single objects of the API stand.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tools/daemon/object_name.h"

namespace portcullis {

// None where `object` is none, or has no such member.
[[nodiscard]] nlohmann::json* member(nlohmann::json& object, std::string_view key);
// The lists of a document in which such objects stand; none of them where it has none.
[[nodiscard]] std::vector<nlohmann::json*> lists_of(nlohmann::json& document, const ObjectKind& kind);
// What an element of a list has as text under `key`, or none.
[[nodiscard]] const std::string* text_of(const nlohmann::json& element, std::string_view key);

}  // namespace portcullis
