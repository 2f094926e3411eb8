// SPDX-License-Identifier: Apache-2.0
// portcullis top: the busiest denials, as the kernel counted them and as the last events tell them.
#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/cli/api_answers.h"
#include "tools/cli/commands.h"
#include "tools/cli/denials.h"
#include "tools/cli/follow.h"
#include "tools/cli/text.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::chrono::seconds kRefresh{1};

void print_top(const Json& top, const Terminal& terminal) {
    std::vector<std::vector<std::string>> drops{{"PACKETS", "DEVICE", "INTERFACE", "DIRECTION", "REASON"}};
    for (const Json& drop : top.at("Drops")) {
        drops.push_back({grouped(drop.at("Packets").get<std::uint64_t>()), drop.at("Device").get<std::string>(),
                         drop.at("NetworkInterfaceId").get<std::string>(), drop.at("Direction").get<std::string>(),
                         drop.at("Reason").get<std::string>()});
    }
    print_table(terminal.out, drops);
    if (top.at("Denials").empty()) {
        return;
    }
    terminal.out << "\nof the last denials that were told\n";
    std::vector<std::vector<std::string>> denials{{"EVENTS", "INTERFACE", "DIRECTION", "REASON", "FROM", "TO", "PROTO", "PORT"}};
    for (const Json& denial : top.at("Denials")) {
        denials.push_back({grouped(denial.at("Events").get<std::uint64_t>()), denial.at("NetworkInterfaceId").get<std::string>(),
                           denial.at("Direction").get<std::string>(), denial.at("Reason").get<std::string>(),
                           denial.at("Source").get<std::string>(), denial.at("Destination").get<std::string>(),
                           denial.at("Protocol").dump(), denial.at("DestinationPort").dump()});
    }
    print_table(terminal.out, denials);
}

// One object to a line, or what a screen shows.
void print_next(const Json& top, const Terminal& terminal) {
    if (terminal.prints_json) {
        terminal.out << top.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
        return;
    }
    if (terminal.has_colour) {
        terminal.out << "\033[H\033[2J";  // the screen, anew
    }
    print_top(top, terminal);
    terminal.out << std::endl;
}

Result<Json> look(const std::string& socket, const Terminal& terminal) {
    const Result<Json> status = fetch_status(socket);
    if (!status) {
        return fail(status.error());
    }
    const Result<Json> events = fetch_events(socket, terminal);
    return events ? Result<Json>(busiest_denials(*status, *events)) : fail(events.error());
}

int follow(const std::string& socket, const Terminal& terminal) {
    const Result<Interruption> interruption = Interruption::expect();
    if (!interruption) {
        return report_error(interruption.error().message, kFailed, terminal);
    }
    do {
        const Result<Json> top = look(socket, terminal);
        if (!top) {
            return report_error(top.error().message, top.error().code, terminal);
        }
        print_next(*top, terminal);
    } while (terminal.out && !interruption->comes_within(kRefresh));
    return kDone;
}

}  // namespace

int run_top(const std::string& socket, bool follows, const Terminal& terminal) {
    if (follows) {
        return follow(socket, terminal);
    }
    const Result<Json> top = look(socket, terminal);
    if (!top) {
        return report_error(top.error().message, top.error().code, terminal);
    }
    if (terminal.prints_json) {
        print_json(terminal.out, *top);
    } else {
        print_top(*top, terminal);
    }
    return kDone;
}

}  // namespace portcullis
