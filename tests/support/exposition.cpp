// SPDX-License-Identifier: Apache-2.0
#include "tests/support/exposition.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

namespace portcullis::test {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_name(std::string_view name, bool may_have_colons) {
    return !name.empty() &&
           std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || (may_have_colons && c == ':'); }) &&
           !(name[0] >= '0' && name[0] <= '9');
}

// A label's value from behind its opening quote: how long it is with the closing one; none: it is not escaped, or does not end.
std::optional<std::size_t> length_of_value(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') {
            return i + 1;
        }
        if (text[i] == '\\' && (++i == text.size() || (text[i] != '\\' && text[i] != '"' && text[i] != 'n'))) {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

// The labels behind '{', up to and with '}'; none: they are malformed.
std::optional<std::size_t> length_of_labels(std::string_view text) {
    std::set<std::string_view> names;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t equals = text.find("=\"", at);
        if (equals == std::string_view::npos || !is_name(text.substr(at, equals - at), false) ||
            !names.insert(text.substr(at, equals - at)).second) {
            return std::nullopt;
        }
        const auto length = length_of_value(text.substr(equals + 2));
        if (!length) {
            return std::nullopt;
        }
        at = equals + 2 + *length;
        if (at < text.size() && text[at] == '}') {
            return at + 1;
        }
        if (at >= text.size() || text[at] != ',') {
            return std::nullopt;
        }
        ++at;
    }
    return std::nullopt;
}

class Reader {
   public:
    void take(std::string_view line) {
        const std::size_t before = read_.faults.size();
        if (line.starts_with("# HELP ")) {
            begin_family(line.substr(7));
        } else if (line.starts_with("# TYPE ")) {
            take_type(line.substr(7));
        } else {
            take_sample(line);
        }
        if (read_.faults.size() != before) {
            read_.faults.back() += ": " + std::string(line);
        }
    }
    Exposition finish() && { return std::move(read_); }
    void fault(std::string text) { read_.faults.push_back(std::move(text)); }

   private:
    void begin_family(std::string_view rest) {
        family_ = rest.substr(0, rest.find(' '));
        type_.clear();
        if (!is_name(family_, true) || rest.size() <= family_.size() + 1) {
            fault("HELP without a name or a text");
        } else if (!families_.insert(family_).second) {
            fault("a family twice");
        }
    }
    void take_type(std::string_view rest) {
        const std::string_view name = rest.substr(0, rest.find(' '));
        type_ = rest.substr(std::min(rest.size(), name.size() + 1));
        if (name != family_ || (type_ != "counter" && type_ != "gauge")) {
            fault("TYPE that does not follow its HELP, or of no known type");
        } else if ((type_ == "counter") != name.ends_with("_total")) {
            fault("counters end in _total, and nothing else does");
        }
    }
    void take_sample(std::string_view line) {
        const std::size_t end_of_name = std::min(line.find_first_of("{ "), line.size());
        std::size_t at = end_of_name;
        if (line.substr(0, end_of_name) != family_ || type_.empty()) {
            return fault("a sample outside its family");
        }
        if (at < line.size() && line[at] == '{') {
            const auto length = length_of_labels(line.substr(at + 1));
            if (!length) {
                return fault("malformed labels");
            }
            at += 1 + *length;
        }
        double value = 0;
        const char* const begin = line.data() + at + 1;
        const char* const end = line.data() + line.size();
        if (at + 1 >= line.size() || line[at] != ' ') {
            return fault("no value");
        }
        const auto [stop, error] = std::from_chars(begin, end, value);
        if (error != std::errc{} || stop != end || (type_ == "counter" && (value < 0 || value != std::floor(value)))) {
            return fault("a value that is none");
        }
        if (!read_.samples.emplace(line.substr(0, at), value).second) {
            fault("a sample twice");
        }
    }

    Exposition read_;
    std::string family_;
    std::string type_;
    std::set<std::string> families_;
};

}  // namespace

Exposition read_exposition(std::string_view text) {
    Reader reader;
    if (!text.ends_with('\n')) {
        reader.fault("the last line does not end");
    }
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1);
        reader.take(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    return std::move(reader).finish();
}

}  // namespace portcullis::test
