// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/api.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "tools/daemon/api_json.h"
#include "tools/daemon/change_log.h"
#include "tools/daemon/model_body.h"

namespace portcullis {
namespace {

// `"12"`, `12` or `*`, which holds for any.
bool matches(std::string_view if_match, std::uint64_t generation) {
    const std::string number = std::to_string(generation);
    return if_match.empty() || if_match == "*" || if_match == number || if_match == '"' + number + '"';
}

// Parts of the API that other versions have: named, so that nobody takes the 404 for a mistyped path.
bool is_known_elsewhere(std::string_view path) {
    constexpr std::array<std::string_view, 10> kPrefixes{
        "/v1/security-groups/", "/v1/network-acls/", "/v1/network-interfaces/", "/v1/subnets/",
        "/v1/prefix-lists/",    "/v1/ports/",        "/v1/transaction",         "/v1/plan",
        "/v1/explain",          "/metrics"};
    return std::ranges::any_of(kPrefixes, [path](std::string_view prefix) { return path.starts_with(prefix); });
}

}  // namespace

HttpResponse Api::handle(HttpRequest request) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (path == "/v1/status") {
        return request.method == "GET" ? answer_status() : error_response(405, "/v1/status can only be read");
    }
    if (path == "/v1/events") {
        return request.method == "GET" ? HttpResponse{.status = 200, .body = print_events(events_.events()), .etag = {}}
                                       : error_response(405, "/v1/events can only be read");
    }
    if (path == "/v1/model" && request.method == "GET") {
        return answer_model();
    }
    if (path == "/v1/model") {
        return request.method == "PUT" ? put_model(std::move(request)) : error_response(405, "/v1/model takes GET and PUT");
    }
    if (std::optional<HttpResponse> response = live_.handle(request)) {
        return std::move(*response);
    }
    return error_response(404, is_known_elsewhere(path) ? path + " is not available in this version" : "there is no " + path);
}

HttpResponse Api::answer_status() const {
    return {.status = 200, .body = print_status(controller_.status(), intake_.status()), .etag = {}};
}

HttpResponse Api::answer_model() const {
    return {.status = 200, .body = print_model_body(controller_.documents()), .etag = controller_.model_generation()};
}

HttpResponse Api::put_model(HttpRequest request) {
    if (!intake_.status().path.empty()) {
        return error_response(409, "the model is the file " + intake_.status().path + " (--model), and the API cannot change it");
    }
    if (!matches(request.if_match, controller_.model_generation())) {
        return error_response(
            412, "the model is at generation " + std::to_string(controller_.model_generation()) + ", not at " + request.if_match);
    }
    Result<std::vector<Document>> documents = parse_model_body(std::move(request.body));
    if (!documents) {
        return error_response(400, documents.error().message);
    }
    const ChangeOutcome outcome = controller_.change_model(std::move(*documents));
    log_change(origin_of(request.peer), outcome);
    switch (outcome.kind) {
        case ChangeOutcome::Kind::Enforced:
            intake_.model_was_set();
            return {.status = 200, .body = print_generation(outcome), .etag = outcome.generation};
        case ChangeOutcome::Kind::Refused:
            return {.status = 422, .body = print_errors(outcome.findings), .etag = {}};
        case ChangeOutcome::Kind::Failed:
            break;
    }
    return error_response(500, outcome.failure);
}

}  // namespace portcullis
