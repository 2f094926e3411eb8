// SPDX-License-Identifier: Apache-2.0
// The messages of a packet in a case file (README.md, "Messages"): each function reads one key's object and gives the layers it stands for.
#pragma once

#include <cstdint>

#include "tests/conformance/case_fields.h"
#include "tests/support/packet.h"

namespace portcullis::test {

[[nodiscard]] Packet tcp_of(Fields& fields);
// `own_mac`: the client's hardware address where none is given.
[[nodiscard]] Packet dhcpv4_of(Fields& fields, const Mac& own_mac);
[[nodiscard]] Packet dhcpv6_of(Fields& fields);
[[nodiscard]] Packet mld_of(Fields& fields);
[[nodiscard]] Packet igmp_of(Fields& fields);
// ICMPv6 types 133-137.
[[nodiscard]] Packet neighbour_of(Fields& fields);
// One extension header of IPv6; `protocol`: what it says follows, where the packet does not imply it.
[[nodiscard]] Layer extension_of(Fields& fields, std::optional<std::uint8_t> protocol);

}  // namespace portcullis::test
