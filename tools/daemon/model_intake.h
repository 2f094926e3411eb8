// SPDX-License-Identifier: Apache-2.0
// Models that come by themselves, not by a request: from --model, and at start from the state directory. Says them to the log, and keeps
// what `status` tells about the source.
//
// Invariant: while the controller has no model, what stands in the kernel is left alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/daemon/controller.h"
#include "tools/daemon/source_status.h"
#include "tools/daemon/state_store.h"

namespace portcullis {

class ModelIntake {
   public:
    // Controller and store outlive this. `path`: of --model; empty: the API is the source. `on_error`: of that model.
    ModelIntake(Controller& controller, const StateStore& store, std::string path, OnError on_error = OnError::Refuse);

    // What --model holds now, or why it cannot be read. Refused while there is no model, the saved one is taken up rather than nothing.
    // Returns whether this is settled: false where the host failed, and trying again may help.
    [[nodiscard]] bool take(Result<std::vector<Document>> documents);
    // Takes up the saved model unless there is one already.
    void resume();
    // To be called when the API has set a model.
    void model_was_set();

    [[nodiscard]] bool resumes_later() const {
        return resumes_later_;
    }  // the host could not enforce the saved model: resume() is due again
    // Whoever waits for ports to be guarded need not wait on: a model is enforced, or nobody has ever given one.
    [[nodiscard]] bool is_ready() const { return controller_.has_model() || waits_for_first_model_; }
    [[nodiscard]] const SourceStatus& status() const { return status_; }

   private:
    [[nodiscard]] ChangeOutcome change_to(std::vector<Document> documents);
    [[nodiscard]] Result<std::vector<Document>> last_accepted() const;
    void keep_isolated(std::vector<IsolatedObject> objects);
    void refuse(std::vector<Finding> findings, std::string failure);
    void resume_documents(std::vector<Document> documents);

    Controller& controller_;
    const StateStore& store_;
    OnError on_error_;
    SourceStatus status_;
    std::string last_failure_;  // of a resumed model, to log it once
    bool waits_for_first_model_ = false;
    bool resumes_later_ = false;
};

}  // namespace portcullis
