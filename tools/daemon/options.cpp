// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <toml.hpp>
#include <vector>

#include "core/result.h"

namespace portcullis {
namespace {

constexpr int kUsageError = 2;
constexpr const char* kDefaultConfig = "/etc/portcullis/portcullis.toml";

struct Option {
    std::string name;
    std::string help;
    std::vector<std::string> choices;  // empty: any text
    bool is_bare = false;              // a flag without a value, which means "on"
};

// Every flag, in the order of --help. The configuration file has the same names without the dashes.
const std::vector<Option>& options() {
    static const std::vector<Option> list{
        {"model", "model file or directory; without it the API sets the model", {}},
        {"watch", "apply the model again when it changes on disk (default on)", {"on", "off"}},
        {"on-error", "what an error in the model of --model refuses: all of it (default), or the object it is in", {"refuse", "isolate"}},
        {"backend", "auto (default): what enforces already, else bpf, else nftables", {"auto", "bpf", "nftables"}},
        {"on-unsupported",
         "where the kernel can enforce in no way: fail (default), or run, enforce nothing and say so",
         {"fail", "degrade"}},
        {"socket", "the API's socket (default /run/portcullis/portcullis.sock)", {}},
        {"state-dir", "what is remembered across restarts (default /var/lib/portcullis)", {}},
        {"bpffs", "directory of the pins (default /sys/fs/bpf/portcullis)", {}},
        {"xdp", "early drop by native XDP: off (default), on taps, on uplinks as well (all)", {"off", "taps", "all"}},
        {"fast-path",
         "flows that both ports have admitted past the bridge: off (default), to the other port, or into the namespace behind it",
         {"off", "port", "namespace"}},
        {"log-level", "trace, debug, info (default), warn, error", {"trace", "debug", "info", "warn", "error"}},
        {"metrics", "[HOST:]PORT to serve GET /metrics at, without authentication; of 127.0.0.1 unless HOST is given", {}},
        {"allow-br-netfilter", "accepted, without effect: neither back end uses br_netfilter", {"on", "off"}, true},
    };
    return list;
}

using Values = std::map<std::string, std::string>;

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : ", ") + word;
    }
    return text;
}

Result<> check(const Option& option, const std::string& value) {
    if (!option.choices.empty() && std::ranges::find(option.choices, value) == option.choices.end()) {
        return fail("--" + option.name + " is one of: " + joined(option.choices) + "; not " + value);
    }
    return value.empty() ? Result<>(fail("--" + option.name + " needs a value")) : Result<>{};
}

Result<std::string> text_of(const toml::value& value) {
    if (value.is_string()) {
        return value.as_string().str;
    }
    if (value.is_boolean()) {
        return std::string(value.as_boolean() ? "on" : "off");
    }
    return fail("is neither text nor a boolean");
}

Result<toml::value> parse_file(const std::string& path) {
    try {
        return toml::parse(path);
    } catch (const std::exception& error) {  // std::runtime_error for a missing file, toml11's own types for syntax
        return fail("cannot read " + path + ": " + error.what());
    }
}

// Adds what the file says to `values`, where no flag has said it already.
Result<> read_config(const std::string& path, Values& values) {
    const Result<toml::value> file = parse_file(path);
    if (!file) {
        return fail(file.error());
    }
    for (const auto& [key, value] : file->as_table()) {
        const bool is_known = std::ranges::find(options(), key, &Option::name) != options().end();
        Result<std::string> text = is_known ? text_of(value) : fail("is no option");
        if (!text) {
            return fail(text.error().with_context(path).with_context("cannot use " + key));
        }
        values.emplace(key, std::move(*text));
    }
    return {};
}

