// SPDX-License-Identifier: Apache-2.0
// Puts the same steps to two judges, one after the other, and tells when they differ: in the verdict, its reason, or in a rule that the
// second names and the first, the oracle, does not. Then finds the few steps that are enough for it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/conformance/case_file.h"
#include "tests/conformance/first_fragments.h"
#include "tests/conformance/judge.h"

namespace portcullis::test {

// What became of the packets of a run.
struct Tally {
    std::uint64_t packets = 0;
    std::uint64_t by_reason[PC_REASON_COUNT]{};
    void add(const Tally& other);
    [[nodiscard]] std::string to_string() const;
};

class Comparison {
   public:
    Comparison(Judge& oracle, Judge& judge) : oracle_(oracle), judge_(judge) {}

    void begin(std::shared_ptr<const Model> model, HostFacts host);
    // Sets the step's expectation to the oracle's verdict. False: the judges differ; see `difference`. Rules are compared every
    // `kRulesEvery` steps: reading their counters costs more than judging.
    [[nodiscard]] bool agree_on(Step step);
    // Compares the rules of the steps since they were compared last. False: they differ.
    [[nodiscard]] bool agree_on_rules();

    // What differs at the last step.
    [[nodiscard]] const std::string& difference() const { return difference_; }
    // The fewest steps found that make the judges differ in the same way, as a case; costs some hundred runs of the steps.
    [[nodiscard]] std::string minimised_case();
    [[nodiscard]] const Tally& tally() const { return tally_; }

   private:
    static constexpr std::size_t kRulesEvery = 16;
    struct Found {
        std::size_t step = 0;
        std::string what;
    };
    // From a fresh start. With `every_rule` rules are compared at each step.
    [[nodiscard]] std::optional<Found> run(std::vector<Step>& steps, bool every_rule);
    [[nodiscard]] std::optional<std::string> judge_step(Step& step);
    [[nodiscard]] bool is_still_remembered(const Step& step);
    [[nodiscard]] std::optional<std::string> compare_rules();
    [[nodiscard]] Case as_case(std::vector<Step> steps) const;
    [[nodiscard]] std::vector<Step> fewest_steps(std::vector<Step> steps, bool every_rule);
    void drop_models_and_waits(std::vector<Step>& steps, bool every_rule);
    void reduce_model(std::vector<Step>& steps, bool every_rule);
    void shorten_frames(std::vector<Step>& steps, bool every_rule);

    Judge& oracle_;
    Judge& judge_;
    std::shared_ptr<const Model> model_;
    HostFacts host_;
    std::vector<Step> history_;
    FirstFragments first_fragments_;
    std::vector<std::string> allowed_rules_;  // by the oracle, since rules were compared last
    Reason earliest_ = PC_REASON_passed;      // of them, where the ACL comes behind: its rules may be named (run_case.h)
    std::size_t unchecked_ = 0;
    std::string difference_;
    Tally tally_;
};

}  // namespace portcullis::test
