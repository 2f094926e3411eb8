// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/api_answers.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/cli/client.h"
#include "tools/cli/commands.h"

namespace portcullis {

using Json = nlohmann::ordered_json;

Result<Json> fetch(const ApiRequest& request, const char* key) {
    const Result<ApiAnswer> answer = call_api(request);
    if (!answer) {
        return fail(answer.error().message, kUnreachable);
    }
    Json body = Json::parse(answer->body, nullptr, false);
    if (answer->status == 200 && body.is_object() && body.contains(key)) {
        return body;
    }
    if (!body.is_object() || !body.contains("Errors") || body["Errors"].empty()) {
        return fail("the daemon at " + request.socket + " gave an answer that this version does not understand", kFailed);
    }
    const bool is_input = answer->status == 400 || answer->status == 404 || answer->status == 422;
    return fail(error_text(body["Errors"].front()), is_input ? kInputWrong : kFailed);
}

Result<Json> fetch_status(const std::string& socket) { return fetch({.socket = socket, .target = "/v1/status"}, "Ports"); }

Result<Json> fetch_events(const std::string& socket) {
    const Result<ApiAnswer> answer = call_api({.socket = socket, .target = "/v1/events"});
    if (!answer) {
        return fail(answer.error().message, kUnreachable);
    }
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

}  // namespace portcullis
