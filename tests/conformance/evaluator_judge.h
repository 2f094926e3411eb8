// SPDX-License-Identifier: Apache-2.0
// The reference evaluator as a judge: the oracle of the others.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "tests/conformance/judge.h"

namespace portcullis::test {

class EvaluatorJudge final : public Judge {
   public:
    [[nodiscard]] std::string name() const override { return "evaluator"; }
    void begin(const Model& model, const HostFacts& host) override;
    void change(const Model& model) override;
    void wait(unsigned seconds) override { waited_s_ += seconds; }
    [[nodiscard]] Verdict judge(const Arrival& arrival) override;
    // The same, and nothing is remembered of the packet.
    [[nodiscard]] Verdict peek(const Arrival& arrival);
    [[nodiscard]] std::vector<std::string> rules_since_last() override { return std::exchange(rules_, {}); }

   private:
    [[nodiscard]] Arrival at_this_time(const Arrival& arrival) const;
    std::unique_ptr<Model> model_;  // the evaluator refers to it
    std::optional<Evaluator> evaluator_;
    std::vector<std::string> rules_;
    double waited_s_ = 0;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();  // real time passes for the other judges
};

}  // namespace portcullis::test
