// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/api_live.h"

#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/daemon/api_json.h"
#include "tools/daemon/change_json.h"
#include "tools/daemon/change_log.h"
#include "tools/daemon/explain_json.h"
#include "tools/daemon/live_json.h"
#include "tools/daemon/percent.h"

namespace portcullis {
namespace {

constexpr std::size_t kMostRules = 20'000;

// /v1/ports/PORT/ACTION, the port decoded.
struct PortPath {
    std::string port;
    std::string action;
};

// None: another path, that of a single port among them.
std::optional<PortPath> port_path_of(std::string_view path) {
    constexpr std::string_view kPorts = "/v1/ports/";
    const std::size_t slash = path.rfind('/');
    if (!path.starts_with(kPorts) || slash < kPorts.size()) {
        return std::nullopt;
    }
    std::optional<std::string> port = percent_decoded(path.substr(kPorts.size(), slash - kPorts.size()));
    std::string action(path.substr(slash + 1));
    if (!port || port->empty() || (action != "quarantine" && action != "release")) {
        return std::nullopt;
    }
    return PortPath{.port = std::move(*port), .action = std::move(action)};
}

unsigned status_of(PortOutcome::Kind kind) {
    switch (kind) {
        case PortOutcome::Kind::Done:
            return 200;
        case PortOutcome::Kind::Unknown:
            return 404;
        case PortOutcome::Kind::Refused:
            return 422;
        case PortOutcome::Kind::Failed:
            break;
    }
    return 500;
}

// Of the line's device where it is present.
std::vector<std::uint32_t> ifindexes_of(const std::vector<PortLine>& lines) {
    std::vector<std::uint32_t> ifindexes;
    for (const PortLine& line : lines) {
        if (line.ifindex != 0) {
            ifindexes.push_back(line.ifindex);
        }
    }
    return ifindexes;
}

}  // namespace

std::optional<HttpResponse> LiveApi::handle(const HttpRequest& request) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (path == "/v1/rules") {
        return request.method == "GET" ? answer_rules() : error_response(405, "/v1/rules can only be read");
    }
    if (path == "/v1/flows") {
        return answer_flows(request);
    }
    if (path == "/v1/verify") {
        return answer_verify(request);
    }
    if (path == "/v1/explain") {
        return answer_explain(request);
    }
    if (const std::optional<PortPath> order = port_path_of(path)) {
        return act_on_port(request, order->port, order->action);
    }
    return std::nullopt;
}

HttpResponse LiveApi::answer_flows(const HttpRequest& request) {
    if (request.method != "GET" && request.method != "DELETE") {
        return error_response(405, "/v1/flows takes GET and DELETE");
    }
    Result<FlowRequest> wanted = parse_flow_request(request.target);
    if (!wanted) {
        return error_response(400, wanted.error().message);
    }
    if (!wanted->port.empty()) {
        wanted->filter.ifindexes = ifindexes_of(controller_.lines_of(wanted->port));
        if (wanted->filter.ifindexes.empty()) {
            return error_response(404, "there is no port " + wanted->port + " now");
        }
    }
    if (request.method == "DELETE") {
        return end_flows(request, *wanted);
    }
    const Result<FlowPage> page = controller_.read_flows(wanted->filter, wanted->after);
    return page ? HttpResponse{.status = 200, .body = print_flows(*page, controller_.lines()), .etag = {}}
                : error_response(500, page.error().message);
}

// What is said must be meant: everything at once is no filter.
HttpResponse LiveApi::end_flows(const HttpRequest& request, const FlowRequest& wanted) {
    if (!wanted.has_filter) {
        return error_response(400, "which flows are to end is not said: port, remote, protocol or number");
    }
    const Result<FlowsEnded> ended = controller_.end_flows(wanted.filter, wanted.after);
    if (!ended) {
        return error_response(500, ended.error().message);
    }
    log_action(request.peer, "ended " + std::to_string(ended->count) + " flows (" + request.target + ")");
    return {.status = 200, .body = print_flows_ended(*ended), .etag = {}};
}

HttpResponse LiveApi::act_on_port(const HttpRequest& request, const std::string& port, std::string_view action) {
    const bool is_release = action == "release";
    const bool is_off = !is_release && request.method == "DELETE";
    if (request.method != "POST" && !is_off) {
        return error_response(405, std::string(action) + " takes POST" + (is_release ? "" : " and DELETE"));
    }
    const PortOutcome outcome = is_release ? controller_.release(port)
                                : is_off   ? controller_.lift_quarantine(port)
                                           : controller_.quarantine(port);
    const bool is_done = outcome.kind == PortOutcome::Kind::Done;
    log_action(request.peer, std::string(action) + (is_off ? " off: " : ": ") + port + (is_done ? "" : ": " + outcome.message));
    return is_done ? HttpResponse{.status = 200, .body = print_change({.generation = outcome.generation}, std::nullopt), .etag = {}}
                   : error_response(status_of(outcome.kind), outcome.message);
}

// A part of a run; `from` is what the part before said.
HttpResponse LiveApi::answer_verify(const HttpRequest& request) {
    if (request.method != "POST") {
        return error_response(405, "/v1/verify takes POST");
    }
    const Result<std::uint64_t> from = parse_from(request.target);
    if (!from) {
        return error_response(400, from.error().message);
    }
    const Result<VerifiedRun> run = controller_.verify(*from);
    return run ? HttpResponse{.status = 200, .body = print_verified(*run), .etag = {}}
               : error_response(run.error().code == ESTALE ? 409 : 500, run.error().message);
}

HttpResponse LiveApi::answer_explain(const HttpRequest& request) {
    if (request.method != "POST") {
        return error_response(405, "/v1/explain takes POST");
    }
    const Result<Question> question = parse_question(request.body);
    if (!question) {
        return error_response(400, question.error().message);
    }
    if (!controller_.has_model()) {
        return error_response(409, "no model has been accepted yet");
    }
    const Result<LiveAnswer> answer = controller_.explain(*question);
    return answer ? HttpResponse{.status = 200, .body = print_live_answer(*answer), .etag = {}}
                  : error_response(answer.error().code == EINVAL ? 422 : 500, answer.error().message);
}

HttpResponse LiveApi::answer_rules() const {
    const Result<RuleCounts> counts = controller_.rule_counts(kMostRules);
    return counts ? HttpResponse{.status = 200, .body = print_rules(*counts), .etag = {}} : error_response(500, counts.error().message);
}

}  // namespace portcullis
