// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/controller.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "compiler/compile/compile.h"
#include "compiler/parse/model_diff.h"
#include "tools/daemon/clock.h"
#include "tools/daemon/fast_paths.h"

namespace portcullis {
namespace {

constexpr std::size_t kLongestDiff = 512;  // bytes, of a line of the log

Trouble trouble_since(const std::optional<Trouble>& before, std::string message) {
    return {.since = before ? before->since : utc_now(), .message = std::move(message)};
}

bool is_same(const std::vector<Document>& left, const std::vector<Document>& right) {
    return std::ranges::equal(left, right, [](const Document& a, const Document& b) { return a.name == b.name && a.text == b.text; });
}

bool has_error(const std::vector<Finding>& findings) {
    return std::ranges::any_of(findings, [](const Finding& finding) { return finding.severity == Finding::Severity::Error; });
}

}  // namespace

Controller::Controller(ControllerHost host, Progress progress)
    : host_(std::move(host)),
      generation_(progress.generation),
      memory_(std::move(progress.bindings)),
      quarantines_(std::move(progress.quarantines)) {}

BindingPlan Controller::plan_for(const Ruleset& ruleset, const std::set<std::uint32_t>& default_routes) const {
    BindingPlan plan = plan_bindings(ruleset, host_.devices, memory_, default_routes, quarantines_);
    choose_fast_paths(host_.fast_path, ruleset, host_.devices, plan.devices);
    if (!host_.dataplane.why_nothing_is_enforced().empty()) {
        for (PortLine& line : plan.lines) {
            if (line.ifindex != 0) {
                line.state = PortState::Unenforced;
                line.detail = "everything passes";
            }
        }
    }
    return plan;
}

ChangeOutcome Controller::change_model(std::vector<Document> documents, Confirmation confirmation) {
    std::optional<std::vector<Document>> former;
    if (confirmation == Confirmation::Awaited) {
        former = documents_;
    }
    return take_model({.documents = std::move(documents), .former = std::move(former)}, HostGuard::On);
}

ChangeOutcome Controller::resume_model(std::vector<Document> documents) {
    return take_model({.documents = std::move(documents), .former = std::nullopt}, HostGuard::Off);
}

// Without the guard: it was the state of this host before, and what the change brought in must not stand for want of it.
ChangeOutcome Controller::roll_back_model() { return take_model({.documents = *former_, .former = std::nullopt}, HostGuard::Off); }

Result<> Controller::confirm_model() {
    Result<> saved = host_.store.stage_model({.documents = documents_, .former = std::nullopt});
    if (saved) {
        saved = host_.store.commit_model();
    }
    if (!saved) {
        return saved;
    }
    former_.reset();
    is_model_remembered_ = true;
    return {};
}

Controller::Readied Controller::ready(const std::vector<Document>& documents, HostGuard guard, const Compile& compile_model) const {
    tell(host_.work, "reading the documents");
    ParseOutcome parsed = parse(documents);
    Readied readied{.findings = std::move(parsed.findings), .model = std::nullopt, .ruleset = {}, .plan = {}};
    if (!parsed.model) {
        return readied;
    }
    tell(host_.work, "compiling the policy");
    Result<Ruleset> ruleset = compile_model(*parsed.model);
    if (!ruleset) {
        readied.findings.push_back({.severity = Finding::Severity::Error, .position = {}, .message = ruleset.error().message});
        return readied;
    }
    readied.ruleset = std::move(*ruleset);
    readied.plan = plan_for(readied.ruleset, host_.default_routes());
    if (guard == HostGuard::On) {
        if (!parsed.model->has_network_acls && used_network_acls()) {
            readied.findings.push_back({.severity = Finding::Severity::Error,
                                        .position = {},
                                        .message = "the last accepted model has network ACLs and these documents have no NetworkAcls key: "
                                                   "they are incomplete"});
        }
        readied.findings.insert(readied.findings.end(), readied.plan.cut_off.begin(), readied.plan.cut_off.end());
    }
    if (!has_error(readied.findings)) {
        readied.model = std::move(parsed.model);
    }
    return readied;
}

ChangeOutcome Controller::take_model(SavedModel documents, HostGuard guard) {
    Readied readied = ready(documents.documents, guard, [this](const Model& model) {
        const Aliases aliases = aliases_of(host_.devices);
        return model_ ? compiler_.change(ruleset_, *model_, model, aliases) : compiler_.compile(model, aliases);
    });
    ChangeOutcome outcome{.kind = ChangeOutcome::Kind::Refused, .findings = std::move(readied.findings)};
    if (!readied.model) {
        compiler_.give_back(ruleset_, std::move(readied.ruleset));
        times_.refused_unix_s = unix_now_s();
        return outcome;
    }
    outcome.compiled = compiler_.compiled();
    outcome.diff = to_line(diff_models(model_.value_or(Model{}), *readied.model), kLongestDiff);
    const Result<> enforced = enforce(std::move(readied), std::move(documents));
    (enforced ? times_.accepted_unix_s : times_.refused_unix_s) = unix_now_s();
    outcome.kind = enforced ? ChangeOutcome::Kind::Enforced : ChangeOutcome::Kind::Failed;
    outcome.failure = enforced ? std::string{} : enforced.error().message;
    outcome.generation = model_generation_;
    outcome.why_nothing_is_enforced = host_.dataplane.why_nothing_is_enforced();
    outcome.kernel_writes = enforced ? times_.kernel_writes : 0;
    return outcome;
}

PlannedChange Controller::plan_model(const std::vector<Document>& documents) const {
    Readied readied = ready(documents, HostGuard::On, [this](const Model& model) { return compile(model, aliases_of(host_.devices)); });
    PlannedChange planned{.is_acceptable = readied.model.has_value(), .findings = std::move(readied.findings)};
    if (readied.model) {
        planned.ports = diff_lines(lines(), readied.plan.lines);
        planned.objects = diff_models(model_.value_or(Model{}), *readied.model, RuleTexts::Yes);
        Result<std::vector<PlannedWrites>> writes = host_.dataplane.plan(readied.ruleset, readied.plan.devices, host_.facts());
        planned.failure = writes ? "" : writes.error().message;
        planned.writes = writes ? std::move(*writes) : std::vector<PlannedWrites>{};
    }
    return planned;
}

// Whether the last accepted model, of this daemon or of a former one, had the key (docs/semantics.md 8.3).
bool Controller::used_network_acls() const {
    if (model_) {
        return model_->has_network_acls;
    }
    const auto saved = host_.store.load_model();
    if (!saved || !*saved) {
        return false;
    }
    const ParseOutcome former = parse((*saved)->confirmed());
    return former.model && former.model->has_network_acls;
}

// Staged before and committed after: a model that cannot be remembered is not enforced, one that cannot be enforced is not remembered.
Result<> Controller::enforce(Readied readied, SavedModel documents) {
    if (Result<> staged = host_.store.stage_model(documents); !staged) {
        compiler_.give_back(ruleset_, std::move(readied.ruleset));
        return staged;
    }
    const std::uint64_t before = generation_;
    if (Result<> applied = apply(readied.ruleset, std::move(readied.plan)); !applied) {
        host_.store.discard_model();
        compiler_.give_back(ruleset_, std::move(readied.ruleset));
        needs_retry_ = model_.has_value();  // devices that the failed attempt brought in are to be released again
        return applied;
    }
    const bool is_new = !model_ || !is_same(documents.documents, documents_);
    model_ = std::move(readied.model);
    ruleset_ = std::move(readied.ruleset);
    documents_ = std::move(documents.documents);
    former_ = std::move(documents.former);
    accepted_at_ = utc_now();
    generation_ = std::max(generation_, before + (is_new ? 1 : 0));
    model_generation_ = generation_;
    is_model_remembered_ = false;
    remember();
    return {};
}

Result<> Controller::apply(const Ruleset& ruleset, BindingPlan plan) {
    verification_.reset();
    HostFacts facts = host_.facts();
    const auto begin = std::chrono::steady_clock::now();
    const Result<ApplyReport> report = host_.dataplane.apply(ruleset, plan.devices, facts);
    if (!report) {
        return fail(report.error());
    }
    times_.apply_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    times_.kernel_writes = report->kernel_writes;
    generation_ = std::max(generation_, report->generation);
    applied_ = std::move(plan.devices);
    applied_facts_ = std::move(facts);
    planned_lines_ = std::move(plan.lines);
    unenforced_ = report->unenforced;
    memory_ = std::move(plan.memory);
    needs_retry_ = false;
    enforcement_trouble_.reset();
    host_.applied(*report);
    return {};
}

// A failed write is no reason to stop: enforcement does not depend on it. It is reported, and tried again with the next change.
void Controller::remember() {
    Result<> saved;
    if (!is_model_remembered_) {
        saved = host_.store.commit_model();
        is_model_remembered_ = saved.has_value();
    }
    if (saved) {
        saved = host_.store.save_progress({.generation = generation_, .bindings = memory_});
    }
    storage_trouble_ = saved ? std::nullopt : std::optional(trouble_since(storage_trouble_, saved.error().message));
}

Result<bool> Controller::devices_changed(Reapply reapply) {
    if (!model_) {
        return false;
    }
    for (Quarantine& quarantine : quarantines_) {  // the number of a device that is gone may be another's
        quarantine.ifindex = host_.devices.contains(quarantine.ifindex) ? quarantine.ifindex : 0;
    }
    Result<std::optional<Ruleset>> other = recompile_for_devices();
    const bool is_other = other && *other;
    const Ruleset& ruleset = is_other ? **other : ruleset_;
    BindingPlan plan = plan_for(ruleset, {});
    if (other && !is_other && plan.devices == applied_ && host_.facts() == applied_facts_ && reapply == Reapply::IfChanged &&
        !needs_retry_) {
        planned_lines_ = std::move(plan.lines);
        return false;
    }
    std::vector<PortLine> wanted = plan.lines;
    const Progress before{.generation = generation_, .bindings = memory_};
    if (Result<> applied = apply(ruleset, std::move(plan)); !applied) {
        if (is_other) {
            compiler_.give_back(ruleset_, std::move(**other));
        }
        planned_lines_ = std::move(wanted);
        return retry_after(applied.error());
    }
    if (is_other) {
        ruleset_ = std::move(**other);
    }
    if (Progress{.generation = generation_, .bindings = memory_} != before) {
        remember();
    }
    return other ? Result<bool>(true) : retry_after(other.error());
}

// A change of devices that is not enforced, or not all of it.
tl::unexpected<Error> Controller::retry_after(const Error& error) {
    needs_retry_ = true;
    enforcement_trouble_ = trouble_since(enforcement_trouble_, error.message);
    return fail(error);
}

// Where the ports of the ruleset are not those that devices of this host claim now. Newcomers are closed before, however long it takes, and
// stay so should it fail; all else goes on with the ruleset that there is. What could not be closed is told by the apply behind.
Result<std::optional<Ruleset>> Controller::recompile_for_devices() {
    const Aliases aliases = aliases_of(host_.devices);
    if (has_ports_of(ruleset_, aliases)) {
        return std::optional<Ruleset>();
    }
    (void)host_.dataplane.close_newcomers(plan_for(ruleset_, {}).devices);
    tell(host_.work, "compiling the policy");
    Result<Ruleset> ruleset = compiler_.change(ruleset_, *model_, *model_, aliases);
    if (!ruleset) {
        return fail(ruleset.error());
    }
    return std::optional(std::move(*ruleset));
}

Controller::Healed Controller::heal() {
    const Result<Healing> healing = host_.dataplane.heal();
    const auto name_of = [this](std::uint32_t ifindex) {
        const auto device = std::ranges::find(applied_, ifindex, &DeviceBinding::ifindex);
        return device == applied_.end() ? "device " + std::to_string(ifindex) : device->device;
    };
    Healed healed{.lines = healings_.take(healing, name_of), .needs_reapply = healing && healing->needs_apply};
    const std::string trouble = healings_.trouble();
    healing_trouble_ = trouble.empty() ? std::nullopt : std::optional(trouble_since(healing_trouble_, trouble));
    return healed;
}

}  // namespace portcullis
