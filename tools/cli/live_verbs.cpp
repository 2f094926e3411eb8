// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/live_verbs.h"

#include <CLI/CLI.hpp>

namespace portcullis {

void LiveVerbs::add_to(CLI::App& app) {
    CLI::App* rules = app.add_subcommand("rules", "how often each rule decided, the busiest first");
    rules->footer("Example: portcullis rules");
    verbs_.emplace_back(rules, run_rules);
    add_flows(app);
    add_quarantine(app);
    add_release(app);
    CLI::App* top = app.add_subcommand("top", "the busiest denials: by port and reason, and of the last ones by who sent what");
    top->footer("Example: portcullis top --follow");
    top->add_flag("--follow", follows_, "again every second until interrupted; with --json one object to a line");
    verbs_.emplace_back(top, [this](const std::string& socket, const Terminal& terminal) { return run_top(socket, follows_, terminal); });
    CLI::App* verify = app.add_subcommand(
        "verify", "compare the kernel with what was applied, and put probe packets to a copy of the programs; exit 1 where they differ");
    verify->footer("Example: portcullis verify");
    verbs_.emplace_back(verify, run_verify);
}

void LiveVerbs::add_flows(CLI::App& app) {
    CLI::App* flows = app.add_subcommand("flows", "live connections; with --cut: end those that match");
    flows->footer("Example: portcullis flows --cut --port tap0 --remote 198.51.100.0/24 --proto tcp --number 443");
    flows->add_option("--port", flows_.port, "of this device or interface id alone");
    flows->add_option("--remote", flows_.remote, "with this address, or one of this prefix");
    flows->add_option("--proto", flows_.protocol, "tcp, udp, icmp, icmpv6 or a number");
    flows->add_option("--number", flows_.number, "port of TCP or UDP, of either end");
    flows->add_flag("--cut", flows_.cuts, "end them now; their next packets are judged as new. Needs one of the above");
    verbs_.emplace_back(flows, [this](const std::string& socket, const Terminal& terminal) {
        flows_.socket = socket;
        return run_flows(flows_, terminal);
    });
}

void LiveVerbs::add_quarantine(CLI::App& app) {
    CLI::App* quarantine = app.add_subcommand("quarantine", "close a port at once, whatever its policy, until --off");
    quarantine->footer("Example: portcullis quarantine tap0");
    quarantine->add_option("PORT", port_, "device, or interface id")->required();
    quarantine->add_flag("--off", is_off_, "lift it: the port's policy holds again");
    verbs_.emplace_back(quarantine, [this](const std::string& socket, const Terminal& terminal) {
        return run_quarantine(socket, port_, is_off_, terminal);
    });
}

void LiveVerbs::add_release(CLI::App& app) {
    CLI::App* release = app.add_subcommand("release", "give an orphaned device back: from then on nothing guards it");
    release->footer("Example: portcullis release tap0");
    release->add_option("DEVICE", port_, "the device")->required();
    verbs_.emplace_back(release,
                        [this](const std::string& socket, const Terminal& terminal) { return run_release(socket, port_, terminal); });
}

std::optional<int> LiveVerbs::run(const std::string& socket, const Terminal& terminal) {
    for (const auto& [verb, run] : verbs_) {
        if (verb->parsed()) {
            return run(socket, terminal);
        }
    }
    return std::nullopt;
}

}  // namespace portcullis
