// SPDX-License-Identifier: Apache-2.0
// Protocol, ports and ICMP types of permissions and ACL entries -> Traffic, normalised: two that mean the same compare equal.
//
// EC2's conventions: a permission has FromPort and ToPort, which are type and code for ICMP; an ACL entry has PortRange or IcmpTypeCode.
// Protocols other than -1, 1, 6, 17 and 58 have neither, whatever the fields say.
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/parse/json_cursor.h"
#include "core/model.h"

namespace portcullis {

// IpProtocol, FromPort and ToPort of a permission or of a flat rule. None after an error.
[[nodiscard]] std::optional<Traffic> parse_permission_traffic(const JsonCursor& permission);

// Protocol, PortRange and IcmpTypeCode of an ACL entry whose CIDR is of `family`. None after an error.
[[nodiscard]] std::optional<Traffic> parse_entry_traffic(const JsonCursor& entry, Family family);

// A protocol of ours, as a name, or as a number in text or by itself: never "any". None when it is not given or after an error.
[[nodiscard]] std::optional<std::uint8_t> parse_one_protocol(const JsonCursor& protocol);
// 0-65535; none when it is not given or after an error.
[[nodiscard]] std::optional<std::uint16_t> parse_port_number(const JsonCursor& port);

// A code with any type: the pattern matches nothing.
[[nodiscard]] bool matches_nothing(const Traffic& traffic);

}  // namespace portcullis
