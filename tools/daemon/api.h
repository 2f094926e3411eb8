// SPDX-License-Identifier: Apache-2.0
// The routes of docs/api.md: request in, answer out, over the controller. Those that change policy are in change_api.h.
#pragma once

#include "tools/daemon/api_live.h"
#include "tools/daemon/change_api.h"
#include "tools/daemon/confirmation.h"
#include "tools/daemon/controller.h"
#include "tools/daemon/event_log.h"
#include "tools/daemon/http.h"
#include "tools/daemon/metrics.h"
#include "tools/daemon/model_intake.h"

namespace portcullis {

class Api {
   public:
    // All outlive the Api.
    Api(Controller& controller, ModelIntake& intake, Confirmation& confirmation, const EventLog& events)
        : controller_(controller),
          intake_(intake),
          confirmation_(confirmation),
          events_(events),
          changes_(controller, intake, confirmation),
          live_(controller) {}

    [[nodiscard]] HttpResponse handle(HttpRequest request);
    // The body of GET /metrics.
    [[nodiscard]] std::string metrics() const;

   private:
    [[nodiscard]] HttpResponse answer(HttpRequest& request);
    [[nodiscard]] HttpResponse answer_status() const;

    Controller& controller_;
    ModelIntake& intake_;
    const Confirmation& confirmation_;
    const EventLog& events_;
    ChangeApi changes_;
    LiveApi live_;
    RequestCounts requests_;
};

}  // namespace portcullis
