// SPDX-License-Identifier: Apache-2.0
// portcullis rules: how often each rule decided.
#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/cli/api_answers.h"
#include "tools/cli/commands.h"
#include "tools/cli/text.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;

void print_rules(const Json& answer, const Terminal& terminal) {
    std::vector<std::vector<std::string>> rows{{"DECISIONS", "OWNER", "DIRECTION", "RULE", "ID"}};
    for (const Json& rule : answer.at("Rules")) {
        rows.push_back({grouped(rule.at("Decisions").get<std::uint64_t>()), rule.at("OwnerId").get<std::string>(),
                        rule.at("Direction").get<std::string>(), rule.at("Rule").get<std::string>(), rule.at("RuleId").get<std::string>()});
    }
    print_table(terminal.out, rows);
    if (answer.at("Truncated").get<bool>()) {
        terminal.out << "there are more rules, none of which decided more often\n";
    }
}

}  // namespace

int run_rules(const std::string& socket, const Terminal& terminal) {
    const Result<Json> answer = fetch({.socket = socket, .target = "/v1/rules"}, "Rules", terminal);
    if (!answer) {
        return report_error(answer.error().message, answer.error().code, terminal);
    }
    if (terminal.prints_json) {
        print_json(terminal.out, *answer);
    } else {
        print_rules(*answer, terminal);
    }
    return kDone;
}

}  // namespace portcullis
