// SPDX-License-Identifier: Apache-2.0
// What is a port's own (docs/semantics.md, "Own"), as sets and conditions of rules: sets of all ports, whose keys begin with the interface,
// so that the rules are the same for all. Called by the other lower_nft_*.cpp of stages 1 to 4.
#pragma once

#include <string>
#include <vector>

#include "compiler/lower_nft/nft_builder.h"
#include "compiler/lower_nft/nft_port.h"
#include "compiler/lower_nft/nft_words.h"

namespace portcullis {

// Alternatives: a rule for each, of which any one may match. Conditions: all hold.
using NftConditions = std::vector<NftStatement>;

// An interval set of all addresses in the prefixes, which may overlap. Those of other families are left out.
[[nodiscard]] std::string nft_prefix_set(NftBuilder& builder, std::string stem, Family family, const std::vector<Prefix>& prefixes);
// A set of those addresses of the family.
[[nodiscard]] std::string nft_address_set(NftBuilder& builder, std::string stem, Family family, const std::vector<Address>& addresses);
[[nodiscard]] std::string nft_mac_set(NftBuilder& builder, std::string stem, const std::vector<Mac>& macs);
// One of these numbers.
[[nodiscard]] std::string nft_byte_set(NftBuilder& builder, std::string stem, const std::vector<std::uint8_t>& bytes);

// The interface's MAC first.
[[nodiscard]] std::vector<Mac> nft_own_macs(const NftPort& port);
// 6 bytes are an own MAC.
[[nodiscard]] NftStatement nft_is_own_mac(NftBuilder& builder, const NftPort& port, Direction direction, const NftLoad& load);
[[nodiscard]] NftStatement nft_is_no_own_mac(NftBuilder& builder, const NftPort& port, Direction direction, const NftLoad& load);

// The address is own: single ones, prefixes and claimed ones (4.5) are in sets of their own, so these are alternatives; none: nothing is.
[[nodiscard]] std::vector<NftStatement> nft_own_alternatives(NftBuilder& bridge, const NftPort& port, Direction direction, Family family,
                                                             const NftLoad& address);
// The address is not own: all of these.
[[nodiscard]] NftConditions nft_not_own(NftBuilder& bridge, const NftPort& port, Direction direction, Family family,
                                        const NftLoad& address);

// Bits of the conditions of a rule, joined.
[[nodiscard]] NftConditions nft_all(std::initializer_list<NftConditions> parts);
// A rule of the conditions that ends with the verdict.
[[nodiscard]] NftRule nft_when(NftConditions conditions, NftVerdict verdict);
[[nodiscard]] NftRule nft_always(NftVerdict verdict);

// Frames to groups have the lowest bit of the first byte set.
[[nodiscard]] NftStatement nft_is_to_group();
[[nodiscard]] NftStatement nft_is_to_one();

}  // namespace portcullis
