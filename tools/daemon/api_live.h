// SPDX-License-Identifier: Apache-2.0
// The routes of docs/api.md that look at what runs and act on it in incidents: request in, answer out, over the controller.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tools/daemon/controller.h"
#include "tools/daemon/flow_request.h"
#include "tools/daemon/http.h"

namespace portcullis {

class LiveApi {
   public:
    // `controller` outlives it.
    explicit LiveApi(Controller& controller) : controller_(controller) {}

    // None: the path is none of these.
    [[nodiscard]] std::optional<HttpResponse> handle(const HttpRequest& request);

   private:
    [[nodiscard]] HttpResponse answer_rules() const;
    [[nodiscard]] HttpResponse answer_verify(const HttpRequest& request);
    [[nodiscard]] HttpResponse answer_explain(const HttpRequest& request);
    [[nodiscard]] HttpResponse act_on_port(const HttpRequest& request, const std::string& port, std::string_view action);
    [[nodiscard]] HttpResponse answer_flows(const HttpRequest& request);
    [[nodiscard]] HttpResponse end_flows(const HttpRequest& request, const FlowRequest& wanted);

    Controller& controller_;
};

}  // namespace portcullis
