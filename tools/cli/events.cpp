// SPDX-License-Identifier: Apache-2.0
// portcullis events: the last denials of ports whose OnDeny asks for a log.
#include <ctime>
#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/cli/api_answers.h"
#include "tools/cli/commands.h"
#include "tools/cli/text.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;

// The clock that events are stamped with, on this host.
std::uint64_t seconds_now() {
    timespec now{};
    (void)::clock_gettime(CLOCK_MONOTONIC, &now);  // cannot fail for this clock
    return static_cast<std::uint64_t>(now.tv_sec);
}

void print_events(const Json& events, const Terminal& terminal) {
    constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
    const std::uint64_t now = seconds_now();
    std::vector<std::vector<std::string>> rows;
    for (const Json& event : events) {
        const std::uint64_t then = event.at("TimeNs").get<std::uint64_t>() / kNsPerSecond;
        rows.push_back({std::to_string(now > then ? now - then : 0) + " s ago", event.at("Message").get<std::string>()});
    }
    print_table(terminal.out, rows);
}

}  // namespace

int run_events(const std::string& socket, const Terminal& terminal) {
    const Result<Json> events = fetch_events(socket, terminal);
    if (!events) {
        return report_error(events.error().message, events.error().code, terminal);
    }
    if (terminal.prints_json) {
        print_json(terminal.out, *events);
    } else {
        print_events(*events, terminal);
    }
    return kDone;
}

}  // namespace portcullis
