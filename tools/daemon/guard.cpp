// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/guard.h"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "compiler/parse/parse.h"
#include "fallback/nft_guard.h"
#include "tools/daemon/backend.h"
#include "tools/daemon/model_files.h"
#include "tools/daemon/netlink_monitor.h"
#include "tools/daemon/printable.h"
#include "tools/daemon/state_lock.h"
#include "tools/daemon/state_store.h"

namespace portcullis {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;

// Adds what the documents name. False, and a log line, where they cannot be used.
bool add_names(const std::string& origin, const Result<std::vector<Document>>& documents, NftGuardedNames& names) {
    if (!documents) {
        spdlog::error("{}", printable(documents.error().message));
        return false;
    }
    const ParseOutcome parsed = parse(*documents);
    if (!parsed.model) {
        spdlog::error("the model of {} is faulty", printable(origin));
        return false;
    }
    for (const PortClaim& port : parsed.model->ports) {
        if (!port.device.empty()) {
            names.ports.insert(port.device);
        }
    }
    for (const Bridge& bridge : parsed.model->bridges) {
        if (bridge.unknown_ports == UnknownPorts::Open) {
            continue;
        }
        names.bridges.insert(bridge.device);
        for (const std::string& uplink : bridge.uplinks) {
            names.uplinks.emplace(bridge.device, uplink);
        }
    }
    return true;
}

// What both sources name: the file may have got a bridge since the last one was accepted. None: there is a model, and none can be used.
std::optional<NftGuardedNames> find_names(const DaemonOptions& options) {
    NftGuardedNames names;
    bool has_source = false;
    bool has_names = false;
    Result<std::optional<SavedModel>> saved = StateStore(options.state_directory, {}).load_model();
    if (!saved || saved->has_value()) {
        has_source = true;
        has_names |=
            add_names(options.state_directory, saved ? Result<std::vector<Document>>((*saved)->confirmed()) : fail(saved.error()), names);
    }
    if (!options.model.empty()) {
        has_source = true;
        has_names |= add_names(options.model, read_model(options.model), names);
    }
    return has_source && !has_names ? std::nullopt : std::optional(std::move(names));
}

// Ports that closed bridges have already, uplinks not: they are closed by their own names as well.
Result<> add_present_ports(NftGuardedNames& names) {
    const Result<NetlinkMonitor> monitor = NetlinkMonitor::open();
    if (!monitor) {
        return fail(monitor.error());
    }
    const HostDevices& devices = monitor->devices();
    for (const auto& [ifindex, device] : devices) {
        const auto bridge = devices.find(device.master);
        if (bridge != devices.end() && names.bridges.contains(bridge->second.name) &&
            !names.uplinks.contains({bridge->second.name, device.name})) {
            names.ports.insert(device.name);
        }
    }
    return {};
}

int guard(const DaemonOptions& options) {
    if (find_standing_enforcement(options)) {
        spdlog::info("what a daemon enforces stands: nothing to guard");
        return kDone;
    }
    std::optional<NftGuardedNames> names = find_names(options);
    if (!names) {
        spdlog::critical("nothing is closed: no model can be used");
        return kFailed;
    }
    if (names->bridges.empty() && names->ports.empty()) {
        spdlog::info("no model names a port or a bridge: nothing to guard");
        return kDone;
    }
    if (const Result<> added = add_present_ports(*names); !added) {
        spdlog::error("{}; what is there already is closed as far as the model names it", added.error().message);
    }
    const Result<NftGuarded> closed = nft_guard(nft_guard_table(options.state_directory), *names);
    if (!closed) {
        spdlog::critical("nothing is closed: {}", closed.error().message);
        return kFailed;
    }
    spdlog::info("closed until a daemon enforces: {} bridges and {} ports", names->bridges.size(), names->ports.size());
    if (*closed == NftGuarded::Partly && !names->bridges.empty()) {
        spdlog::warn(
            "this kernel tells no port's bridge (CONFIG_NFT_BRIDGE_META): ports that come later and that no model names are "
            "closed towards uplinks alone");
    }
    return kDone;
}

}  // namespace

int run_guard(const DaemonOptions& options) {
    if (const Result<> made = make_state_directory(options.state_directory); !made) {
        spdlog::critical("{}", made.error().message);
        return kFailed;
    }
    const Result<StateLock> lock = StateLock::acquire(options.state_directory);
    if (!lock && lock.error().code == EWOULDBLOCK) {
        spdlog::info("{}: nothing to guard", lock.error().message);
        return kDone;
    }
    if (!lock) {
        spdlog::critical("{}", lock.error().message);
        return kFailed;
    }
    return guard(options);
}

// A kernel without nf_tables has no guard.
Guard::Guard(const std::string& state_directory)
    : table_(nft_guard_table(state_directory)), stands_(nft_guard_stands(table_).value_or(false)) {}

void Guard::end() {
    if (!stands_) {
        return;
    }
    const Result<bool> ended = nft_end_guard(table_);
    if (ended) {
        stands_ = false;
        spdlog::info("this daemon enforces: the guard of early boot has ended");
    } else if (ended.error().message != reported_) {
        spdlog::error("the guard of early boot still closes ports: {}; trying again every second", ended.error().message);
        reported_ = ended.error().message;
    }
}

}  // namespace portcullis
