// SPDX-License-Identifier: Apache-2.0
// portcullis verify: whether the kernel holds what was applied, and judges by it.
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "tools/cli/api_answers.h"
#include "tools/cli/commands.h"
#include "tools/cli/text.h"
#include "tools/daemon/printable.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kMostDifferences = 100;  // that are told
constexpr int kRuns = 5;                       // of which a change of what is enforced may end all but the last

// A whole run, part by part; none: what is enforced has changed meanwhile.
Result<std::optional<Json>> run_once(const std::string& socket, const Terminal& terminal) {
    Json whole{{"Differences", Json::array()}, {"Probes", nullptr}, {"Truncated", false}};
    for (Json next = 0; !next.is_null();) {
        const std::string target = "/v1/verify?after=" + next.dump();
        const Result<ApiAnswer> answer = call_api({.socket = socket, .method = "POST", .target = target});
        if (answer && answer->status == 409 && next != 0) {
            return std::optional<Json>();
        }
        const Result<Json> part = read_answer(answer, socket, "Differences", terminal);
        if (!part) {
            return fail(part.error());
        }
        Json& differences = whole["Differences"];
        differences.insert(differences.end(), part->at("Differences").begin(), part->at("Differences").end());
        whole["Probes"] = part->at("Probes");
        next = part->at("Next");
        if (differences.size() >= kMostDifferences) {
            differences.erase(differences.begin() + kMostDifferences, differences.end());
            whole["Truncated"] = true;
            break;
        }
    }
    return std::optional(std::move(whole));
}

Result<Json> run_whole(const std::string& socket, const Terminal& terminal) {
    for (int run = 0; run < kRuns; ++run) {
        Result<std::optional<Json>> whole = run_once(socket, terminal);
        if (!whole) {
            return fail(whole.error());
        }
        if (*whole) {
            return std::move(**whole);
        }
    }
    return fail("what is enforced changes too often to be compared", kFailed);
}

}  // namespace

int run_verify(const std::string& socket, const Terminal& terminal) {
    const Result<Json> answer = run_whole(socket, terminal);
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
        terminal.out << "the kernel holds what was applied"
                     << (answer->at("Probes").is_null()
                             ? std::string()
                             : ", and " + grouped(answer->at("Probes").get<std::uint64_t>()) + " probe packets met what the model says")
                     << '\n';
    }
    return differences.empty() ? kDone : kFailed;
}

}  // namespace portcullis
