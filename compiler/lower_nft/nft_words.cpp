// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_words.h"

#include <cstring>

namespace portcullis {

NftBytes nft_u8(std::uint8_t value) { return {value}; }

NftBytes nft_u16(std::uint16_t value) { return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)}; }

NftBytes nft_u32(std::uint32_t value) {
    return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 8),
            static_cast<std::uint8_t>(value)};
}

NftBytes nft_device_name(std::string_view name) {
    NftBytes bytes(name.begin(), name.end());
    bytes.resize(bytes_of(NftType::DeviceName));
    return bytes;
}

NftBytes nft_ifindex(std::uint32_t ifindex) {
    NftBytes bytes(sizeof ifindex);
    std::memcpy(bytes.data(), &ifindex, sizeof ifindex);
    return bytes;
}

NftBytes nft_bytes(const Mac& mac) { return {mac.bytes.begin(), mac.bytes.end()}; }

NftBytes nft_bytes(const Address& address) { return {address.bytes.begin(), address.bytes.begin() + address_bits(address.family) / 8}; }

NftBytes nft_key(std::initializer_list<NftBytes> fields) {
    NftBytes key;
    for (const NftBytes& field : fields) {
        key.insert(key.end(), field.begin(), field.end());
        key.resize((key.size() + 3) / 4 * 4);
    }
    return key;
}

NftBytes nft_first(const Prefix& prefix) { return nft_bytes(prefix.address); }

NftBytes nft_last(const Prefix& prefix) {
    NftBytes bytes = nft_bytes(prefix.address);
    for (std::size_t bit = prefix.length; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] | (0x80U >> (bit % 8)));
    }
    return bytes;
}

NftType nft_address_type(Family family) { return family == Family::Ipv4 ? NftType::Ipv4Address : NftType::Ipv6Address; }

NftLoad nft_payload(NftHeader header, std::uint16_t offset, std::uint8_t length) {
    NftLoad load;
    load.header = header;
    load.offset = offset;
    load.length = length;
    return load;
}

NftLoad nft_masked(NftLoad load, NftBytes mask, std::uint8_t shift_right) {
    load.mask = std::move(mask);
    load.shift_right = shift_right;
    return load;
}

NftLoad nft_meta(NftMeta meta) {
    NftLoad load;
    load.kind = NftLoad::Kind::Meta;
    load.meta = meta;
    load.length = bytes_of(meta);
    return load;
}

NftLoad nft_constant(NftBytes bytes) {
    NftLoad load;
    load.kind = NftLoad::Kind::Constant;
    load.length = static_cast<std::uint8_t>(bytes.size());
    load.constant = std::move(bytes);
    return load;
}

NftLoad nft_from_map(std::string map, std::vector<NftLoad> key, std::uint8_t length) {
    NftLoad load;
    load.kind = NftLoad::Kind::Map;
    load.map = std::move(map);
    load.key = std::move(key);
    load.length = length;
    return load;
}

NftLoad nft_iif() { return nft_meta(NftMeta::Iif); }
NftLoad nft_oif() { return nft_meta(NftMeta::Oif); }
NftLoad nft_ether_destination() { return nft_payload(NftHeader::Link, 0, 6); }
NftLoad nft_ether_source() { return nft_payload(NftHeader::Link, 6, 6); }
NftLoad nft_ether_type() { return nft_payload(NftHeader::Link, 12, 2); }

NftLoad nft_source(Family family) {
    return family == Family::Ipv4 ? nft_payload(NftHeader::Network, 12, 4) : nft_payload(NftHeader::Network, 8, 16);
}

NftLoad nft_destination(Family family) {
    return family == Family::Ipv4 ? nft_payload(NftHeader::Network, 16, 4) : nft_payload(NftHeader::Network, 24, 16);
}

NftLoad nft_local(Family family, Direction direction) {
    return direction == Direction::Outbound ? nft_source(family) : nft_destination(family);
}

NftLoad nft_remote(Family family, Direction direction) {
    return direction == Direction::Outbound ? nft_destination(family) : nft_source(family);
}

NftLoad nft_l4_protocol() { return nft_meta(NftMeta::L4Protocol); }
NftLoad nft_source_port() { return nft_payload(NftHeader::Transport, 0, 2); }
NftLoad nft_destination_port() { return nft_payload(NftHeader::Transport, 2, 2); }

NftLoad nft_local_port(Direction direction) { return direction == Direction::Outbound ? nft_source_port() : nft_destination_port(); }

NftLoad nft_remote_port(Direction direction) { return direction == Direction::Outbound ? nft_destination_port() : nft_source_port(); }

NftLoad nft_tcp_flags() { return nft_payload(NftHeader::Transport, 13, 1); }
NftLoad nft_icmp_type() { return nft_payload(NftHeader::Transport, 0, 1); }
NftLoad nft_icmp_type_code() { return nft_payload(NftHeader::Transport, 0, 2); }
NftLoad nft_icmp_identifier() { return nft_payload(NftHeader::Transport, 4, 2); }

NftStatement nft_is(NftLoad load, NftBytes value) { return NftCompare{std::move(load), NftCompare::Op::Equal, std::move(value)}; }
NftStatement nft_is_not(NftLoad load, NftBytes value) { return NftCompare{std::move(load), NftCompare::Op::NotEqual, std::move(value)}; }
NftStatement nft_less(NftLoad load, NftBytes value) { return NftCompare{std::move(load), NftCompare::Op::Less, std::move(value)}; }

NftStatement nft_in_range(NftLoad load, NftBytes from, NftBytes to) {
    return NftRange{std::move(load), std::move(from), std::move(to), false};
}

NftStatement nft_not_in_range(NftLoad load, NftBytes from, NftBytes to) {
    return NftRange{std::move(load), std::move(from), std::move(to), true};
}

NftStatement nft_in(std::vector<NftLoad> key, std::string set) { return NftLookup{std::move(key), std::move(set), false}; }
NftStatement nft_not_in(std::vector<NftLoad> key, std::string set) { return NftLookup{std::move(key), std::move(set), true}; }
NftStatement nft_verdict_of(std::vector<NftLoad> key, std::string map) { return NftVerdictLookup{std::move(key), std::move(map)}; }
NftVerdict nft_accept() { return {NftVerdict::Kind::Accept, {}}; }
NftVerdict nft_return() { return {NftVerdict::Kind::Return, {}}; }
NftVerdict nft_jump(std::string chain) { return {NftVerdict::Kind::Jump, std::move(chain)}; }
NftVerdict nft_goto(std::string chain) { return {NftVerdict::Kind::Goto, std::move(chain)}; }

NftRule nft_rule(std::vector<NftStatement> statements, std::string comment) {
    return {.statements = std::move(statements), .comment = std::move(comment)};
}

}  // namespace portcullis
