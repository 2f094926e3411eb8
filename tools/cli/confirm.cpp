// SPDX-License-Identifier: Apache-2.0
// portcullis confirm: keeps a change that would else be rolled back.
#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/cli/api_answers.h"
#include "tools/cli/client.h"
#include "tools/cli/commands.h"
#include "tools/cli/text.h"

namespace portcullis {

using Json = nlohmann::ordered_json;

int run_confirm(const std::string& socket, const Terminal& terminal) {
    const Result<ApiAnswer> answer = call_api({.socket = socket, .method = "POST", .target = "/v1/confirm"});
    if (!answer) {
        return report_error(answer.error().message, kUnreachable, terminal);
    }
    if (answer->status != 200) {
        return report_refusal(*answer, terminal);
    }
    const Json body = Json::parse(answer->body, nullptr, false);
    warn_if_not_enforced(*answer, terminal);
    if (terminal.prints_json) {
        print_json(terminal.out, body);
    } else {
        terminal.out << "generation " << body.at("Generation") << " is confirmed\n";
    }
    return kDone;
}

}  // namespace portcullis
