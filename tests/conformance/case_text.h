// SPDX-License-Identifier: Apache-2.0
// A case -> its text, as README.md has it, with frames as hexadecimal text: what a random run found, ready for cases/*.json.
#pragma once

#include <string>

#include "tests/conformance/case_file.h"

namespace portcullis::test {

// A whole case file. The expectations are those of the steps.
[[nodiscard]] std::string case_text(const Case& found);

}  // namespace portcullis::test
