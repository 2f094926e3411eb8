// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/run_case.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace portcullis::test {
namespace {

void compare_rules(const Case& conformance_case, const Step& step, const Verdict& verdict, RuleNaming naming) {
    const std::vector<std::string>& expected = *step.rules;
    std::vector<std::string> named = verdict.rules;
    std::sort(named.begin(), named.end());
    if (naming == RuleNaming::All) {
        EXPECT_EQ(named, expected);
        return;
    }
    EXPECT_TRUE(&step != &conformance_case.steps.front() || expected.empty() || !named.empty()) << "without any flow, some rule decided";
    EXPECT_TRUE(names_only(expected, verdict)) << "named a rule that did not decide: " << testing::PrintToString(named) << ", not among "
                                               << testing::PrintToString(expected);
}

}  // namespace

bool names_only(const std::vector<std::string>& allowed, const Verdict& verdict) {
    const std::uint8_t stage = stage_of(verdict.reason);
    const bool is_before_the_acl = !verdict.passes() && stage >= 4 && stage <= 7;
    const bool is_before_both = stage < 7;  // outbound the groups come before the ACL, inbound behind it
    return std::all_of(verdict.rules.begin(), verdict.rules.end(), [&](const std::string& rule) {
        const bool is_of_a_later_stage = rule.starts_with("acl-") && (is_before_both || rule.find(" egress ") != std::string::npos);
        return (is_before_the_acl && is_of_a_later_stage) || std::find(allowed.begin(), allowed.end(), rule) != allowed.end();
    });
}

void run_case(const Case& conformance_case, Judge& judge, RuleNaming naming) {
    judge.begin(*conformance_case.model, conformance_case.host);
    for (std::size_t i = 0; i < conformance_case.steps.size(); ++i) {
        const Step& step = conformance_case.steps[i];
        SCOPED_TRACE("docs/semantics.md " + conformance_case.section + ", step " + std::to_string(i + 1) + ", " +
                     to_string(step.arrival()));
        if (step.model) {
            judge.change(*step.model);
        }
        if (step.wait_s != 0) {
            judge.wait(step.wait_s);
        }
        Verdict verdict = judge.judge(step.arrival());
        verdict.rules = judge.rules_since_last();
        EXPECT_EQ(name_of(verdict.reason), name_of(step.reason)) << "says: " << to_string(verdict);
        if (step.rules) {
            compare_rules(conformance_case, step, verdict, naming);
        }
    }
}

std::string to_string(const Verdict& verdict) {
    std::string out = verdict.passes() ? "pass" : "drop: " + std::string(name_of(verdict.reason));
    for (const std::string& rule : verdict.rules) {
        out += " [" + rule + "]";
    }
    return out;
}

std::string to_string(const Arrival& arrival) {
    std::string out = std::string(to_string(arrival.direction)) + " at " + arrival.interface_id;
    if (arrival.direction == Direction::Inbound) {
        const bool by_port = arrival.entrance.kind == Entrance::Kind::Port;
        out += by_port ? " from port " + arrival.entrance.interface_id : " from " + entrance_text(arrival.entrance);
    }
    return out + ": " + hex(Bytes(arrival.frame.begin(), arrival.frame.end()));
}

}  // namespace portcullis::test
