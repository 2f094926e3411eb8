// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/model_intake.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "tools/daemon/change_log.h"
#include "tools/daemon/clock.h"
#include "tools/daemon/printable.h"

namespace portcullis {

using Kind = ChangeOutcome::Kind;

ModelIntake::ModelIntake(Controller& controller, const StateStore& store, std::string path)
    : controller_(controller), store_(store), status_{.path = std::move(path), .refusal = {}} {}

bool ModelIntake::take(Result<std::vector<Document>> documents) {
    if (!documents) {
        spdlog::error("model is refused: {}; what was enforced stays enforced", printable(documents.error().message));
        refuse({}, documents.error().message);
        resume();
        return true;
    }
    ChangeOutcome outcome = controller_.change_model(std::move(*documents));
    log_change(printable(status_.path), outcome);
    if (outcome.kind == Kind::Enforced) {
        status_.refusal.reset();
        resumes_later_ = false;
    } else {
        refuse(std::move(outcome.findings), std::move(outcome.failure));
        resume();
    }
    return outcome.kind != Kind::Failed;
}

void ModelIntake::resume() {
    resumes_later_ = false;
    if (controller_.has_model()) {
        return;
    }
    Result<std::optional<SavedModel>> saved = store_.load_model();
    if (saved && saved->has_value()) {
        if ((*saved)->former && last_failure_.empty()) {
            spdlog::warn("the last change was not confirmed before the daemon ended: rolling it back");
        }
        resume_documents((*saved)->confirmed());
        return;
    }
    waits_for_first_model_ = saved.has_value() && status_.path.empty();
    if (saved) {
        spdlog::info("no model was ever accepted; what stands in the kernel is left alone until one is given");
    } else {
        spdlog::error("{}; what stands in the kernel is left alone until a model is given", saved.error().message);
        refuse({}, saved.error().message);
    }
}

void ModelIntake::resume_documents(std::vector<Document> documents) {
    ChangeOutcome outcome = controller_.resume_model(std::move(documents));
    resumes_later_ = outcome.kind == Kind::Failed;
    if (!resumes_later_ || outcome.failure != std::exchange(last_failure_, outcome.failure)) {
        log_change("the state directory", outcome);
    }
    if (!status_.path.empty()) {
        return;  // what is wrong with the file of --model is the news that counts
    }
    if (outcome.kind == Kind::Enforced) {
        status_.refusal.reset();
    } else {
        refuse(std::move(outcome.findings), std::move(outcome.failure));
    }
}

void ModelIntake::model_was_set() {
    status_.refusal.reset();
    resumes_later_ = false;
}

void ModelIntake::refuse(std::vector<Finding> findings, std::string failure) {
    const std::string since = status_.refusal ? status_.refusal->since : utc_now();
    status_.refusal = {.since = since, .findings = std::move(findings), .failure = std::move(failure)};
}

}  // namespace portcullis
