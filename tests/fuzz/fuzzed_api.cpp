// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzzed_api.h"

#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "tools/daemon/printable.h"

namespace portcullis::test {
namespace {

using nlohmann::json;

const std::set<unsigned> kStatuses{200, 400, 404, 405, 409, 412, 422, 500};

// What is wrong with the body, or nothing.
std::string fault_of(const HttpResponse& response) {
    if (!kStatuses.contains(response.status)) {
        return "no status of docs/api.md";
    }
    if (std::string_view(response.content_type) == kMetricsContentType) {
        return response.body.ends_with('\n') ? "" : "metrics without an end";
    }
    const json body = json::parse(response.body, nullptr, false);
    if (body.is_discarded()) {
        return "no JSON";
    }
    if (response.status == 200) {
        return "";
    }
    const json errors = body.is_object() ? body.value("Errors", json()) : json();
    if (!errors.is_array() || errors.empty()) {
        return "an error that says nothing";
    }
    return errors[0].is_object() && !errors[0].value("Message", "").empty() ? "" : "an error without a message";
}

}  // namespace

FuzzedApi::FuzzedApi(std::uint64_t seed) : DaemonParts(store), random_(seed) {
    dataplane.flows = {{.ifindex = 5, .protocol = 6, .remote_port = 1}, {.ifindex = 5, .protocol = 17, .remote_port = 2}};
    dataplane.differences = {"pc_devices: missing is entry 5", "pc_devices: missing is entry 6"};
    // Lines are made and not kept: there would be hundreds of megabytes of them.
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("none", std::make_shared<spdlog::sinks::null_sink_mt>()));
    auto opened = ControlSocket::open(loop_, path_, [this](HttpRequest request) { return handle(std::move(request)); });
    if (!opened) {
        std::abort();
    }
    socket_ = std::move(*opened);
    thread_ = std::thread([this] { loop_.run(); });
}

FuzzedApi::~FuzzedApi() {
    loop_.stop();
    thread_.join();
}

std::map<unsigned, std::uint64_t> FuzzedApi::answers() const {
    const std::lock_guard lock(mutex_);
    return answers_;
}

std::uint64_t FuzzedApi::changes() const {
    const std::lock_guard lock(mutex_);
    return changes_;
}

std::vector<std::string> FuzzedApi::take_complaints() {
    const std::lock_guard lock(mutex_);
    return std::exchange(complaints_, {});
}

FuzzedApi::Standing FuzzedApi::standing() const {
    Standing now{.generation = controller.model_generation(),
                 .documents = {},
                 .enforced_generation = dataplane.generation,
                 .enforced = dataplane.enforced,
                 .rules = dataplane.rule_labels,
                 .file = {}};
    for (const Document& document : controller.documents()) {
        now.documents.emplace_back(document.name, document.text);
    }
    std::ifstream file(directory.path("model"), std::ios::binary);
    now.file.assign(std::istreambuf_iterator<char>(file), {});
    return now;
}

void FuzzedApi::compare(const std::string& request, const Standing& before, const Standing& after, const HttpResponse& response) {
    const auto complain = [&](const std::string& what) {
        complaints_.push_back(what + ": " + printable(request) + " -> " + std::to_string(response.status) + ' ' +
                              response.body.substr(0, 500));
    };
    const std::lock_guard lock(mutex_);
    ++answers_[response.status];
    if (const std::string fault = fault_of(response); !fault.empty()) {
        complain(fault);
    }
    if (response.status != 200 && !(before == after)) {
        complain("refused, and yet something is different");
    }
    if (before.documents == after.documents) {
        return;
    }
    ++changes_;
    if (after.generation <= before.generation || after.enforced_generation != dataplane.generation) {
        complain("the generation has not gone on");
    }
    if (!parse(controller.documents()).model) {
        complain("what was accepted is no model");
    }
    const auto saved = store.load_model();
    if (!saved || !*saved || (*saved)->documents.size() != after.documents.size()) {
        complain("what was accepted is not what is remembered");
    }
}

// In the loop's thread. The roll-back that is due is made before, so that no request is taken for its cause.
HttpResponse FuzzedApi::handle(HttpRequest request) {
    const std::string said = request.method + ' ' + request.target + " If-Match " + request.if_match + ' ' + request.body;
    const bool only_asks = request.method != "PUT" && request.method != "DELETE" && request.method != "POST";
    dataplane.failure = random_.chance(10) ? std::optional<std::string>("no memory") : std::nullopt;
    (void)confirmation.roll_back_if_due(Confirmation::Clock::now());
    const Standing before = standing();
    HttpResponse response = api_.handle(std::move(request));
    const Standing after = standing();
    compare(said, before, after, response);
    if (only_asks && !(before == after)) {
        const std::lock_guard lock(mutex_);
        complaints_.push_back("a question has changed something: " + printable(said));
    }
    generation_ = controller.model_generation();
    return response;
}

}  // namespace portcullis::test
