// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/api_answers.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/cli/text.h"
#include "tools/daemon/printable.h"

namespace portcullis {

using Json = nlohmann::ordered_json;

namespace {

Result<Json> parse_answer(const Result<ApiAnswer>& answer, const std::string& socket, const char* key) {
    if (!answer) {
        return fail(answer.error().message, kUnreachable);
    }
    Json body = Json::parse(answer->body, nullptr, false);
    if (answer->status == 200 && body.is_object() && body.contains(key)) {
        return body;
    }
    if (!body.is_object() || !body.contains("Errors") || body["Errors"].empty()) {
        return fail("the daemon at " + socket + " gave an answer that this version does not understand", kFailed);
    }
    const bool is_input = answer->status == 400 || answer->status == 404 || answer->status == 422;
    return fail(error_text(body["Errors"].front()), is_input ? kInputWrong : kFailed);
}

}  // namespace

Result<Json> read_answer(const Result<ApiAnswer>& answer, const std::string& socket, const char* key, const Terminal& terminal) {
    Result<Json> body = parse_answer(answer, socket, key);
    if (answer) {
        warn_if_not_enforced(*answer, terminal);
    }
    return body;
}

Result<Json> fetch(const ApiRequest& request, const char* key, const Terminal& terminal) {
    return read_answer(call_api(request), request.socket, key, terminal);
}

Result<Json> fetch_status(const std::string& socket) {
    return parse_answer(call_api({.socket = socket, .target = "/v1/status"}), socket, "Ports");
}

Result<Json> fetch_events(const std::string& socket, const Terminal& terminal) {
    const Result<ApiAnswer> answer = call_api({.socket = socket, .target = "/v1/events"});
    if (!answer) {
        return fail(answer.error().message, kUnreachable);
    }
    warn_if_not_enforced(*answer, terminal);
    Json events = Json::parse(answer->body, nullptr, false);
    if (answer->status != 200 || !events.is_array()) {
        return fail("the daemon at " + socket + " gave an answer that this version does not understand", kFailed);
    }
    return events;
}

bool is_enforced(const Json& status, bool counts_absent) {
    const auto is_absent = [](const Json& port) { return port.at("State") == "absent"; };
    return status.at("Enforced").get<bool>() && !(counts_absent && std::ranges::any_of(status.at("Ports"), is_absent));
}

std::string error_text(const Json& error) {
    const auto field = [&error](const char* key) { return error.value(key, std::string{}); };
    const std::string file = field("File");
    const std::string pointer = field("Pointer");
    return (file.empty() ? "" : file + ": ") + (pointer.empty() ? "" : pointer + ": ") + field("Message");
}

int report_refusal(const ApiAnswer& answer, const Terminal& terminal) {
    const Json body = Json::parse(answer.body, nullptr, false);
    const int status = answer.status == 400 || answer.status == 413 || answer.status == 422 ? kInputWrong : kFailed;
    if (!body.is_object() || !body.contains("Errors")) {
        return report_error("the daemon answered with status " + std::to_string(answer.status), kFailed, terminal);
    }
    if (terminal.prints_json) {
        print_json(terminal.out, body);
        return status;
    }
    for (const Json& error : body["Errors"]) {
        terminal.err << coloured("error: ", Colour::Bad, terminal) << printable(error_text(error)) << '\n';
    }
    return status;
}

void warn_if_not_enforced(const ApiAnswer& answer, const Terminal& terminal) {
    if (!answer.not_enforced.empty()) {
        terminal.err << coloured("warning: ", Colour::Bad, terminal)
                     << "nothing is enforced on this host: " << printable(answer.not_enforced) << '\n';
    }
}

void print_warnings(const Json& answer, const Terminal& terminal) {
    for (const Json& warning : answer.value("Warnings", Json::array())) {
        terminal.err << coloured("warning: ", Colour::Faint, terminal) << printable(error_text(warning)) << '\n';
    }
}

}  // namespace portcullis
