// SPDX-License-Identifier: Apache-2.0
// Every case of cases/*.json before every judge. The tests are made from the files: "Evaluator/groups.A rule for the port admits the SYN".
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "tests/conformance/bpf_judge.h"
#include "tests/conformance/case_file.h"
#include "tests/conformance/evaluator_judge.h"
#include "tests/conformance/run_case.h"

namespace portcullis::test {
namespace {

// One judge for all its cases: made when the first of them runs, for loading programs takes longer than judging a case.
struct SharedJudge {
    std::function<std::unique_ptr<Judge>()> make;
    RuleNaming naming = RuleNaming::All;
    std::unique_ptr<Judge> judge;
};

class CaseTest : public testing::Test {
   public:
    CaseTest(const Case& conformance_case, std::shared_ptr<SharedJudge> shared) : case_(conformance_case), shared_(std::move(shared)) {}
    void TestBody() override {
        if (!shared_->judge) {
            shared_->judge = shared_->make();
        }
        run_case(case_, *shared_->judge, shared_->naming);
    }

   private:
    Case case_;
    std::shared_ptr<SharedJudge> shared_;
};

void add_tests(const std::vector<CaseFile>& files, const std::string& name, const std::shared_ptr<SharedJudge>& judge) {
    for (const CaseFile& file : files) {
        for (const Case& one : file.cases) {
            testing::RegisterTest((name + "/" + file.name).c_str(), one.name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                                  [one, judge]() -> testing::Test* { return new CaseTest(one, judge); });
        }
    }
}

std::size_t ports_needed(const std::vector<CaseFile>& files) {
    std::size_t most = 1;
    for (const CaseFile& file : files) {
        for (const Case& one : file.cases) {
            most = std::max(most, one.model->ports.size());
            for (const Step& step : one.steps) {
                most = std::max(most, step.model ? step.model->ports.size() : 0);
            }
        }
    }
    return most;
}

}  // namespace
}  // namespace portcullis::test

int main(int argc, char** argv) {
    using namespace portcullis::test;
    testing::InitGoogleTest(&argc, argv);
    const auto files = read_case_files(PORTCULLIS_CONFORMANCE_DIRECTORY);
    if (!files || files->empty()) {
        std::fprintf(stderr, "no conformance cases: %s\n", files ? "none found" : files.error().message.c_str());
        return 1;
    }
    const std::size_t ports = ports_needed(*files);
    std::vector<std::shared_ptr<SharedJudge>> judges;
    const auto add = [&](const std::string& name, RuleNaming naming, std::function<std::unique_ptr<Judge>()> make) {
        judges.push_back(std::make_shared<SharedJudge>(SharedJudge{.make = std::move(make), .naming = naming, .judge = nullptr}));
        add_tests(*files, name, judges.back());
    };
    add("Evaluator", RuleNaming::All, [] { return std::make_unique<EvaluatorJudge>(); });
    add("Bpf", RuleNaming::Some, [ports] { return std::make_unique<BpfJudge>(ports); });
    const int result = RUN_ALL_TESTS();
    for (const auto& shared : judges) {
        shared->judge.reset();
    }
    return result;
}
