// SPDX-License-Identifier: Apache-2.0
// The evaluator's link guards (docs/semantics.md stage 2): ARP, neighbour discovery, and the other messages of link scope. Called by
// evaluate.cpp alone.
#pragma once

#include <optional>

#include "compiler/evaluate_packet.h"
#include "core/model.h"
#include "core/verdict.h"

namespace portcullis {

// 2.2. Pre: the port has a MAC (here and below).
[[nodiscard]] Reason judge_arp(const NetworkInterface& port, Direction direction, const EthernetFrame& frame);

// 2.3 and 2.4: the verdict of a message of link scope; none: the packet is no such message, and the stages go on.
[[nodiscard]] std::optional<Reason> judge_link_scope(const NetworkInterface& port, Direction direction, const IpPacket& packet);

}  // namespace portcullis
