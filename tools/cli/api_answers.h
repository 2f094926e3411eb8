// SPDX-License-Identifier: Apache-2.0
// What the verbs need of the daemon's answers (docs/api.md).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/result.h"
#include "tools/cli/client.h"
#include "tools/cli/commands.h"

namespace portcullis {

// The daemon's answer to the request, an object with that key. Error::code is the exit status that the failure calls for; its message
// the daemon's own where it gave one. Warns where the daemon enforces nothing.
[[nodiscard]] Result<nlohmann::ordered_json> fetch(const ApiRequest& request, const char* key, const Terminal& terminal);
// The same of an answer that is there already.
[[nodiscard]] Result<nlohmann::ordered_json> read_answer(const Result<ApiAnswer>& answer, const std::string& socket, const char* key,
                                                         const Terminal& terminal);

// GET /v1/status, with every key of docs/api.md. Error::code is the exit status that the failure calls for.
[[nodiscard]] Result<nlohmann::ordered_json> fetch_status(const std::string& socket);

// GET /v1/events, likewise.
[[nodiscard]] Result<nlohmann::ordered_json> fetch_events(const std::string& socket, const Terminal& terminal);

// Every present port is enforced; with `counts_absent` also: none is absent.
[[nodiscard]] bool is_enforced(const nlohmann::ordered_json& status, bool counts_absent);

// "FILE: POINTER: MESSAGE" of an element of "Errors" or "Warnings".
[[nodiscard]] std::string error_text(const nlohmann::ordered_json& error);

// What the daemon said to a change or a question that it did not accept, in its own words. Returns the exit status.
[[nodiscard]] int report_refusal(const ApiAnswer& answer, const Terminal& terminal);

// What is to be said first of all where the daemon enforces nothing, to stderr.
void warn_if_not_enforced(const ApiAnswer& answer, const Terminal& terminal);

// The "Warnings" of an answer, to stderr.
void print_warnings(const nlohmann::ordered_json& answer, const Terminal& terminal);

}  // namespace portcullis
