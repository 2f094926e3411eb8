// SPDX-License-Identifier: Apache-2.0
// The routes of docs/api.md that look at what runs: request in, answer out, over the controller.
#pragma once

#include <optional>

#include "tools/daemon/controller.h"
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

    Controller& controller_;
};

}  // namespace portcullis
