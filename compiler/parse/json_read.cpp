// SPDX-License-Identifier: Apache-2.0
#include "compiler/parse/json_read.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace portcullis {
namespace {

// "parse error at line 1, column 2: REASON; last read: 'TEXT'; expected …" -> "REASON". The text read last is left out: it may be cut in
// the middle of a character, and the line and column point at it anyway.
std::string reason_of(std::string_view what) {
    if (const auto tag_end = what.find("] "); tag_end != std::string_view::npos) {
        what.remove_prefix(tag_end + 2);
    }
    constexpr std::string_view kPlace = "parse error at ";
    if (const auto colon = what.find(": "); what.starts_with(kPlace) && colon != std::string_view::npos) {
        what.remove_prefix(colon + 2);
    }
    what = what.substr(0, what.find("; last read"));
    constexpr std::size_t kLongest = 120;
    return std::string(what.substr(0, kLongest));
}

std::string line_and_column(std::string_view text, std::size_t position) {
    const std::string_view before = text.substr(0, position == 0 ? 0 : std::min(position, text.size()) - 1);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto line_start = before.rfind('\n');
    const std::size_t column = line_start == std::string_view::npos ? before.size() + 1 : before.size() - line_start;
    return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

// Receives the parser's events and builds the tree. The parser reports errors to it instead of throwing them.
class TreeBuilder final : public nlohmann::json_sax<nlohmann::json> {
   public:
    TreeBuilder(std::string_view file, std::string_view text, Findings& findings) : file_(file), text_(text), findings_(findings) {}

    bool null() override { return add({JsonNull{}}); }
    bool boolean(bool value) override { return add({value}); }
    bool number_integer(number_integer_t value) override { return add({std::int64_t{value}}); }
    bool number_unsigned(number_unsigned_t value) override {
        if (std::in_range<std::int64_t>(value)) {
            return add({static_cast<std::int64_t>(value)});
        }
        return add({JsonNotInteger{std::to_string(value)}});
    }
    bool number_float(number_float_t /*value*/, const string_t& text) override { return add({JsonNotInteger{text}}); }
    bool string(string_t& value) override { return add({std::move(value)}); }
    bool binary(binary_t& /*value*/) override { return false; }  // does not occur in text
    bool start_object(std::size_t /*unknown*/) override { return open({JsonObject{}}); }
    bool start_array(std::size_t /*unknown*/) override { return open({JsonArray{}}); }
    bool end_array() override { return close(); }
    bool key(string_t& value) override {
        std::get<JsonObject>(open_.back()->content).push_back({.key = std::move(value), .value = {}});
        return true;
    }
    bool end_object() override {
        report_repeated_keys(std::get<JsonObject>(open_.back()->content));
        return close();
    }
    bool parse_error(std::size_t position, const std::string& /*token*/, const nlohmann::detail::exception& error) override {
        findings_.error({.file = std::string(file_), .pointer = {}}, line_and_column(text_, position) + ": " + reason_of(error.what()));
        return false;
    }

    JsonValue take() { return std::move(root_); }

   private:
    // Puts a value where the text has it. Only the innermost open container grows, so pointers to the open ones stay valid.
    JsonValue& place_value(JsonValue value) {
        if (open_.empty()) {
            root_ = std::move(value);
            return root_;
        }
        if (auto* array = std::get_if<JsonArray>(&open_.back()->content)) {
            return array->emplace_back(std::move(value));
        }
        JsonMember& member = std::get<JsonObject>(open_.back()->content).back();
        member.value = std::move(value);
        return member.value;
    }
    bool add(JsonValue value) {
        (void)place_value(std::move(value));  // the place is of interest to containers alone
        return true;
    }
    bool open(JsonValue value) {
        if (open_.size() == kDeepestJson) {
            findings_.error(position(), "nested deeper than " + std::to_string(kDeepestJson) + " levels");
            return false;
        }
        open_.push_back(&place_value(std::move(value)));
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    // Where the innermost open container stands: the last child of each open container leads to the next.
    [[nodiscard]] Position position() const {
        std::string pointer;
        for (std::size_t i = 0; i + 1 < open_.size(); ++i) {
            if (const auto* array = std::get_if<JsonArray>(&open_[i]->content)) {
                pointer += "/" + std::to_string(array->size() - 1);
            } else {
                pointer += "/" + pointer_token(std::get<JsonObject>(open_[i]->content).back().key);
            }
        }
        return {.file = std::string(file_), .pointer = pointer};
    }

    void report_repeated_keys(const JsonObject& object) {
        std::vector<std::string_view> keys;
        keys.reserve(object.size());
        for (const JsonMember& member : object) {
            keys.push_back(member.key);
        }
        std::sort(keys.begin(), keys.end());
        for (auto it = std::adjacent_find(keys.begin(), keys.end()); it != keys.end(); it = std::adjacent_find(it, keys.end())) {
            Position where = position();
            where.pointer += "/" + pointer_token(*it);
            findings_.error(std::move(where), "the key occurs more than once in its object");
            it = std::upper_bound(it, keys.end(), *it);
        }
    }

    std::string_view file_;
    std::string_view text_;
    Findings& findings_;
    JsonValue root_;
    std::vector<JsonValue*> open_;
};

}  // namespace

std::optional<JsonValue> read_json(std::string_view file, std::string_view text, Findings& findings) {
    TreeBuilder builder(file, text, findings);
    if (!nlohmann::json::sax_parse(text, &builder)) {
        return std::nullopt;
    }
    return builder.take();
}

std::string pointer_token(std::string_view key) {
    std::string token;
    for (const char c : key) {
        if (c == '~') {
            token += "~0";
        } else if (c == '/') {
            token += "~1";
        } else {
            token += c;
        }
    }
    return token;
}

}  // namespace portcullis
