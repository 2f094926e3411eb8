// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/evaluator_judge.h"

namespace portcullis::test {

void EvaluatorJudge::begin(const Model& model, const HostFacts& host) {
    auto next = std::make_unique<Model>(model);
    evaluator_.emplace(*next, Place{.host = host, .bridge = "br0"});
    model_ = std::move(next);
}

void EvaluatorJudge::change(const Model& model) {
    auto next = std::make_unique<Model>(model);
    evaluator_->replace_model(*next);
    model_ = std::move(next);
}

Arrival EvaluatorJudge::at_this_time(const Arrival& arrival) const {
    Arrival now = arrival;
    now.now_s = waited_s_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
    return now;
}

Verdict EvaluatorJudge::judge(const Arrival& arrival) {
    Verdict verdict = evaluator_->judge(at_this_time(arrival));
    rules_.insert(rules_.end(), verdict.rules.begin(), verdict.rules.end());
    return verdict;
}

Verdict EvaluatorJudge::peek(const Arrival& arrival) {
    Verdict verdict = evaluator_->peek(at_this_time(arrival));
    rules_.insert(rules_.end(), verdict.rules.begin(), verdict.rules.end());
    return verdict;
}

}  // namespace portcullis::test
