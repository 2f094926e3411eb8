// SPDX-License-Identifier: Apache-2.0
// The evaluator's link guards (docs/semantics.md stage 2): ARP and neighbour discovery here, the other messages of link scope in
// evaluate/link_scope.cpp. Called by evaluate.cpp alone. IsolateInstances (13.2) is judged as well.
#pragma once

#include <optional>

#include "compiler/evaluate/flows.h"
#include "compiler/evaluate/packet.h"
#include "compiler/evaluate/port.h"
#include "core/verdict.h"

namespace portcullis {

// 2.1.3: the announcement of an instance that has moved here.
[[nodiscard]] bool is_announcement(const Port& port, const EthernetFrame& frame);

// 2.2. Pre: the port has a MAC (here and below).
[[nodiscard]] Reason judge_arp(const Port& port, Direction direction, const Way& way, const EthernetFrame& frame);

// Whether the packet is one of ND, MLD, IGMP and DHCP, well-formed or not.
[[nodiscard]] bool is_of_link_scope(const Passage& passage);

// 2.3 and 2.4: the verdict of a message of link scope; none: the packet is no such message, and the stages go on.
[[nodiscard]] std::optional<Reason> judge_link_scope(const Passage& passage, const EthernetFrame& frame);

// 2.3
[[nodiscard]] bool is_neighbour_discovery(const IpPacket& packet);
[[nodiscard]] Reason judge_neighbour_discovery(const Passage& passage, const EthernetFrame& frame);

// 4.5: the address that an admitted packet claims, if it is a probe for one that is not own yet.
[[nodiscard]] std::optional<Address> claimed_by(const Passage& passage);

}  // namespace portcullis
