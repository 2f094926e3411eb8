// SPDX-License-Identifier: Apache-2.0
// A JSON document as a tree, as json_read.h makes it: members in the order of the text, depth bounded.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace portcullis {

struct JsonValue;
struct JsonMember;
using JsonArray = std::vector<JsonValue>;
using JsonObject = std::vector<JsonMember>;

struct JsonNull {};

// A number with a fraction, an exponent or more than 63 bits, as text: no key of ours takes one.
struct JsonNotInteger {
    std::string text;
};

struct JsonValue {
    std::variant<JsonNull, bool, std::int64_t, JsonNotInteger, std::string, JsonArray, JsonObject> content;
};

struct JsonMember {
    std::string key;
    JsonValue value;
};

}  // namespace portcullis
