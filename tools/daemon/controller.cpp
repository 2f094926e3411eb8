// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/controller.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "compiler/compile.h"
#include "tools/daemon/clock.h"

namespace portcullis {
namespace {

Trouble trouble_since(const std::optional<Trouble>& before, std::string message) {
    return {.since = before ? before->since : utc_now(), .message = std::move(message)};
}

bool is_same(const std::vector<Document>& left, const std::vector<Document>& right) {
    return std::ranges::equal(left, right, [](const Document& a, const Document& b) { return a.name == b.name && a.text == b.text; });
}

std::size_t rules_in(const Model& model) {
    std::size_t count = 0;
    for (const SecurityGroup& group : model.security_groups) {
        count += group.rules[0].size() + group.rules[1].size();
    }
    for (const NetworkAcl& acl : model.network_acls) {
        count += acl.entries[0].size() + acl.entries[1].size();
    }
    return count;
}

std::string diff_of(const Model& before, const Model& after) {
    struct Count {
        std::string_view what;
        std::size_t before;
        std::size_t after;
    };
    const std::array<Count, 6> counts{{{"interfaces", before.network_interfaces.size(), after.network_interfaces.size()},
                                       {"ports", before.ports.size(), after.ports.size()},
                                       {"groups", before.security_groups.size(), after.security_groups.size()},
                                       {"acls", before.network_acls.size(), after.network_acls.size()},
                                       {"prefix lists", before.prefix_lists.size(), after.prefix_lists.size()},
                                       {"rules", rules_in(before), rules_in(after)}}};
    std::string text;
    for (const Count& count : counts) {
        if (count.before != count.after) {
            text += (text.empty() ? "" : ", ") + std::string(count.what) + " " + std::to_string(count.before) + " -> " +
                    std::to_string(count.after);
        }
    }
    return text.empty() ? "same counts" : text;
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
    return plan_bindings(ruleset, host_.devices, memory_, default_routes, quarantines_);
}

ChangeOutcome Controller::change_model(std::vector<Document> documents) { return take_model(std::move(documents), HostGuard::On); }

ChangeOutcome Controller::resume_model(std::vector<Document> documents) { return take_model(std::move(documents), HostGuard::Off); }

ChangeOutcome Controller::take_model(std::vector<Document> documents, HostGuard guard) {
    ChangeOutcome outcome{.kind = ChangeOutcome::Kind::Refused};
    ParseOutcome parsed = parse(documents);
    outcome.findings = std::move(parsed.findings);
    if (!parsed.model) {
        return outcome;
    }
    Result<Ruleset> ruleset = compile(*parsed.model);
    if (!ruleset) {
        outcome.findings.push_back({.severity = Finding::Severity::Error, .position = {}, .message = ruleset.error().message});
        return outcome;
    }
    BindingPlan plan = plan_for(*ruleset, host_.default_routes());
    if (guard == HostGuard::On) {
        if (!parsed.model->has_network_acls && used_network_acls()) {
            outcome.findings.push_back({.severity = Finding::Severity::Error,
                                        .position = {},
                                        .message = "the last accepted model has network ACLs and these documents have no NetworkAcls key: "
                                                   "they are incomplete"});
        }
        outcome.findings.insert(outcome.findings.end(), plan.cut_off.begin(), plan.cut_off.end());
    }
    if (has_error(outcome.findings)) {
        return outcome;
    }
    outcome.diff = diff_of(model_.value_or(Model{}), *parsed.model);
    const Result<> enforced = enforce({std::move(*parsed.model), std::move(*ruleset), std::move(documents)}, std::move(plan));
    outcome.kind = enforced ? ChangeOutcome::Kind::Enforced : ChangeOutcome::Kind::Failed;
    outcome.failure = enforced ? std::string{} : enforced.error().message;
    outcome.generation = model_generation_;
    return outcome;
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
    const ParseOutcome former = parse(**saved);
    return former.model && former.model->has_network_acls;
}

// Staged before and committed after: a model that cannot be remembered is not enforced, one that cannot be enforced is not remembered.
Result<> Controller::enforce(Accepted accepted, BindingPlan plan) {
    if (Result<> staged = host_.store.stage_model(accepted.documents); !staged) {
        return staged;
    }
    const std::uint64_t before = generation_;
    if (Result<> applied = apply(accepted.ruleset, std::move(plan)); !applied) {
        host_.store.discard_model();
        needs_retry_ = model_.has_value();  // devices that the failed attempt brought in are to be released again
        return applied;
    }
    const bool is_new = !model_ || !is_same(accepted.documents, documents_);
    model_ = std::move(accepted.model);
    ruleset_ = std::move(accepted.ruleset);
    documents_ = std::move(accepted.documents);
    accepted_at_ = utc_now();
    generation_ = std::max(generation_, before + (is_new ? 1 : 0));
    model_generation_ = generation_;
    is_model_remembered_ = false;
    remember();
    return {};
}

Result<> Controller::apply(const Ruleset& ruleset, BindingPlan plan) {
    HostFacts facts = host_.facts();
    const Result<ApplyReport> report = host_.dataplane.apply(ruleset, plan.devices, facts);
    if (!report) {
        return fail(report.error());
    }
    generation_ = std::max(generation_, report->generation);
    applied_ = std::move(plan.devices);
    applied_facts_ = std::move(facts);
    planned_lines_ = std::move(plan.lines);
    unenforced_ = report->unenforced;
    memory_ = std::move(plan.memory);
    needs_retry_ = false;
    enforcement_trouble_.reset();
    host_.applied();
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
    BindingPlan plan = plan_for(ruleset_, {});
    if (plan.devices == applied_ && host_.facts() == applied_facts_ && reapply == Reapply::IfChanged && !needs_retry_) {
        planned_lines_ = std::move(plan.lines);
        return false;
    }
    std::vector<PortLine> wanted = plan.lines;
    const Progress before{.generation = generation_, .bindings = memory_};
    if (Result<> applied = apply(ruleset_, std::move(plan)); !applied) {
        planned_lines_ = std::move(wanted);
        needs_retry_ = true;
        enforcement_trouble_ = trouble_since(enforcement_trouble_, applied.error().message);
        return fail(applied.error());
    }
    if (Progress{.generation = generation_, .bindings = memory_} != before) {
        remember();
    }
    return true;
}

ControllerStatus Controller::status() const {
    ControllerStatus status{.backend = host_.dataplane.description(),
                            .backend_reason = host_.backend_reason(),
                            .generation = generation_,
                            .model_generation = model_generation_,
                            .has_model = model_.has_value(),
                            .uses_network_acls = model_ && model_->has_network_acls,
                            .is_up_to_date = !enforcement_trouble_,
                            .accepted_at = accepted_at_,
                            .ports = {},
                            .trouble = enforcement_trouble_ ? enforcement_trouble_ : storage_trouble_};
    const Result<std::vector<PortCounters>> counters = host_.dataplane.port_counters();
    if (!counters && !status.trouble) {
        status.trouble = Trouble{.since = utc_now(), .message = counters.error().message};
    }
    for (const PortLine& line : lines()) {
        PortStatus& port = status.ports.emplace_back(PortStatus{.line = line, .rules = rules_of(line)});
        port.unenforced = unenforced_of(line.ifindex);
        if (!counters || line.ifindex == 0) {
            continue;
        }
        if (const auto found = std::ranges::find(*counters, line.ifindex, &PortCounters::ifindex); found != counters->end()) {
            port.flows = found->flows;
            port.lost_events = found->lost_events;
            port.counters = found->reasons;
        }
    }
    return status;
}

// A line says what was planned; what the data plane has not taken is closed, whatever was planned.
std::vector<PortLine> Controller::lines() const {
    std::vector<PortLine> lines = planned_lines_;
    for (PortLine& line : lines) {
        const auto applied = std::ranges::find(applied_, line.ifindex, &DeviceBinding::ifindex);
        const bool is_bound = applied != applied_.end() && applied->kind == DeviceBinding::Kind::Bound &&
                              ruleset_.ports[applied->port].interface_id == line.interface_id;
        if (line.state == PortState::Enforced && !is_bound) {
            line.state = PortState::Closed;
            line.detail = enforcement_trouble_ ? enforcement_trouble_->message : "not prepared yet";
        }
        const bool is_open = applied == applied_.end() || applied->kind != DeviceBinding::Kind::Closed;
        if (line.state == PortState::Quarantined && is_open && enforcement_trouble_) {
            line.state = PortState::Conflict;
            line.detail = "is to be in quarantine, and is not closed yet: " + enforcement_trouble_->message;
        }
    }
    return lines;
}

std::vector<std::string> Controller::unenforced_of(std::uint32_t ifindex) const {
    std::vector<std::string> sentences;
    for (const Unenforced& one : unenforced_) {
        if (one.ifindex == ifindex) {
            sentences.push_back(one.what);
        }
    }
    return sentences;
}

std::vector<PortLine> Controller::lines_of(std::string_view port) const {
    std::vector<PortLine> found = lines();
    std::erase_if(found, [&](const PortLine& line) { return line.device != port && line.interface_id != port; });
    return found;
}

Result<RuleCounts> Controller::rule_counts(std::size_t most) const {
    const Result<std::vector<RuleHits>> hits = host_.dataplane.rule_hits();
    if (!hits) {
        return fail(hits.error());
    }
    return model_ ? count_rules(*model_, *hits, most) : RuleCounts{};
}

std::uint64_t Controller::rules_of(const PortLine& line) const {
    const auto interface = std::ranges::find(model_->network_interfaces, line.interface_id, &NetworkInterface::id);
    if (line.state != PortState::Enforced || interface == model_->network_interfaces.end()) {
        return 0;
    }
    std::uint64_t rules = 0;
    for (const SecurityGroup& group : model_->security_groups) {
        if (std::ranges::find(interface->group_ids, group.id) != interface->group_ids.end()) {
            rules += group.rules[0].size() + group.rules[1].size();
        }
    }
    return rules;
}

}  // namespace portcullis
