// SPDX-License-Identifier: Apache-2.0
// portcullis verify: whether the kernel holds what was applied.
#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/cli/api_answers.h"
#include "tools/cli/commands.h"
#include "tools/cli/text.h"
#include "tools/daemon/printable.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::chrono::seconds kDeadline{600};

}  // namespace

int run_verify(const std::string& socket, const Terminal& terminal) {
    const Result<Json> answer = fetch({.socket = socket, .method = "POST", .target = "/v1/verify", .deadline = kDeadline}, "Differences");
    if (!answer) {
        return report_error(answer.error().message, answer.error().code, terminal);
    }
    const Json& differences = answer->at("Differences");
    if (terminal.prints_json) {
        print_json(terminal.out, *answer);
        return differences.empty() ? kDone : kFailed;
    }
    for (const Json& difference : differences) {
        terminal.out << coloured("differs: ", Colour::Bad, terminal) << printable(difference.get<std::string>()) << '\n';
    }
    if (answer->at("Truncated").get<bool>()) {
        terminal.out << "there may be more\n";
    }
    if (differences.empty()) {
        terminal.out << "the kernel holds what was applied\n";
    }
    return differences.empty() ? kDone : kFailed;
}

}  // namespace portcullis
