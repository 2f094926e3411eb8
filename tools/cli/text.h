// SPDX-License-Identifier: Apache-2.0
// What people read: aligned tables, colour where the terminal has it, findings and errors.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"
#include "tools/cli/commands.h"

namespace portcullis {

enum class Colour : std::uint8_t { Good, Bad, Faint };
[[nodiscard]] std::string coloured(std::string_view text, Colour colour, const Terminal& terminal);

// Rows of equal length, columns as wide as they need to be; control characters are escaped.
void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows);

// 1204 -> "1,204".
[[nodiscard]] std::string grouped(std::uint64_t number);

// One sentence: to stderr, or as {"Errors": […]} to stdout. Returns `status`, for `return report_error(…)`.
[[nodiscard]] int report_error(const std::string& message, int status, const Terminal& terminal);

void print_json(std::ostream& out, const nlohmann::ordered_json& value);
// [{"File", "Pointer", "Message"}] of those with the severity.
[[nodiscard]] nlohmann::ordered_json findings_json(const std::vector<Finding>& findings, Finding::Severity severity);

}  // namespace portcullis
