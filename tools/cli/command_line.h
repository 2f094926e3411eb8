// SPDX-License-Identifier: Apache-2.0
// The command line of `portcullis`: verbs and flags to the commands, and the exit status back.
#pragma once

#include "tools/cli/commands.h"

namespace portcullis {

[[nodiscard]] int run_command_line(int argc, const char* const* argv, Terminal terminal);

}  // namespace portcullis
