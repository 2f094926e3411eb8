// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/api.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "tools/daemon/api_json.h"

namespace portcullis {
namespace {

// Parts of the API that other versions have: named, so that nobody takes the 404 for a mistyped path.
bool is_known_elsewhere(std::string_view path) {
    constexpr std::array<std::string_view, 1> kPrefixes{"/metrics"};
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
    if (std::optional<HttpResponse> response = live_.handle(request)) {
        return std::move(*response);
    }
    if (std::optional<HttpResponse> changed = changes_.handle(request, path)) {
        return std::move(*changed);
    }
    return error_response(404, is_known_elsewhere(path) ? path + " is not available in this version" : "there is no " + path);
}

HttpResponse Api::answer_status() const {
    return {.status = 200,
            .body = print_status(controller_.status(), intake_.status(), confirmation_.status(Confirmation::Clock::now())),
            .etag = {}};
}

}  // namespace portcullis
