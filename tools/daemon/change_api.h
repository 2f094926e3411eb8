// SPDX-License-Identifier: Apache-2.0
// The routes of docs/api.md that change policy, or tell what a change would do: the whole model, single objects, transactions, plans and
// confirmations. Each is accepted or refused alone; a refused one leaves all as it was.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tools/daemon/change_request.h"
#include "tools/daemon/confirmation.h"
#include "tools/daemon/controller.h"
#include "tools/daemon/http.h"
#include "tools/daemon/model_intake.h"

namespace portcullis {

class ChangeApi {
   public:
    // All outlive this.
    ChangeApi(Controller& controller, ModelIntake& intake, Confirmation& confirmation)
        : controller_(controller), intake_(intake), confirmation_(confirmation) {}

    // None: the path is none of ours. `path`: the target without its query.
    [[nodiscard]] std::optional<HttpResponse> handle(HttpRequest& request, const std::string& path);

   private:
    using Within = std::optional<std::chrono::seconds>;
    // Why no change may be made now, whatever it is.
    [[nodiscard]] std::optional<HttpResponse> refuse_change(const HttpRequest& request, Within& within);
    [[nodiscard]] HttpResponse make_change(const HttpRequest& request, std::vector<Document> documents, Within within,
                                           const ChangeRequest* objects);
    [[nodiscard]] HttpResponse answer_model() const;
    [[nodiscard]] HttpResponse put_model(HttpRequest& request);
    [[nodiscard]] HttpResponse answer_object(const ObjectName& name) const;
    [[nodiscard]] HttpResponse change_objects(const HttpRequest& request, const ObjectName* name);
    [[nodiscard]] HttpResponse plan(HttpRequest& request) const;
    [[nodiscard]] HttpResponse confirm(const HttpRequest& request);

    Controller& controller_;
    ModelIntake& intake_;
    Confirmation& confirmation_;
};

}  // namespace portcullis
