// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/api.h"

#include <optional>
#include <string_view>
#include <utility>

#include "tools/daemon/api_json.h"

namespace portcullis {

HttpResponse Api::handle(HttpRequest request) {
    const std::string method = request.method;
    HttpResponse response = answer(request);
    response.not_enforced = controller_.why_nothing_is_enforced();
    requests_.add(method, response.status);
    return response;
}

HttpResponse Api::answer(HttpRequest& request) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (path == "/v1/status") {
        return request.method == "GET" ? answer_status() : error_response(405, "/v1/status can only be read");
    }
    if (path == "/metrics") {
        return request.method == "GET" ? HttpResponse{.status = 200, .body = metrics(), .etag = {}, .content_type = kMetricsContentType}
                                       : error_response(405, "/metrics can only be read");
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
    return error_response(404, "there is no " + path);
}

std::string Api::metrics() const {
    const ControllerStatus status = controller_.status();
    const Health health = health_of(status, intake_.status(), confirmation_.status(Confirmation::Clock::now()));
    return print_metrics({.status = status,
                          .source = intake_.status(),
                          .is_enforced = health.is_enforced,
                          .is_healthy = health.is_healthy,
                          .requests = requests_});
}

HttpResponse Api::answer_status() const {
    return {.status = 200,
            .body = print_status(controller_.status(), intake_.status(), confirmation_.status(Confirmation::Clock::now())),
            .etag = {}};
}

}  // namespace portcullis
