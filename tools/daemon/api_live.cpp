// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/api_live.h"

#include <string>

#include "tools/daemon/api_json.h"
#include "tools/daemon/live_json.h"

namespace portcullis {
namespace {

constexpr std::size_t kMostRules = 20'000;

}  // namespace

std::optional<HttpResponse> LiveApi::handle(const HttpRequest& request) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (path == "/v1/rules") {
        return request.method == "GET" ? answer_rules() : error_response(405, "/v1/rules can only be read");
    }
    return std::nullopt;
}

HttpResponse LiveApi::answer_rules() const {
    const Result<RuleCounts> counts = controller_.rule_counts(kMostRules);
    return counts ? HttpResponse{.status = 200, .body = print_rules(*counts), .etag = {}} : error_response(500, counts.error().message);
}

}  // namespace portcullis
