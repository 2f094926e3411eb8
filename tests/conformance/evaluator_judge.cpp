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

Verdict EvaluatorJudge::judge(const Arrival& arrival) {
    Arrival now = arrival;
    now.now_s = waited_s_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
    Verdict verdict = evaluator_->judge(now);
    rules_.insert(rules_.end(), verdict.rules.begin(), verdict.rules.end());
    return verdict;
}

}  // namespace portcullis::test
