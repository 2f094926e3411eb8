// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/model_intake.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "tools/daemon/change_log.h"
#include "tools/daemon/clock.h"
#include "tools/daemon/printable.h"

namespace portcullis {

using Kind = ChangeOutcome::Kind;

namespace {

bool has_error(const std::vector<Finding>& findings) {
    return std::ranges::any_of(findings, [](const Finding& finding) { return finding.severity == Finding::Severity::Error; });
}

void log_isolated(const std::vector<IsolatedObject>& objects) {
    for (const IsolatedObject& object : objects) {
        spdlog::error("isolated: {} {}: {}", printable(document_name(object.name)), to_string(object.in_force),
                      object.reasons.front().to_string());
    }
}

}  // namespace

ModelIntake::ModelIntake(Controller& controller, const StateStore& store, std::string path, OnError on_error)
    : controller_(controller), store_(store), on_error_(on_error), status_{.path = std::move(path), .refusal = {}, .isolated = {}} {}

bool ModelIntake::take(Result<std::vector<Document>> documents) {
    if (!documents) {
        spdlog::error("model is refused: {}; what was enforced stays enforced", printable(documents.error().message));
        refuse({}, documents.error().message);
        resume();
        return true;
    }
    ChangeOutcome outcome = change_to(std::move(*documents));
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

// What is isolated is accepted with the rest: the next model starts from it, in the next run of the daemon too.
ChangeOutcome ModelIntake::change_to(std::vector<Document> documents) {
    if (on_error_ == OnError::Refuse) {
        return controller_.change_model(std::move(documents));
    }
    ParseOutcome parsed = parse(documents);
    if (!has_error(parsed.findings)) {
        ChangeOutcome outcome = controller_.change_model(std::move(documents));
        if (outcome.kind == Kind::Enforced) {
            status_.isolated.clear();
        }
        return outcome;
    }
    const Result<std::vector<Document>> accepted = last_accepted();
    Result<IsolatedModel> model = accepted ? isolate(documents, std::move(parsed.findings), *accepted) : fail(accepted.error());
    if (!model) {
        ChangeOutcome refused = controller_.change_model(std::move(documents));
        refused.failure = "nothing is isolated: " + model.error().message;
        return refused;
    }
    ChangeOutcome outcome = controller_.change_model(std::move(model->documents));
    if (outcome.kind == Kind::Enforced) {
        keep_isolated(std::move(model->objects));
    }
    return outcome;
}

Result<std::vector<Document>> ModelIntake::last_accepted() const {
    if (controller_.has_model()) {
        return controller_.documents();
    }
    const Result<std::optional<SavedModel>> saved = store_.load_model();
    if (!saved) {
        return fail(saved.error());
    }
    return *saved ? (*saved)->confirmed() : std::vector<Document>{};
}

void ModelIntake::keep_isolated(std::vector<IsolatedObject> objects) {
    for (IsolatedObject& object : objects) {
        const auto before = std::ranges::find(status_.isolated, object.name, &IsolatedObject::name);
        object.since = before == status_.isolated.end() ? utc_now() : before->since;
    }
    status_.isolated = std::move(objects);
    log_isolated(status_.isolated);
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
