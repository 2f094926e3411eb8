// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/comparison.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "tests/conformance/case_text.h"
#include "tests/conformance/model_reduction.h"
#include "tests/conformance/run_case.h"

namespace portcullis::test {
namespace {

// The steps without those of [from, from + count); a model that a left-out step brought comes with the next one.
std::vector<Step> without(const std::vector<Step>& steps, std::size_t from, std::size_t count) {
    std::vector<Step> out(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(from));
    std::shared_ptr<const Model> model;
    unsigned wait_s = 0;
    for (std::size_t i = from; i < steps.size(); ++i) {
        if (i < from + count) {
            model = steps[i].model ? steps[i].model : model;
            wait_s += steps[i].wait_s;
            continue;
        }
        out.push_back(steps[i]);
        if (i == from + count) {
            out.back().model = out.back().model ? out.back().model : model;
            out.back().wait_s += wait_s;
        }
    }
    return out;
}

}  // namespace

void Tally::add(const Tally& other) {
    packets += other.packets;
    for (std::size_t reason = 0; reason < PC_REASON_COUNT; ++reason) {
        by_reason[reason] += other.by_reason[reason];
    }
}

std::string Tally::to_string() const {
    std::string out = std::to_string(packets) + " packets:";
    for (std::size_t reason = 0; reason < PC_REASON_COUNT; ++reason) {
        if (by_reason[reason] != 0) {
            out += " " + std::string(name_of(static_cast<Reason>(reason))) + " " + std::to_string(by_reason[reason]);
        }
    }
    return out;
}

void Comparison::begin(std::shared_ptr<const Model> model, HostFacts host) {
    model_ = std::move(model);
    host_ = std::move(host);
    oracle_.begin(*model_, host_);
    judge_.begin(*model_, host_);
    history_.clear();
    first_fragments_.clear();
    allowed_rules_.clear();
    earliest_ = PC_REASON_passed;
    unchecked_ = 0;
    difference_.clear();
}

std::optional<std::string> Comparison::judge_step(Step& step) {
    if (step.model) {
        if (std::optional<std::string> problem = compare_rules()) {
            return problem;
        }
        oracle_.change(*step.model);
        judge_.change(*step.model);
        first_fragments_.age();
    }
    if (step.wait_s != 0) {
        oracle_.wait(step.wait_s);
        judge_.wait(step.wait_s);
        first_fragments_.clear();  // no wait is shorter than their memory
    }
    const Verdict expected = oracle_.judge(step.arrival());
    const Verdict judged = judge_.judge(step.arrival());
    step.reason = expected.reason;
    allowed_rules_.insert(allowed_rules_.end(), expected.rules.begin(), expected.rules.end());
    const bool is_earlier = earliest_ == PC_REASON_passed || stage_of(expected.reason) < stage_of(earliest_);
    if (!expected.passes() && stage_of(expected.reason) >= 4 && is_earlier) {
        earliest_ = expected.reason;
    }
    ++unchecked_;
    // What is too much of a kind is not the oracle's business. Such packets change no state.
    const bool is_excused = judged.reason == PC_REASON_rate_limited && expected.passes();
    if (expected.reason == judged.reason || is_excused) {
        first_fragments_.note(step, judged.passes());
        return std::nullopt;
    }
    if (judged.passes() && is_still_remembered(step)) {
        step.reason = PC_REASON_passed;
        return std::nullopt;
    }
    return to_string(step.arrival()) + "\n  evaluator: " + to_string(expected) + "\n  judge:     " + to_string(judged);
}

// The oracle forgets first fragments whenever the model changes, others when the change concerns the port (9.2). That a later fragment
// passes all the same is right where both judges still admit its first one, and with that the oracle this one.
bool Comparison::is_still_remembered(const Step& step) {
    const Step* const first = first_fragments_.former(step);
    if (first == nullptr) {
        return false;
    }
    const Verdict again = oracle_.judge(first->arrival());
    allowed_rules_.insert(allowed_rules_.end(), again.rules.begin(), again.rules.end());
    return judge_.judge(first->arrival()).passes() && again.passes() && oracle_.judge(step.arrival()).passes();
}

std::optional<std::string> Comparison::compare_rules() {
    if (unchecked_ == 0) {
        return std::nullopt;
    }
    const Verdict named{.reason = earliest_, .rules = judge_.rules_since_last()};
    const bool is_right = names_only(allowed_rules_, named);
    std::string problem = is_right ? ""
                                   : "a rule is named that did not decide, among the last " + std::to_string(unchecked_) +
                                         " steps\n  evaluator: " + testing::PrintToString(allowed_rules_) +
                                         "\n  judge:     " + testing::PrintToString(named.rules);
    (void)oracle_.rules_since_last();  // they are in allowed_rules_
    allowed_rules_.clear();
    earliest_ = PC_REASON_passed;
    unchecked_ = 0;
    return is_right ? std::nullopt : std::optional(std::move(problem));
}

bool Comparison::agree_on(Step step) {
    std::optional<std::string> problem = judge_step(step);
    ++tally_.packets;
    ++tally_.by_reason[step.reason];
    history_.push_back(std::move(step));
    if (!problem && unchecked_ >= kRulesEvery) {
        problem = compare_rules();
    }
    if (problem) {
        difference_ = std::move(*problem);
    } else if (testing::Test::HasFailure()) {
        difference_ = to_string(history_.back().arrival()) + "\n  the judge contradicts itself";
    }
    return difference_.empty();
}

bool Comparison::agree_on_rules() {
    if (std::optional<std::string> problem = compare_rules()) {
        difference_ = std::move(*problem);
    }
    return difference_.empty();
}

std::optional<Comparison::Found> Comparison::run(std::vector<Step>& steps, bool every_rule) {
    const std::vector<Step> kept = std::move(history_);
    begin(model_, host_);
    history_ = kept;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        std::optional<std::string> problem = judge_step(steps[i]);
        if (!problem && every_rule) {
            problem = compare_rules();
        }
        if (problem) {
            return Found{.step = i, .what = std::move(*problem)};
        }
    }
    return std::nullopt;
}

