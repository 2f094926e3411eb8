// SPDX-License-Identifier: Apache-2.0
// portcullis plan: what apply would change. The daemon compares; this prints.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

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

constexpr std::chrono::seconds kPlanDeadline{600};
constexpr std::size_t kMostRules = 20;  // of one object and sign; --json has them all

std::string state_text(const Json& state) { return state.is_null() ? "-" : state.get<std::string>(); }

void print_ports(const Json& ports, const Terminal& terminal) {
    std::vector<std::vector<std::string>> rows;
    for (const Json& port : ports) {
        const auto interface = port.at("NetworkInterfaceId").get<std::string>();
        rows.push_back({port.at("Device").get<std::string>(), interface.empty() ? "-" : interface,
                        state_text(port.at("Before")) + " -> " + state_text(port.at("After"))});
    }
    print_table(terminal.out, rows);
}

void print_rules(const Json& rules, const std::string& sign, Colour colour, const Terminal& terminal) {
    for (std::size_t i = 0; i < std::min(rules.size(), kMostRules); ++i) {
        terminal.out << "    " << coloured(sign + ' ' + printable(rules[i].get<std::string>()), colour, terminal) << '\n';
    }
    if (rules.size() > kMostRules) {
        terminal.out << "    " << sign << " and " << grouped(rules.size() - kMostRules) << " more\n";
    }
}

void print_object(const Json& object, const Terminal& terminal) {
    const auto change = object.at("Change").get<std::string>();
    const char* const sign = change == "added" ? "+ " : change == "removed" ? "- " : "~ ";
    terminal.out << sign << object.at("Kind").get<std::string>() << '/' << printable(object.at("Id").get<std::string>()) << '\n';
    print_rules(object.at("RemovedRules"), "-", Colour::Bad, terminal);
    print_rules(object.at("AddedRules"), "+", Colour::Good, terminal);
}

void print_writes(const Json& writes, const Terminal& terminal) {
    const auto total = writes.at("Total").get<std::uint64_t>();
    terminal.out << grouped(total) << (total == 1 ? " write" : " writes") << " to the kernel";
    const char* before = ": ";
    for (const Json& place : writes.at("Places")) {
        terminal.out << before << place.at("Where").get<std::string>() << ' ' << grouped(place.at("Count").get<std::uint64_t>());
        before = ", ";
    }
    terminal.out << '\n';
}

void print_plan(const Json& plan, const Terminal& terminal) {
    print_ports(plan.at("Ports"), terminal);
    for (const Json& object : plan.at("Objects")) {
        print_object(object, terminal);
    }
    if (plan.at("Ports").empty() && plan.at("Objects").empty()) {
        terminal.out << "nothing would change\n";
    }
    print_writes(plan.at("KernelWrites"), terminal);
}

}  // namespace

int run_plan(const std::string& model, const std::string& socket, const Terminal& terminal) {
    const Result<std::vector<Document>> documents = read_model(model);
    if (!documents) {
        return report_error(documents.error().message, kInputWrong, terminal);
    }
    const Result<ApiAnswer> answer = call_api(
        {.socket = socket, .method = "POST", .target = "/v1/plan", .body = print_model_body(*documents), .deadline = kPlanDeadline});
    if (!answer) {
        return report_error(answer.error().message, kUnreachable, terminal);
    }
    if (answer->status != 200) {
        return report_refusal(*answer, terminal);
    }
    const Json plan = Json::parse(answer->body, nullptr, false);
    warn_if_not_enforced(*answer, terminal);
    if (terminal.prints_json) {
        print_json(terminal.out, plan);
        return kDone;
    }
    print_warnings(plan, terminal);
    print_plan(plan, terminal);
    return kDone;
}

}  // namespace portcullis
