// SPDX-License-Identifier: Apache-2.0
// JSON text -> JsonValue, strictly by RFC 8259. What that RFC leaves open is closed here: a key twice in one object is an error, and so is
// nesting deeper than kDeepestJson (which also bounds the recursion of whoever walks the tree).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/parse/findings.h"
#include "compiler/parse/json_value.h"

namespace portcullis {

inline constexpr std::size_t kDeepestJson = 64;

// None when the text is not JSON or nests too deep. A repeated key is reported, and the tree then has it repeatedly.
[[nodiscard]] std::optional<JsonValue> read_json(std::string_view file, std::string_view text, Findings& findings);

// One token of an RFC 6901 pointer: '~' and '/' escaped.
[[nodiscard]] std::string pointer_token(std::string_view key);

}  // namespace portcullis