std::vector<Step> Comparison::fewest_steps(std::vector<Step> steps, bool every_rule) {
    for (std::size_t size = steps.size() / 2; size > 0; size /= 2) {
        for (std::size_t from = 0; from + 1 < steps.size();) {
            std::vector<Step> fewer = without(steps, from, std::min(size, steps.size() - 1 - from));
            if (const std::optional<Found> found = run(fewer, every_rule)) {
                fewer.resize(found->step + 1);
                steps = std::move(fewer);
            } else {
                from += size;
            }
        }
    }
    return steps;
}

// The first step's model holds from the beginning, where that is enough; times that need not pass do not.
void Comparison::drop_models_and_waits(std::vector<Step>& steps, bool every_rule) {
    const auto try_with = [&](const std::function<void(Step&)>& change, Step& step) {
        const Step whole = step;
        change(step);
        if (!run(steps, every_rule)) {
            step = whole;
        }
    };
    const std::shared_ptr<const Model> first = model_;
    if (!steps.empty() && steps.front().model) {
        model_ = std::exchange(steps.front().model, nullptr);
        if (!run(steps, every_rule)) {
            steps.front().model = std::exchange(model_, first);
        }
    }
    for (Step& step : steps) {
        if (step.wait_s != 0) {
            try_with([](Step& one) { one.wait_s = 0; }, step);
        }
        if (step.model) {
            try_with([](Step& one) { one.model = nullptr; }, step);
        }
    }
}

// Only where the model never changes: the others would have to be reduced in step.
void Comparison::reduce_model(std::vector<Step>& steps, bool every_rule) {
    if (std::any_of(steps.begin(), steps.end(), [](const Step& step) { return step.model != nullptr; })) {
        return;
    }
    for (bool is_smaller = true; is_smaller;) {
        is_smaller = false;
        for (const Model& candidate : reductions(*model_)) {
            const std::shared_ptr<const Model> whole = std::exchange(model_, std::make_shared<const Model>(candidate));
            if (run(steps, every_rule)) {
                is_smaller = true;
                break;
            }
            model_ = whole;
        }
    }
}

void Comparison::shorten_frames(std::vector<Step>& steps, bool every_rule) {
    for (Step& step : steps) {
        for (std::size_t cut = step.frame.size() / 2; cut > 0; cut /= 2) {
            const Bytes whole = step.frame;
            if (whole.size() < cut + 60) {
                continue;
            }
            step.frame.resize(whole.size() - cut);
            if (!run(steps, every_rule)) {
                step.frame = whole;
            }
        }
    }
}

Case Comparison::as_case(std::vector<Step> steps) const {
    return {.name = "The judges agree", .section = "1", .model = model_, .host = host_, .steps = std::move(steps)};
}

std::string Comparison::minimised_case() {
    std::vector<Step> steps = history_;
    bool every_rule = false;
    std::optional<Found> found = run(steps, every_rule);
    if (!found) {
        every_rule = true;
        found = run(steps, every_rule);
    }
    if (!found) {
        return "(not found again in a second run of the same steps)\n" + case_text(as_case(history_));
    }
    steps.resize(found->step + 1);
    steps = fewest_steps(std::move(steps), every_rule);
    drop_models_and_waits(steps, every_rule);
    reduce_model(steps, every_rule);
    shorten_frames(steps, every_rule);
    found = run(steps, every_rule);
    return (found ? found->what : "(it does not happen every time)") + "\n" + case_text(as_case(steps));
}

}  // namespace portcullis::test
