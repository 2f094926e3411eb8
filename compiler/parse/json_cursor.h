// SPDX-License-Identifier: Apache-2.0
// A place in a JSON document: typed access that records a finding, with file and pointer, where the type is wrong. Absent and null are the
// same: "not given".
//
// A cursor refers to the cursor it was made from, which must stay where it is: hence no member functions that descend from a temporary.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/parse/findings.h"
#include "compiler/parse/json_value.h"

namespace portcullis {

class JsonCursor {
   public:
    // The root of a document. All three outlive the cursor.
    JsonCursor(const JsonValue& root, std::string_view file, Findings& findings) : value_(&root), file_(file), findings_(&findings) {}

    [[nodiscard]] bool is_given() const;
    // The name under which it stands in its object; empty for elements of arrays and for the root.
    [[nodiscard]] std::string_view key() const { return key_; }
    [[nodiscard]] Position position() const;
    void error(std::string message) const { findings_->error(position(), std::move(message)); }
    void warn(std::string message) const { findings_->warn(position(), std::move(message)); }

    // The value under `key`, not given if there is none or this is no object.
    [[nodiscard]] JsonCursor member(std::string_view key) const&;
    void member(std::string_view key) const&& = delete;
    // The same, and an error on this object where the value is not given.
    [[nodiscard]] JsonCursor required(std::string_view key) const&;
    void required(std::string_view key) const&& = delete;
    // Every member of an object, the elements of a list, or those of them that are objects. Wrong types are errors; not given is empty.
    [[nodiscard]] std::vector<JsonCursor> members() const&;
    void members() const&& = delete;
    [[nodiscard]] std::vector<JsonCursor> elements() const&;
    void elements() const&& = delete;
    [[nodiscard]] std::vector<JsonCursor> objects() const&;
    void objects() const&& = delete;

    // Whether it is a string, without a finding if it is not.
    [[nodiscard]] bool is_string() const;
    // Whether it is of that type. A value of another type is an error; not given is not.
    [[nodiscard]] bool is_object() const;
    [[nodiscard]] bool is_list() const;
    // None when not given, or of another type, which is an error.
    [[nodiscard]] std::optional<std::string_view> text() const;
    [[nodiscard]] std::optional<std::int64_t> integer() const;
    [[nodiscard]] std::optional<bool> boolean() const;

   private:
    JsonCursor(const JsonValue* value, const JsonCursor& parent, std::string_view key, std::size_t index)
        : value_(value), parent_(&parent), key_(key), index_(index), file_(parent.file_), findings_(parent.findings_) {}
    template <class T>
    [[nodiscard]] const T* as(std::string_view expected) const;
    void append_pointer(std::string& pointer) const;

    const JsonValue* value_;
    const JsonCursor* parent_ = nullptr;
    std::string_view key_;
    std::size_t index_ = 0;  // of an element
    std::string_view file_;
    Findings* findings_;
};

}  // namespace portcullis
