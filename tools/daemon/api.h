// SPDX-License-Identifier: Apache-2.0
// The routes of docs/api.md: request in, answer out, over the controller.
#pragma once

#include "tools/daemon/api_live.h"
#include "tools/daemon/controller.h"
#include "tools/daemon/event_log.h"
#include "tools/daemon/http.h"
#include "tools/daemon/model_intake.h"

namespace portcullis {

class Api {
   public:
    // All outlive the Api.
    Api(Controller& controller, ModelIntake& intake, const EventLog& events)
        : controller_(controller), intake_(intake), events_(events), live_(controller) {}

    [[nodiscard]] HttpResponse handle(HttpRequest request);

   private:
    [[nodiscard]] HttpResponse put_model(HttpRequest request);
    [[nodiscard]] HttpResponse answer_model() const;
    [[nodiscard]] HttpResponse answer_status() const;

    Controller& controller_;
    ModelIntake& intake_;
    const EventLog& events_;
    LiveApi live_;
};

}  // namespace portcullis
