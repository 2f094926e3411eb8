// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/api_answers.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/cli/client.h"
#include "tools/cli/commands.h"

namespace portcullis {

using Json = nlohmann::ordered_json;

Result<Json> fetch_status(const std::string& socket) {
    Result<ApiAnswer> answer = call_api({.socket = socket, .target = "/v1/status"});
    if (!answer) {
        return fail(answer.error().message, kUnreachable);
    }
    Json status = Json::parse(answer->body, nullptr, false);
    if (answer->status != 200 || !status.is_object() || !status.contains("Ports")) {
        return fail("the daemon at " + socket + " gave an answer that this version does not understand", kFailed);
    }
    return status;
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
