// SPDX-License-Identifier: Apache-2.0
// Short words for what lowering says most: fields of packets, comparisons, verdicts.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/lower_nft/nft_image.h"
#include "core/address.h"
#include "core/verdict.h"

namespace portcullis {

// ---- bytes ----
[[nodiscard]] NftBytes nft_u8(std::uint8_t value);
[[nodiscard]] NftBytes nft_u16(std::uint16_t value);            // network order
[[nodiscard]] NftBytes nft_u32(std::uint32_t value);            // network order
[[nodiscard]] NftBytes nft_ifindex(std::uint32_t ifindex);      // host order
[[nodiscard]] NftBytes nft_device_name(std::string_view name);  // of at most 15 bytes
[[nodiscard]] NftBytes nft_bytes(const Mac& mac);
[[nodiscard]] NftBytes nft_bytes(const Address& address);  // 4 or 16
// Fields one behind the other as in a key, each padded to a multiple of four.
[[nodiscard]] NftBytes nft_key(std::initializer_list<NftBytes> fields);
// First and last address of a prefix.
[[nodiscard]] NftBytes nft_first(const Prefix& prefix);
[[nodiscard]] NftBytes nft_last(const Prefix& prefix);
[[nodiscard]] NftType nft_address_type(Family family);

// ---- loads ----
[[nodiscard]] NftLoad nft_payload(NftHeader header, std::uint16_t offset, std::uint8_t length);
[[nodiscard]] NftLoad nft_masked(NftLoad load, NftBytes mask, std::uint8_t shift_right = 0);
[[nodiscard]] NftLoad nft_meta(NftMeta meta);
[[nodiscard]] NftLoad nft_constant(NftBytes bytes);
[[nodiscard]] NftLoad nft_from_map(std::string map, std::vector<NftLoad> key, std::uint8_t length);
[[nodiscard]] NftLoad nft_iif();
[[nodiscard]] NftLoad nft_oif();
[[nodiscard]] NftLoad nft_ether_source();
[[nodiscard]] NftLoad nft_ether_destination();
[[nodiscard]] NftLoad nft_ether_type();  // @ll 12..13: 0x8100 where a VLAN tag is in metadata
[[nodiscard]] NftLoad nft_source(Family family);
[[nodiscard]] NftLoad nft_destination(Family family);
[[nodiscard]] NftLoad nft_local(Family family, Direction direction);   // the interface's end
[[nodiscard]] NftLoad nft_remote(Family family, Direction direction);  // the other
[[nodiscard]] NftLoad nft_l4_protocol();
[[nodiscard]] NftLoad nft_source_port();
[[nodiscard]] NftLoad nft_destination_port();
[[nodiscard]] NftLoad nft_local_port(Direction direction);
[[nodiscard]] NftLoad nft_remote_port(Direction direction);
[[nodiscard]] NftLoad nft_tcp_flags();        // 1 byte
[[nodiscard]] NftLoad nft_icmp_type();        // 1 byte, of both families
[[nodiscard]] NftLoad nft_icmp_type_code();   // 2 bytes
[[nodiscard]] NftLoad nft_icmp_identifier();  // 2 bytes

// ---- statements ----
[[nodiscard]] NftStatement nft_is(NftLoad load, NftBytes value);
[[nodiscard]] NftStatement nft_is_not(NftLoad load, NftBytes value);
[[nodiscard]] NftStatement nft_less(NftLoad load, NftBytes value);
[[nodiscard]] NftStatement nft_in_range(NftLoad load, NftBytes from, NftBytes to);
[[nodiscard]] NftStatement nft_not_in_range(NftLoad load, NftBytes from, NftBytes to);
[[nodiscard]] NftStatement nft_in(std::vector<NftLoad> key, std::string set);
[[nodiscard]] NftStatement nft_not_in(std::vector<NftLoad> key, std::string set);
[[nodiscard]] NftStatement nft_verdict_of(std::vector<NftLoad> key, std::string map);
[[nodiscard]] NftVerdict nft_accept();
[[nodiscard]] NftVerdict nft_return();
[[nodiscard]] NftVerdict nft_jump(std::string chain);
[[nodiscard]] NftVerdict nft_goto(std::string chain);
[[nodiscard]] NftRule nft_rule(std::vector<NftStatement> statements, std::string comment = {});

}  // namespace portcullis
