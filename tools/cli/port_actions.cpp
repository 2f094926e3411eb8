// SPDX-License-Identifier: Apache-2.0
// portcullis quarantine, release: orders about one port.
#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/cli/api_answers.h"
#include "tools/cli/commands.h"
#include "tools/cli/text.h"
#include "tools/daemon/percent.h"
#include "tools/daemon/printable.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;

struct Order {
    std::string port;
    std::string action;
    std::string method = "POST";
    std::string done;  // what to say once it is: "is closed"
};

int give(const std::string& socket, const Order& order, const Terminal& terminal) {
    const Result<Json> answer =
        fetch({.socket = socket, .method = order.method, .target = "/v1/ports/" + percent_encoded(order.port) + "/" + order.action},
              "Generation", terminal);
    if (!answer) {
        return report_error(answer.error().message, answer.error().code, terminal);
    }
    if (terminal.prints_json) {
        print_json(terminal.out, {{"Generation", answer->at("Generation")}});
    } else {
        terminal.out << printable(order.port) << " " << order.done << ", generation " << answer->at("Generation") << '\n';
    }
    return kDone;
}

}  // namespace

int run_quarantine(const std::string& socket, const std::string& port, bool is_off, const Terminal& terminal) {
    return give(socket,
                {.port = port,
                 .action = "quarantine",
                 .method = is_off ? "DELETE" : "POST",
                 .done = is_off ? "is no longer in quarantine" : "is in quarantine: closed until quarantine --off"},
                terminal);
}

int run_release(const std::string& socket, const std::string& device, const Terminal& terminal) {
    return give(socket, {.port = device, .action = "release", .done = "is released: nothing guards it"}, terminal);
}

}  // namespace portcullis
