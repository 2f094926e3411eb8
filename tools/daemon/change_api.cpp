// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/change_api.h"

#include <string_view>
#include <utility>

#include "tools/daemon/api_json.h"
#include "tools/daemon/change_json.h"
#include "tools/daemon/change_log.h"
#include "tools/daemon/document_edit.h"
#include "tools/daemon/model_body.h"
#include "tools/daemon/printable.h"

namespace portcullis {
namespace {

using Clock = Confirmation::Clock;

constexpr std::size_t kLongestTarget = 300;  // bytes of it in the log

HttpResponse error(unsigned status, const std::string& message) { return {.status = status, .body = print_error(message), .etag = {}}; }

// `"12"`, `12` or `*`, which holds for any.
bool matches(std::string_view if_match, std::uint64_t generation) {
    const std::string number = std::to_string(generation);
    return if_match.empty() || if_match == "*" || if_match == number || if_match == '"' + number + '"';
}

// "uid 0 pid 4711 (PUT /v1/ports/eni-1)".
std::string origin_of(const HttpRequest& request) {
    return "uid " + std::to_string(request.peer.uid) + " pid " + std::to_string(request.peer.pid) + " (" +
           printable(request.method + ' ' + request.target.substr(0, kLongestTarget)) + ')';
}

}  // namespace

std::optional<HttpResponse> ChangeApi::handle(HttpRequest& request, const std::string& path) {
    const std::string& method = request.method;
    if (path == "/v1/model") {
        return method == "GET" ? answer_model() : method == "PUT" ? put_model(request) : error(405, "/v1/model takes GET and PUT");
    }
    if (path == "/v1/transaction") {
        return method == "POST" ? change_objects(request, nullptr) : error(405, "/v1/transaction takes POST");
    }
    if (path == "/v1/plan") {
        return method == "POST" ? plan(request) : error(405, "/v1/plan takes POST");
    }
    if (path == "/v1/confirm") {
        return method == "POST" ? confirm(request) : error(405, "/v1/confirm takes POST");
    }
    const Result<std::optional<ObjectName>> name = parse_object_path(path);
    if (!name) {
        return error(400, name.error().message);
    }
    if (!*name) {
        return std::nullopt;
    }
    if (method == "GET") {
        return answer_object(**name);
    }
    return method == "PUT" || method == "DELETE" ? change_objects(request, &**name) : error(405, path + " takes GET, PUT and DELETE");
}

HttpResponse ChangeApi::answer_model() const {
    return {.status = 200, .body = print_model_body(controller_.documents()), .etag = controller_.model_generation()};
}

std::optional<HttpResponse> ChangeApi::refuse_change(const HttpRequest& request, Within& within) {
    const auto now = Clock::now();
    (void)confirmation_.roll_back_if_due(now);  // its failure is in the log and in `status`
    if (!intake_.status().path.empty()) {
        return error(409, "the model is the file " + intake_.status().path + " (--model), and the API cannot change it");
    }
    const Result<Within> wanted = read_confirm_within(request.target);
    if (!wanted) {
        return error(400, wanted.error().message);
    }
    within = *wanted;
    if (const auto pending = confirmation_.status(now); pending && (pending->seconds_left != 0 || within)) {
        return error(409, pending->roll_back ? pending->roll_back->message
                                             : "generation " + std::to_string(pending->generation) + " waits for its confirmation until " +
                                                   pending->deadline + ": confirm it, or wait for its roll-back, before the next change");
    }
    if (within && !controller_.has_model()) {
        return error(409, "there is no accepted model that a change without confirmation could be rolled back to");
    }
    if (!matches(request.if_match, controller_.model_generation())) {
        return error(412, "the model is at generation " + std::to_string(controller_.model_generation()) + ", not at " + request.if_match);
    }
    return std::nullopt;
}

HttpResponse ChangeApi::put_model(HttpRequest& request) {
    Within within;
    if (auto refused = refuse_change(request, within)) {
        return std::move(*refused);
    }
    Result<std::vector<Document>> documents = parse_model_body(std::move(request.body));
    return documents ? make_change(request, std::move(*documents), within, nullptr) : error(400, documents.error().message);
}

HttpResponse ChangeApi::answer_object(const ObjectName& name) const {
    const auto object = find_object(controller_.documents(), name);
    return object ? HttpResponse{.status = 200, .body = object->dump(), .etag = controller_.model_generation()}
                  : error(404, "the model has no " + document_name(name));
}

// `name`: none for a transaction.
HttpResponse ChangeApi::change_objects(const HttpRequest& request, const ObjectName* name) {
    Within within;
    if (auto refused = refuse_change(request, within)) {
        return std::move(*refused);
    }
    if (!intake_.is_ready()) {
        return error(409, "the saved model is not enforced (see status), and an object by itself would take its place: give a whole model");
    }
    const ChangeRequest change = name == nullptr ? read_transaction(request.body) : read_object_change(request.method, *name, request.body);
    if (!change.findings.empty()) {
        return {.status = 400, .body = print_errors(change.findings), .etag = {}};
    }
    Result<EditedDocuments> edited = edit_documents(controller_.documents(), change.edits);
    if (!edited) {
        return error(500, edited.error().message);
    }
    if (!edited->missing.empty()) {
        std::vector<Finding> findings;
        for (const std::size_t i : edited->missing) {
            findings.push_back({.severity = Finding::Severity::Error,
                                .position = {.file = "request", .pointer = change.places[i]},
                                .message = "the model has no " + document_name(change.edits[i].name)});
        }
        return {.status = 404, .body = print_errors(findings), .etag = {}};
    }
    return make_change(request, std::move(edited->documents), within, &change);
}

HttpResponse ChangeApi::make_change(const HttpRequest& request, std::vector<Document> documents, Within within,
                                    const ChangeRequest* objects) {
    using Awaits = Controller::Confirmation;
    ChangeOutcome outcome = controller_.change_model(std::move(documents), within ? Awaits::Awaited : Awaits::NotNeeded);
    if (objects != nullptr) {
        relocate(outcome.findings, *objects);
    }
    const std::string origin = origin_of(request);
    log_change(origin, outcome);
    switch (outcome.kind) {
        case ChangeOutcome::Kind::Enforced:
            intake_.model_was_set();
            if (within) {
                confirmation_.begin(origin, *within, Clock::now());
            }
            return {.status = 200, .body = print_change(outcome, confirmation_.status(Clock::now())), .etag = outcome.generation};
        case ChangeOutcome::Kind::Refused:
            return {.status = 422, .body = print_errors(outcome.findings), .etag = {}};
        case ChangeOutcome::Kind::Failed:
            break;
    }
    return error(500, outcome.failure);
}

HttpResponse ChangeApi::plan(HttpRequest& request) const {
    const Result<std::vector<Document>> documents = parse_model_body(std::move(request.body));
    if (!documents) {
        return error(400, documents.error().message);
    }
    const PlannedChange planned = controller_.plan_model(*documents);
    if (!planned.is_acceptable) {
        return {.status = 422, .body = print_errors(planned.findings), .etag = {}};
    }
    if (!planned.failure.empty()) {
        return error(500, planned.failure);
    }
    return {.status = 200, .body = print_plan(planned, controller_.model_generation()), .etag = controller_.model_generation()};
}

HttpResponse ChangeApi::confirm(const HttpRequest& request) {
    if (confirmation_.roll_back_if_due(Clock::now())) {
        return error(409, "the time is over: the change has been rolled back");
    }
    const auto pending = confirmation_.status(Clock::now());
    if (!pending) {
        return error(409, "no change waits for a confirmation");
    }
    if (pending->roll_back) {
        return error(409, pending->roll_back->message);
    }
    if (!matches(request.if_match, controller_.model_generation())) {
        return error(412, "the model is at generation " + std::to_string(controller_.model_generation()) + ", not at " + request.if_match);
    }
    if (const Result<> confirmed = confirmation_.confirm(origin_of(request)); !confirmed) {
        return error(500, confirmed.error().message);
    }
    return {.status = 200, .body = print_confirmed(pending->generation), .etag = pending->generation};
}

}  // namespace portcullis
