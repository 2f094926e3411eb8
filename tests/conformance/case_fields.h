// SPDX-License-Identifier: Apache-2.0
// One object of a packet in a case file, key by key: numbers, addresses, bytes; and what is wrong with it.
#pragma once

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/packet.h"

namespace portcullis::test {

// Reads the fields of one object of a packet. The first thing that is wrong stays in `trouble`; what is read after it does not matter.
class Fields {
   public:
    Fields(const nlohmann::json& object, std::string what, std::string& trouble)
        : object_(object), what_(std::move(what)), trouble_(trouble) {}

    void allow(std::initializer_list<std::string_view> keys) {
        for (const auto& [key, value] : object_.items()) {
            if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
                report(key, "unknown key");
            }
        }
    }
    [[nodiscard]] const nlohmann::json* find(const char* key) const {
        const auto at = object_.find(key);
        return at == object_.end() ? nullptr : &*at;
    }
    template <class Number>
    [[nodiscard]] std::optional<Number> number(const char* key) {
        const nlohmann::json* value = find(key);
        if (value == nullptr) {
            return std::nullopt;
        }
        std::uint64_t read = 0;
        if (value->is_number_unsigned()) {
            read = value->get<std::uint64_t>();
        } else if (!value->is_string() || !from_text(value->get_ref<const std::string&>(), read)) {
            report(key, "not a number");
        }
        if (read > std::numeric_limits<Number>::max()) {
            report(key, "too large");
        }
        return static_cast<Number>(read);
    }
    template <class Number>
    [[nodiscard]] Number number_or(const char* key, Number otherwise) {
        return number<Number>(key).value_or(otherwise);
    }
    // T::parse of the text: Address or Mac.
    template <class T>
    [[nodiscard]] T parsed_or(const char* key, T otherwise) {
        const nlohmann::json* value = find(key);
        if (value == nullptr) {
            return otherwise;
        }
        const std::optional<T> read = value->is_string() ? T::parse(value->get_ref<const std::string&>()) : std::nullopt;
        if (!read) {
            report(key, "not an address");
        }
        return read.value_or(otherwise);
    }
    [[nodiscard]] Bytes bytes(const char* key) {
        const nlohmann::json* value = find(key);
        return value == nullptr ? Bytes{} : bytes_in(*value, key);
    }
    [[nodiscard]] Bytes bytes_in(const nlohmann::json& value, std::string_view key) {
        Bytes out;
        std::string digits;
        for (const char c : value.is_string() ? value.get_ref<const std::string&>() : std::string("?")) {
            if (c != ' ') {
                digits += c;
            }
        }
        for (std::size_t i = 0; i < digits.size(); i += 2) {
            std::uint8_t byte = 0;
            const char* end = digits.data() + std::min(i + 2, digits.size());
            const auto [stop, error] = std::from_chars(digits.data() + i, end, byte, 16);
            if (error != std::errc{} || stop != end || i + 2 > digits.size()) {
                report(key, "not hexadecimal bytes");
                break;
            }
            out.push_back(byte);
        }
        return out;
    }
    [[nodiscard]] bool is_set_or(const char* key, bool otherwise) {
        const nlohmann::json* value = find(key);
        return value == nullptr ? otherwise : value->get<bool>();
    }
    // The address, or the addresses of a list.
    [[nodiscard]] std::vector<Address> addresses(const char* key) {
        std::vector<Address> out;
        const nlohmann::json* list = find(key);
        for (const nlohmann::json& one : list == nullptr ? nlohmann::json::array() : *list) {
            const std::optional<Address> read = Address::parse(one.is_string() ? one.get<std::string>() : "");
            if (!read) {
                report(key, "not an address");
            }
            out.push_back(read.value_or(Address{}));
        }
        return out;
    }
    // A part of the packet in an object of its own.
    [[nodiscard]] Fields part(const nlohmann::json& object, std::string what) const { return {object, std::move(what), trouble_}; }
    void report(std::string_view key, std::string_view problem) {
        if (trouble_.empty()) {
            trouble_ = what_ + "." + std::string(key) + ": " + std::string(problem);
        }
    }

   private:
    static bool from_text(const std::string& text, std::uint64_t& value) {
        const bool is_hex = text.starts_with("0x");
        const char* begin = text.data() + (is_hex ? 2 : 0);
        const auto [stop, error] = std::from_chars(begin, text.data() + text.size(), value, is_hex ? 16 : 10);
        return error == std::errc{} && stop == text.data() + text.size();
    }

    const nlohmann::json& object_;
    std::string what_;
    std::string& trouble_;
};

}  // namespace portcullis::test