Result<DaemonOptions> options_of(const Values& values) {
    DaemonOptions parsed;
    const auto take = [&values](const char* name, std::string& field) {
        if (const auto found = values.find(name); found != values.end()) {
            field = found->second;
        }
    };
    take("model", parsed.model);
    take("socket", parsed.socket);
    take("state-dir", parsed.state_directory);
    take("bpffs", parsed.bpffs_directory);
    take("log-level", parsed.log_level);
    std::string xdp = "off";
    take("xdp", xdp);
    parsed.xdp = xdp == "all" ? XdpMode::All : (xdp == "taps" ? XdpMode::Taps : XdpMode::Off);
    std::string fast_path = "off";
    take("fast-path", fast_path);
    parsed.fast_path = fast_path == "namespace" ? FastPath::Namespace : (fast_path == "port" ? FastPath::Port : FastPath::Off);
    std::string backend = "auto";
    take("backend", backend);
    parsed.backend = backend == "bpf" ? BackendChoice::Bpf : (backend == "nftables" ? BackendChoice::Nftables : BackendChoice::Auto);
    parsed.on_unsupported =
        values.contains("on-unsupported") && values.at("on-unsupported") == "degrade" ? OnUnsupported::Degrade : OnUnsupported::Fail;
    parsed.on_error = values.contains("on-error") && values.at("on-error") == "isolate" ? OnError::Isolate : OnError::Refuse;
    if (const auto metrics = values.find("metrics"); metrics != values.end()) {
        const Result<MetricsAddress> address = parse_metrics_address(metrics->second);
        if (!address) {
            return fail(address.error().with_context("--metrics"));
        }
        parsed.metrics = *address;
    }
    parsed.watches_model = !values.contains("watch") || values.at("watch") == "on";
    return parsed;
}

Result<DaemonOptions> merge(Values values, const std::optional<std::string>& config) {
    const std::string path = config.value_or(kDefaultConfig);
    if (config || std::filesystem::exists(path)) {
        if (Result<> read = read_config(path, values); !read) {
            return fail(read.error());
        }
    }
    for (const Option& option : options()) {
        const auto value = values.find(option.name);
        if (value == values.end()) {
            continue;
        }
        if (Result<> checked = check(option, value->second); !checked) {
            return fail(checked.error());
        }
    }
    return options_of(values);
}

void add_option(CLI::App& app, const Option& option, Values& values) {
    const std::string flag = "--" + option.name;
    const auto store = [&values, name = option.name](const std::string& value) { values[name] = value; };
    if (option.is_bare) {
        app.add_flag_callback(
            flag, [store] { store("on"); }, option.help);
    } else {
        app.add_option_function<std::string>(flag, store, option.help)->take_last();
    }
}

}  // namespace

std::variant<DaemonOptions, EarlyExit> parse_daemon_options(int argc, const char* const* argv) {
    CLI::App app("Enforces EC2-style security groups and network ACLs on this host's bridge ports.", "portcullisd");
    app.set_version_flag("--version", PORTCULLIS_VERSION);
    app.footer("Example: portcullisd --model /etc/portcullis/model --log-level debug");
    Values values;
    bool is_guard = false;
    std::optional<std::string> config;
    app.add_option("--config", config, std::string("configuration file (default ") + kDefaultConfig + ", if it exists)");
    app.add_flag("--guard", is_guard,
                 "for early boot: close the ports that the last accepted model names until a daemon enforces, and exit");
    for (const Option& option : options()) {
        add_option(app, option, values);
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& help) {
        std::ostringstream text;
        (void)app.exit(help, text, text);
        return EarlyExit{.status = 0, .text = text.str()};
    } catch (const CLI::ParseError& error) {
        return EarlyExit{.status = kUsageError, .text = std::string("portcullisd: ") + error.what() + "; see portcullisd --help\n"};
    }
    Result<DaemonOptions> merged = merge(std::move(values), config);
    if (!merged) {
        return EarlyExit{.status = kUsageError, .text = "portcullisd: " + merged.error().message + "\n"};
    }
    merged->is_guard = is_guard;
    return std::move(*merged);
}

}  // namespace portcullis
