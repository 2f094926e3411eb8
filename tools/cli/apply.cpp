// SPDX-License-Identifier: Apache-2.0
// portcullis apply: makes a model the daemon's desired state.
#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "tools/cli/api_answers.h"
#include "tools/cli/client.h"
#include "tools/cli/commands.h"
#include "tools/cli/text.h"
#include "tools/daemon/model_body.h"
#include "tools/daemon/model_files.h"
#include "tools/daemon/printable.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kApplyDeadline{600};
constexpr std::chrono::milliseconds kPoll{100};

// Ports that are not enforced, "tap0 (absent), tap1 (conflict)".
std::string unenforced(const Json& status) {
    std::string text;
    for (const Json& port : status.at("Ports")) {
        if (port.at("State") != "enforced" && !port.at("NetworkInterfaceId").get<std::string>().empty()) {
            text += (text.empty() ? "" : ", ") + port.at("Device").get<std::string>() + " (" + port.at("State").get<std::string>() + ")";
        }
    }
    return text;
}

// `answer`: to the change.
int wait_until_enforced(const ApplyOptions& options, const ApiAnswer& answer, const Terminal& terminal) {
    const auto end = Clock::now() + std::chrono::seconds(options.wait_seconds.value_or(0));
    for (;;) {
        const Result<Json> status = fetch_status(options.socket);
        if (!status) {
            return report_error(status.error().message, status.error().code, terminal);
        }
        if (is_enforced(*status, options.waits_for_absent)) {
            return kDone;
        }
        const bool is_over = !options.waits_for_absent || !answer.not_enforced.empty() || (options.wait_seconds && Clock::now() >= end);
        if (is_over) {
            const std::string where = answer.not_enforced.empty() ? "not enforced on: " + unenforced(*status)
                                                                  : "nothing is enforced on this host: " + answer.not_enforced;
            return report_error("accepted, but " + where, kFailed, terminal);
        }
        std::this_thread::sleep_for(kPoll);
    }
}

std::string target_of(const ApplyOptions& options) {
    return "/v1/model" + (options.confirm_within ? "?ConfirmWithin=" + std::to_string(*options.confirm_within) : "");
}

}  // namespace

int run_apply(const ApplyOptions& options, const Terminal& terminal) {
    const Result<std::vector<Document>> documents = read_model(options.model);
    if (!documents) {
        return report_error(documents.error().message, kInputWrong, terminal);
    }
    const Result<ApiAnswer> answer = call_api({.socket = options.socket,
                                               .method = "PUT",
                                               .target = target_of(options),
                                               .body = print_model_body(*documents),
                                               .deadline = kApplyDeadline});
    if (!answer) {
        return report_error(answer.error().message, kUnreachable, terminal);
    }
    const Json body = answer->status == 200 ? Json::parse(answer->body, nullptr, false) : Json();
    if (!body.is_object() || !body.contains("Generation")) {
        return report_refusal(*answer, terminal);
    }
    if (const int waited = wait_until_enforced(options, *answer, terminal); waited != kDone) {
        return waited;
    }
    if (terminal.prints_json) {
        print_json(terminal.out, body);
        return kDone;
    }
    print_warnings(body, terminal);
    terminal.out << "generation " << body["Generation"] << " is enforced\n";
    if (body.contains("ConfirmBefore")) {
        terminal.out << "it is rolled back unless `portcullis confirm` follows before "
                     << printable(body["ConfirmBefore"].get<std::string>()) << '\n';
    }
    return kDone;
}

}  // namespace portcullis
