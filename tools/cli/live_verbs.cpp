// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/live_verbs.h"

#include <CLI/CLI.hpp>

namespace portcullis {

void LiveVerbs::add_to(CLI::App& app) {
    CLI::App* rules = app.add_subcommand("rules", "how often each rule decided, the busiest first");
    rules->footer("Example: portcullis rules");
    rules_ = rules;
}

std::optional<int> LiveVerbs::run(const std::string& socket, const Terminal& terminal) const {
    if (rules_->parsed()) {
        return run_rules(socket, terminal);
    }
    return std::nullopt;
}

}  // namespace portcullis
