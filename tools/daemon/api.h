// SPDX-License-Identifier: Apache-2.0
// The routes of docs/api.md: request in, answer out, over the controller.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/daemon/controller.h"
#include "tools/daemon/http.h"

namespace portcullis {

// Where the model comes from, and what is wrong with what was last offered there. Kept by model_source.h.
struct SourceStatus {
    struct Refusal {
        std::string since;  // UTC, ISO 8601
        std::vector<Finding> findings;
        std::string failure;  // where no finding tells: the file could not be read, the host could not do it
    };
    std::string path;  // of --model; empty: the API is the source
    std::optional<Refusal> refusal;
};

class Api {
   public:
    // Both outlive the Api.
    Api(Controller& controller, const SourceStatus& source) : controller_(controller), source_(source) {}

    [[nodiscard]] HttpResponse handle(HttpRequest request);

   private:
    [[nodiscard]] HttpResponse put_model(HttpRequest request);
    [[nodiscard]] HttpResponse answer_model() const;
    [[nodiscard]] HttpResponse answer_status() const;

    Controller& controller_;
    const SourceStatus& source_;
};

}  // namespace portcullis
