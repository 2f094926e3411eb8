// SPDX-License-Identifier: Apache-2.0
// portcullis status: what the daemon says it enforces. The daemon judges; this prints.
#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/cli/api_answers.h"
#include "tools/cli/commands.h"
#include "tools/cli/text.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;

std::string drops_text(const Json& drops) {
    std::string text;
    for (const Json& drop : drops) {
        text += (text.empty() ? "" : ", ") + drop.at("Direction").get<std::string>() + ' ' + drop.at("Reason").get<std::string>() + ' ' +
                grouped(drop.at("Packets").get<std::uint64_t>());
    }
    return text.empty() ? "-" : text;
}

void print_ports(const Json& ports, const Terminal& terminal) {
    std::vector<std::vector<std::string>> rows{{"DEVICE", "INTERFACE", "STATE", "RULES", "FLOWS", "DROPS"}};
    std::vector<std::vector<std::string>> details;
    for (const Json& port : ports) {
        const auto interface = port.at("NetworkInterfaceId").get<std::string>();
        const auto detail = port.at("Detail").get<std::string>();
        rows.push_back({port.at("Device").get<std::string>(), interface.empty() ? "-" : interface, port.at("State").get<std::string>(),
                        grouped(port.at("Rules").get<std::uint64_t>()), grouped(port.at("Flows").get<std::uint64_t>()),
                        drops_text(port.at("Drops"))});
        if (!detail.empty()) {
            details.push_back({port.at("Device").get<std::string>() + ":", detail});
        }
        for (const Json& sentence : port.at("Unenforced")) {
            details.push_back({port.at("Device").get<std::string>() + ":", "not done: " + sentence.get<std::string>()});
        }
        if (const auto way = port.at("FastPath").get<std::string>(); way != "off") {
            details.push_back({port.at("Device").get<std::string>() + ":", "fast path (" + way + "), taken by " +
                                                                               grouped(port.at("FastPathPackets").get<std::uint64_t>()) +
                                                                               " packets that it sent"});
        }
        for (const Json& other : port.at("Neighbours")) {
            const std::string who = other.at("What").get<std::string>() + " at " + other.at("Hook").get<std::string>();
            details.push_back({port.at("Device").get<std::string>() + ":",
                               other.at("Order") == "before"
                                   ? who + " is before ours and overrides it: what it drops, takes or passes for good "
                                           "ours never sees"
                                   : who + " is behind ours and sees what ours passes"});
        }
    }
    if (rows.size() > 1) {
        terminal.out << '\n';
        print_table(terminal.out, rows);
    }
    if (!details.empty()) {
        terminal.out << '\n';
        print_table(terminal.out, details);
    }
}

void print_status(const Json& status, const Terminal& terminal) {
    const Json& model = status.at("Model");
    const Json& refused = model.at("Refused");
    const Json& trouble = status.at("Trouble");
    const auto path = model.at("Path").get<std::string>();
    const auto accepted = model.at("AcceptedAt").get<std::string>();
    std::vector<std::vector<std::string>> rows{
        {"back end", status.at("Backend").get<std::string>() + ", " + status.at("BackendReason").get<std::string>()},
        {"generation", std::to_string(status.at("Generation").get<std::uint64_t>())},
        {"model", (path.empty() ? "set through the API" : path) + (accepted.empty() ? ", none accepted yet" : ", accepted " + accepted)},
        {"network ACLs", status.at("NetworkAcls").get<std::string>()}};
    if (const Json& unconfirmed = model.at("Unconfirmed"); !unconfirmed.is_null()) {
        rows.push_back({"unconfirmed", "generation " + std::to_string(unconfirmed.at("Generation").get<std::uint64_t>()) +
                                           " is rolled back unless confirmed before " + unconfirmed.at("Deadline").get<std::string>() +
                                           ", in " + std::to_string(unconfirmed.at("SecondsLeft").get<std::int64_t>()) + " s"});
    }
    if (!refused.is_null()) {
        rows.push_back({"refused", "since " + refused.at("Since").get<std::string>()});
        for (const Json& error : refused.at("Errors")) {
            rows.push_back({"", error_text(error)});
        }
    }
    for (const Json& object : model.at("Isolated")) {
        const bool keeps = object.at("InForce") == "last-accepted";
        rows.push_back({"isolated", object.at("Kind").get<std::string>() + '/' + object.at("Id").get<std::string>() +
                                        (keeps ? " keeps its last accepted content" : " matches nothing") + " since " +
                                        object.at("Since").get<std::string>()});
        for (const Json& error : object.at("Errors")) {
            rows.push_back({"", error_text(error)});
        }
    }
    if (!trouble.is_null()) {
        rows.push_back({"trouble", "since " + trouble.at("Since").get<std::string>() + ": " + trouble.at("Message").get<std::string>()});
    }
    if (const Json& last = status.at("Healings").at("Last"); !last.is_null()) {
        const auto count = status.at("Healings").at("Count").get<std::uint64_t>();
        rows.push_back({"healed", grouped(count) + (count == 1 ? " time, " : " times, last ") + last.at("At").get<std::string>() + ": " +
                                      last.at("Message").get<std::string>()});
    }
    print_table(terminal.out, rows);
    const bool is_healthy = status.at("Healthy").get<bool>();
    terminal.out << "health        " << coloured(is_healthy ? "good" : "bad", is_healthy ? Colour::Good : Colour::Bad, terminal) << '\n';
    print_ports(status.at("Ports"), terminal);
}

}  // namespace

int run_status(const std::string& socket, bool counts_absent, const Terminal& terminal) {
    const Result<Json> status = fetch_status(socket);
    if (!status) {
        return report_error(status.error().message, status.error().code, terminal);
    }
    if (terminal.prints_json) {
        print_json(terminal.out, *status);
    } else {
        print_status(*status, terminal);
    }
    const bool is_whole = status->at("Model").at("Isolated").empty();
    return is_whole && is_enforced(*status, counts_absent) ? kDone : kFailed;
}

}  // namespace portcullis
