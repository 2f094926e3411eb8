// SPDX-License-Identifier: Apache-2.0
#include "compiler/parse/json_cursor.h"

#include <algorithm>
#include <array>

#include "compiler/parse/json_read.h"

namespace portcullis {
namespace {

// By index of JsonValue::content.
constexpr std::array<std::string_view, 7> kTypes = {"null",     "a boolean", "an integer", "a number that is not an integer",
                                                    "a string", "a list",    "an object"};

}  // namespace

bool JsonCursor::is_given() const { return value_ != nullptr && !std::holds_alternative<JsonNull>(value_->content); }

Position JsonCursor::position() const {
    std::string pointer;
    append_pointer(pointer);
    return {.file = std::string(file_), .pointer = std::move(pointer)};
}

// Recursion is bounded by kDeepestJson.
void JsonCursor::append_pointer(std::string& pointer) const {
    if (parent_ == nullptr) {
        return;
    }
    parent_->append_pointer(pointer);
    pointer += '/';
    pointer += std::holds_alternative<JsonArray>(parent_->value_->content) ? std::to_string(index_) : pointer_token(key_);
}

template <class T>
const T* JsonCursor::as(std::string_view expected) const {
    if (!is_given()) {
        return nullptr;
    }
    const T* content = std::get_if<T>(&value_->content);
    if (content == nullptr) {
        error("expected " + std::string(expected) + ", found " + std::string(kTypes[value_->content.index()]));
    }
    return content;
}

JsonCursor JsonCursor::member(std::string_view key) const& {
    const JsonValue* found = nullptr;
    if (const auto* object = value_ == nullptr ? nullptr : std::get_if<JsonObject>(&value_->content)) {
        const auto it = std::find_if(object->begin(), object->end(), [&](const JsonMember& member) { return member.key == key; });
        found = it == object->end() ? nullptr : &it->value;
    }
    return {found, *this, key, 0};
}

JsonCursor JsonCursor::required(std::string_view key) const& {
    JsonCursor found = member(key);
    if (!found.is_given()) {
        error(std::string(key) + " is missing");
    }
    return found;
}

std::vector<JsonCursor> JsonCursor::members() const& {
    std::vector<JsonCursor> all;
    if (const auto* object = as<JsonObject>("an object")) {
        for (const JsonMember& member : *object) {
            all.push_back(JsonCursor(&member.value, *this, member.key, 0));
        }
    }
    return all;
}

std::vector<JsonCursor> JsonCursor::elements() const& {
    std::vector<JsonCursor> all;
    if (const auto* array = as<JsonArray>("a list")) {
        all.reserve(array->size());
        for (std::size_t i = 0; i < array->size(); ++i) {
            all.push_back(JsonCursor(&(*array)[i], *this, {}, i));
        }
    }
    return all;
}

std::vector<JsonCursor> JsonCursor::objects() const& {
    std::vector<JsonCursor> all = elements();
    std::erase_if(all, [](const JsonCursor& element) {
        if (!element.is_given()) {
            element.error("expected an object, found null");
        }
        return !element.is_object();
    });
    return all;
}

bool JsonCursor::is_string() const { return value_ != nullptr && std::holds_alternative<std::string>(value_->content); }

bool JsonCursor::is_object() const { return as<JsonObject>("an object") != nullptr; }

bool JsonCursor::is_list() const { return as<JsonArray>("a list") != nullptr; }

std::optional<std::string_view> JsonCursor::text() const {
    const auto* text = as<std::string>("a string");
    return text == nullptr ? std::nullopt : std::optional<std::string_view>(*text);
}

std::optional<std::int64_t> JsonCursor::integer() const {
    const auto* integer = as<std::int64_t>("an integer");
    return integer == nullptr ? std::nullopt : std::optional(*integer);
}

std::optional<bool> JsonCursor::boolean() const {
    const auto* boolean = as<bool>("a boolean");
    return boolean == nullptr ? std::nullopt : std::optional(*boolean);
}

}  // namespace portcullis
