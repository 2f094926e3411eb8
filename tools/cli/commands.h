// SPDX-License-Identifier: Apache-2.0
// The verbs of `portcullis`. Each prints its answer, as text or as the JSON of docs/api.md, and returns the exit status.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include "compiler/explain/explain.h"

namespace portcullis {

// Fixed: scripts rely on them.
inline constexpr int kDone = 0;  // for `explain`: allowed
inline constexpr int kFailed = 1;
inline constexpr int kInputWrong = 2;   // the input or the command line
inline constexpr int kDenied = 3;       // `explain` only
inline constexpr int kUnreachable = 4;  // no daemon answers

struct Terminal {
    std::ostream& out;
    std::ostream& err;
    bool prints_json = false;
    bool has_colour = false;
};

struct ApplyOptions {
    std::string model;
    std::string socket;
    bool waits_for_absent = false;
    std::optional<unsigned> wait_seconds;    // none: for as long as it takes
    std::optional<unsigned> confirm_within;  // seconds after which it is rolled back unless confirmed
};

struct ExplainOptions {
    std::string model;     // unless it is live
    bool is_live = false;  // asks the daemon
    std::string socket;
    Question question;
};

struct RenderOptions {
    std::string model;
    std::string backend = "nftables";  // or "bpf"
};

struct FlowsOptions {
    std::string socket;
    std::string port;      // device or interface id; empty: all
    std::string remote;    // address or prefix; empty: all
    std::string protocol;  // tcp, udp, icmp, icmpv6 or a number; empty: all
    std::string number;    // of either end; empty: all
    bool cuts = false;
};

struct TeardownOptions {
    std::string socket;
    std::string bpffs_directory = "/sys/fs/bpf/portcullis";
    std::string state_directory = "/var/lib/portcullis";
    bool is_forced = false;
};

[[nodiscard]] int run_check(const std::string& model, const Terminal& terminal);
[[nodiscard]] int run_apply(const ApplyOptions& options, const Terminal& terminal);
[[nodiscard]] int run_plan(const std::string& model, const std::string& socket, const Terminal& terminal);
[[nodiscard]] int run_confirm(const std::string& socket, const Terminal& terminal);
[[nodiscard]] int run_status(const std::string& socket, bool counts_absent, const Terminal& terminal);
[[nodiscard]] int run_events(const std::string& socket, const Terminal& terminal);
[[nodiscard]] int run_quarantine(const std::string& socket, const std::string& port, bool is_off, const Terminal& terminal);
[[nodiscard]] int run_release(const std::string& socket, const std::string& device, const Terminal& terminal);
[[nodiscard]] int run_top(const std::string& socket, bool follows, const Terminal& terminal);
[[nodiscard]] int run_verify(const std::string& socket, const Terminal& terminal);
[[nodiscard]] int run_flows(const FlowsOptions& options, const Terminal& terminal);
[[nodiscard]] int run_rules(const std::string& socket, const Terminal& terminal);
[[nodiscard]] int run_explain(const ExplainOptions& options, const Terminal& terminal);
[[nodiscard]] int run_render(const RenderOptions& options, const Terminal& terminal);
[[nodiscard]] int run_teardown(const TeardownOptions& options, const Terminal& terminal);

}  // namespace portcullis
