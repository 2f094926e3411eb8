// SPDX-License-Identifier: Apache-2.0
// Every case of cases/*.json before every judge and on real bridges. The tests are made from the files: "Evaluator/groups.A rule for the
// port admits the SYN".
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tests/conformance/bpf_judge.h"
#include "tests/conformance/bridge_runner.h"
#include "tests/conformance/case_file.h"
#include "tests/conformance/evaluator_judge.h"
#include "tests/conformance/nft_exceptions.h"
#include "tests/conformance/run_case.h"

namespace portcullis::test {
namespace {

// Of a case in the file of that name.
using CaseRunner = std::function<void(const std::string& file, const Case&)>;

// One runner for all its cases, made when the first of them runs: loading programs takes longer than judging a case.
struct SharedRunner {
    std::function<CaseRunner()> make;
    CaseRunner run;
};

class CaseTest : public testing::Test {
   public:
    CaseTest(std::string file, Case conformance_case, std::shared_ptr<SharedRunner> shared)
        : file_(std::move(file)), case_(std::move(conformance_case)), shared_(std::move(shared)) {}
    void TestBody() override {
        if (!shared_->run) {
            shared_->run = shared_->make();
        }
        shared_->run(file_, case_);
    }

   private:
    std::string file_;
    Case case_;
    std::shared_ptr<SharedRunner> shared_;
};

void add_tests(const std::vector<CaseFile>& files, const std::string& name, const std::shared_ptr<SharedRunner>& runner) {
    for (const CaseFile& file : files) {
        for (const Case& one : file.cases) {
            testing::RegisterTest((name + "/" + file.name).c_str(), one.name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                                  [file = file.name, one, runner]() -> testing::Test* { return new CaseTest(file, one, runner); });
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

CaseRunner judged_by(const std::shared_ptr<Judge>& judge, RuleNaming naming) {
    return [=](const std::string&, const Case& one) { run_case(one, *judge, naming); };
}

CaseRunner on_a_bridge(std::size_t ports, const BridgeOptions& options) {
    const auto runner = std::make_shared<BridgeRunner>(ports, options);
    return [=](const std::string& file, const Case& one) {
        NftExcuses excuses(options.back_end == BackEndKind::Nftables ? file : "", one.name);
        runner->run(one, excuses.excuse());
    };
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
    std::vector<std::shared_ptr<SharedRunner>> runners;
    const auto add = [&](const std::string& name, std::function<CaseRunner()> make) {
        runners.push_back(std::make_shared<SharedRunner>(SharedRunner{.make = std::move(make), .run = {}}));
        add_tests(*files, name, runners.back());
    };
    add("Evaluator", [] { return judged_by(std::make_shared<EvaluatorJudge>(), RuleNaming::All); });
    add("Bpf", [=] { return judged_by(std::make_shared<BpfJudge>(ports), RuleNaming::Some); });
    add("Bridge", [=] { return on_a_bridge(ports, {}); });
    add("BridgeWithNetfilter", [=] { return on_a_bridge(ports, {.calls_netfilter = true}); });
    add("BridgeWithEarlyDrop", [=] { return on_a_bridge(ports, {.drops_early = true}); });
    add("BridgeWithFastPath", [=] { return on_a_bridge(ports, {.fast_path = portcullis::FastPath::Namespace}); });
    add("Nftables", [=] { return on_a_bridge(ports, {.back_end = BackEndKind::Nftables}); });
    add("NftablesWithNetfilter", [=] { return on_a_bridge(ports, {.calls_netfilter = true, .back_end = BackEndKind::Nftables}); });
    const int result = RUN_ALL_TESTS();
    for (const auto& shared : runners) {
        shared->run = nullptr;
    }
    return result;
}
