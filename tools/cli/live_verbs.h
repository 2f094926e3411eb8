// SPDX-License-Identifier: Apache-2.0
// The arguments of the verbs that look at what runs: a part of command_line.
#pragma once

#include <optional>
#include <string>

#include "tools/cli/commands.h"

namespace CLI {
class App;
}

namespace portcullis {

class LiveVerbs {
   public:
    // Pre: `app` outlives it, and this is not moved until the arguments have been parsed.
    void add_to(CLI::App& app);
    // None: the command line has none of these verbs.
    [[nodiscard]] std::optional<int> run(const std::string& socket, const Terminal& terminal) const;

   private:
    const CLI::App* rules_ = nullptr;
};

}  // namespace portcullis
