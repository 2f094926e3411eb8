// SPDX-License-Identifier: Apache-2.0
// ICMP errors and what they quote (docs/semantics.md 7.9). Called by evaluate/stages.cpp alone.
#pragma once

#include <optional>

#include "compiler/evaluate/flows.h"

namespace portcullis {

[[nodiscard]] bool is_icmp_error(const IpPacket& packet);
// v4 3/4, v6 2: what path MTU discovery needs.
[[nodiscard]] bool is_too_big(const IpPacket& packet);

// The packet that the error quotes, as far as a flow's key needs it, if it went the other way and its sender is the error's receiver; none:
// the error quotes nothing that could be related. Pre: is_icmp_error.
[[nodiscard]] std::optional<IpPacket> read_quote(const Passage& passage);

}  // namespace portcullis
