// SPDX-License-Identifier: Apache-2.0
// Puts the steps of a case to a judge and compares its verdicts with what the case expects. Differences are failures of the test.
#pragma once

#include "tests/conformance/case_file.h"
#include "tests/conformance/judge.h"

namespace portcullis::test {

// Whether a judge must name the very rules of the case (the evaluator: every one that may have decided), or some of them.
enum class RuleNaming : std::uint8_t { All, Some };

void run_case(const Case& conformance_case, Judge& judge, RuleNaming naming);

// Whether the verdict names none but these rules. A back end may compute, and count, the ACL's verdict on a packet of a live flow before an
// earlier stage drops it.
[[nodiscard]] bool names_only(const std::vector<std::string>& allowed, const Verdict& verdict);

// "pass", or "drop: REASON", and the rules.
[[nodiscard]] std::string to_string(const Verdict& verdict);
// What names the packet of a failure: where it was judged, and its bytes.
[[nodiscard]] std::string to_string(const Arrival& arrival);

}  // namespace portcullis::test
