// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/evaluator_judge.h"

#include <utility>

namespace portcullis::test {

void EvaluatorJudge::begin(const Model& model) {
    auto next = std::make_unique<Model>(model);
    evaluator_.emplace(*next);
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
    return evaluator_->judge(now);
}

}  // namespace portcullis::test
