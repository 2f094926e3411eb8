// SPDX-License-Identifier: Apache-2.0
// Fields that the documents of several keys have in common: identifiers, addresses, CIDRs. Each function records what is wrong and then
// gives nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/parse/json_cursor.h"
#include "core/address.h"

namespace portcullis {

inline constexpr std::size_t kLongestIdentifier = 255;  // bytes

// None when it is missing or not fit to be one.
[[nodiscard]] std::optional<std::string> required_identifier(const JsonCursor& object, std::string_view key);
// Empty when it is not given.
[[nodiscard]] std::string optional_identifier(const JsonCursor& object, std::string_view key);

// A CIDR of the family (any family when none is asked for). Host bits are cleared, with a warning.
[[nodiscard]] std::optional<Prefix> parse_cidr(const JsonCursor& cidr, std::optional<Family> family);
// A unicast address that an interface can have: neither unspecified, loopback, link-local, multicast, broadcast nor IPv4-mapped.
[[nodiscard]] std::optional<Address> parse_own_address(const JsonCursor& address, std::optional<Family> family);
// A prefix all of whose addresses are such.
[[nodiscard]] std::optional<Prefix> parse_own_prefix(const JsonCursor& prefix, std::optional<Family> family);

// The same, of any family, and a bare address as the prefix of one.
[[nodiscard]] std::optional<Prefix> parse_own_range(const JsonCursor& range);
// An address of any family that infrastructure can have: own ones and link-local ones.
[[nodiscard]] std::optional<Address> parse_service_address(const JsonCursor& address);
// A unicast MAC that is not zero.
[[nodiscard]] std::optional<Mac> parse_own_mac(const JsonCursor& mac);

// The names of a set of associated blocks: {"Ipv6CidrBlock": …, "Ipv6CidrBlockState": {"State": "associated"}}.
struct BlockSet {
    std::string_view key;    // of the set
    std::string_view block;  // of the CIDR in each element
    std::string_view state;  // of the object that holds "State"
    Family family;
};
inline constexpr BlockSet kIpv4Blocks = {"CidrBlockAssociationSet", "CidrBlock", "CidrBlockState", Family::Ipv4};
inline constexpr BlockSet kIpv6Blocks = {"Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock", "Ipv6CidrBlockState", Family::Ipv6};

// The blocks of a set that are associated; those in any other state do not count.
[[nodiscard]] std::vector<Prefix> parse_associated_blocks(const JsonCursor& object, const BlockSet& names);

}  // namespace portcullis
