// SPDX-License-Identifier: Apache-2.0
// Closes ports by name, also those that do not exist yet, in tables of their own beside those that enforce: for the time between boot and
// the daemon (tools/daemon/guard.h). They outlive the process. Whoever flushes all of nf_tables removes them, and nobody puts them back.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "core/result.h"

namespace portcullis {

struct NftGuardedNames {
    std::set<std::string> bridges;                          // every port that is no uplink
    std::set<std::pair<std::string, std::string>> uplinks;  // bridge and device
    std::set<std::string> ports;                            // whatever they are ports of; routed ones for IP alone
};

// The tables' name: one guard for each state directory, since each has a daemon of its own.
[[nodiscard]] std::string nft_guard_table(const std::string& state_directory);

// Exactly these are closed by the guard; nothing passes from or to them once this returns. A kernel that does not tell the bridge of a port
// (CONFIG_NFT_BRIDGE_META; Debian's do) closes what is in `ports`, and others of the bridges from and to the uplinks alone: Partly.
enum class NftGuarded : std::uint8_t { Wholly, Partly };
[[nodiscard]] Result<NftGuarded> nft_guard(const std::string& table, const NftGuardedNames& names);
[[nodiscard]] Result<bool> nft_guard_stands(const std::string& table);
// Whether there was one.
[[nodiscard]] Result<bool> nft_end_guard(const std::string& table);

}  // namespace portcullis
