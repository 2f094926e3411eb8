// SPDX-License-Identifier: Apache-2.0
// What a command of the shell says, for tests that ask the system's own tools.
#pragma once

#include <string>

namespace portcullis::test {

// Its standard output; errors too only where the command says 2>&1. A shell that cannot be started ends the test run.
[[nodiscard]] std::string output_of(const std::string& command);

}  // namespace portcullis::test
