// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/daemon/printable.h"

namespace portcullis {

std::string coloured(std::string_view text, Colour colour, const Terminal& terminal) {
    if (!terminal.has_colour) {
        return std::string(text);
    }
    const std::string_view code = colour == Colour::Good ? "32" : colour == Colour::Bad ? "31" : "2";
    return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t column = 0; column < row.size(); ++column) {
            widths[column] = std::max(widths[column], printable(row[column]).size());
        }
    }
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t column = 0; column < row.size(); ++column) {
            const std::string cell = printable(row[column]);
            line += cell + std::string(widths[column] - cell.size() + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out << line << '\n';
    }
}

std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t end = text.size(); end > 3; end -= 3) {
        text.insert(end - 3, 1, ',');
    }
    return text;
}

int report_error(const std::string& message, int status, const Terminal& terminal) {
    if (terminal.prints_json) {
        print_json(terminal.out, {{"Errors", {{{"File", ""}, {"Pointer", ""}, {"Message", message}}}}});
    } else {
        terminal.err << "portcullis: " << printable(message) << '\n';
    }
    return status;
}

void print_json(std::ostream& out, const nlohmann::ordered_json& value) {
    out << value.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

nlohmann::ordered_json findings_json(const std::vector<Finding>& findings, Finding::Severity severity) {
    nlohmann::ordered_json array = nlohmann::ordered_json::array();
    for (const Finding& finding : findings) {
        if (finding.severity == severity) {
            array.push_back({{"File", finding.position.file}, {"Pointer", finding.position.pointer}, {"Message", finding.message}});
        }
    }
    return array;
}

}  // namespace portcullis
