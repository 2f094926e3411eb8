// SPDX-License-Identifier: Apache-2.0
// What portcullisd was told: command line, then configuration file, then defaults.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "core/fast_path.h"
#include "loader/xdp_mode.h"
#include "tools/daemon/metrics_address.h"
#include "tools/daemon/source_status.h"

namespace portcullis {

enum class BackendChoice : std::uint8_t { Auto, Bpf, Nftables };

// What becomes of a daemon for which no back end can be had.
enum class OnUnsupported : std::uint8_t { Fail, Degrade };

struct DaemonOptions {
    std::string model;  // file or directory; empty: the API is the source
    bool watches_model = true;
    OnError on_error = OnError::Refuse;
    std::string socket = "/run/portcullis/portcullis.sock";
    std::string state_directory = "/var/lib/portcullis";
    std::string bpffs_directory = "/sys/fs/bpf/portcullis";
    std::string log_level = "info";
    XdpMode xdp = XdpMode::Off;
    FastPath fast_path = FastPath::Off;
    std::optional<MetricsAddress> metrics;  // none: by the API's socket alone
    BackendChoice backend = BackendChoice::Auto;
    OnUnsupported on_unsupported = OnUnsupported::Fail;
    bool is_guard = false;  // close what the model names and exit (tools/daemon/guard.h)
};

// --help, or what is wrong with the command line or the configuration file.
struct EarlyExit {
    int status = 0;
    std::string text;
};

[[nodiscard]] std::variant<DaemonOptions, EarlyExit> parse_daemon_options(int argc, const char* const* argv);

}  // namespace portcullis
