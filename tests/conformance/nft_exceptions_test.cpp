// SPDX-License-Identifier: Apache-2.0
// Where docs/nftables.md says that nftables is stricter or otherwise, it is: the cases of nftables/cases/, a file for each of these two
// lists, whose sections are the numbers of its lines and whose verdicts are nftables' own. Of one packet of each at least, the evaluator
// says something else.
#include "tests/conformance/nft_exceptions.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <set>
#include <string>

#include "tests/conformance/bridge_runner.h"
#include "tests/conformance/case_file.h"

namespace portcullis::test {
namespace {

BridgeRunner& runner() {
    static BridgeRunner the_only(5, {.back_end = BackEndKind::Nftables});
    return the_only;
}

class ExceptionTest : public testing::Test {
   public:
    explicit ExceptionTest(Case conformance_case) : case_(std::move(conformance_case)) {}
    void TestBody() override {
        std::set<std::size_t> dropped;
        runner().run(case_, [&](std::size_t number, const Arrival& arrival, Reason reason) {
            const Step& step = case_.steps[number - 1];
            const bool is_due = arrival.direction == step.direction && reason == step.reason;
            if (is_due) {
                dropped.insert(number);
            }
            return is_due;
        });
        for (std::size_t i = 0; i < case_.steps.size(); ++i) {
            const bool is_due = case_.steps[i].reason != PC_REASON_passed;
            EXPECT_EQ(dropped.count(i + 1), is_due ? 1U : 0U) << "step " << i + 1;
        }
        EXPECT_TRUE(is_otherwise()) << "the evaluator says the same of every packet";
    }

   private:
    [[nodiscard]] bool is_otherwise() const {
        EvaluatorJudge evaluator;
        evaluator.begin(*case_.model, case_.host);
        bool differs = false;
        for (const Step& step : case_.steps) {
            if (step.model) {
                evaluator.change(*step.model);
            }
            evaluator.wait(step.wait_s);
            differs = evaluator.judge(step.arrival()).reason != step.reason || differs;
        }
        return differs;
    }
    Case case_;
};

// Numbers of the lines of a list, "stricter" or "otherwise"; none if there is no such heading.
std::set<std::string> documented(const std::string& list) {
    std::ifstream page(PORTCULLIS_NFTABLES_PAGE);
    std::set<std::string> numbers;
    std::string line;
    while (std::getline(page, line) && !(line.starts_with("## ") && line.ends_with(list.substr(1) + " than docs/semantics.md"))) {
    }
    while (std::getline(page, line) && !line.starts_with("## ")) {
        const std::size_t digits = line.find_first_not_of("0123456789");
        if (digits != 0 && digits != std::string::npos && line[digits] == '.') {
            numbers.insert(line.substr(0, digits));
        }
    }
    return numbers;
}

// Lines that no case of these files asserts: those that exceptions of other cases do (nft_otherwise), and those that cases cannot say.
// "Otherwise" 1 is OnNftables.A62RoomIsEachPortsOwn.
std::set<std::string> asserted_elsewhere(const std::string& list) {
    if (list == "otherwise") {
        return {"1", "3", "4", "5"};
    }
    std::set<std::string> lines = {"9", "10"};
    for (const NftException& one : nft_otherwise()) {
        lines.insert(std::to_string(one.line));
    }
    return lines;
}

class EveryLine : public testing::Test {
   public:
    EveryLine(std::string list, std::set<std::string> asserted) : list_(std::move(list)), asserted_(std::move(asserted)) {}
    void TestBody() override {
        const std::set<std::string> lines = documented(list_);
        for (const std::string& line : lines) {
            EXPECT_TRUE(asserted_.contains(line)) << "line " << line << " has no case";
        }
        for (const std::string& line : asserted_) {
            EXPECT_TRUE(lines.contains(line)) << "there is no line " << line;
        }
    }

   private:
    std::string list_;
    std::set<std::string> asserted_;
};

}  // namespace
}  // namespace portcullis::test

int main(int argc, char** argv) {
    using namespace portcullis::test;
    testing::InitGoogleTest(&argc, argv);
    const auto files = read_case_files(PORTCULLIS_NFTABLES_CASES);
    if (!files || files->empty()) {
        std::fprintf(stderr, "no cases: %s\n", files ? "none found" : files.error().message.c_str());
        return 1;
    }
    for (const CaseFile& file : *files) {
        std::set<std::string> asserted = asserted_elsewhere(file.name);
        for (const Case& one : file.cases) {
            asserted.insert(one.section);
            testing::RegisterTest("NftExceptions", one.name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                                  [one]() -> testing::Test* { return new ExceptionTest(one); });
        }
        const std::string name = "EveryLineHasItsCase/" + file.name;
        testing::RegisterTest("NftExceptionsPage", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                              [list = file.name, asserted]() -> testing::Test* { return new EveryLine(list, asserted); });
    }
    return RUN_ALL_TESTS();
}
