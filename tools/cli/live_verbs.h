// SPDX-License-Identifier: Apache-2.0
// The arguments of the verbs that look at what runs and act on it in incidents: a part of command_line.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/cli/commands.h"

namespace CLI {
class App;
}

namespace portcullis {

class LiveVerbs {
   public:
    // Pre: `app` and this stay where they are until run() has returned.
    void add_to(CLI::App& app);
    // None: the command line has none of these verbs.
    [[nodiscard]] std::optional<int> run(const std::string& socket, const Terminal& terminal);

   private:
    using Run = std::function<int(const std::string& socket, const Terminal& terminal)>;
    void add_flows(CLI::App& app);
    void add_quarantine(CLI::App& app);
    void add_release(CLI::App& app);

    std::vector<std::pair<const CLI::App*, Run>> verbs_;
    FlowsOptions flows_;
    std::string port_;
    bool is_off_ = false;
    bool follows_ = false;
};

}  // namespace portcullis
