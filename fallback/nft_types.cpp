// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_types.h"

#include <algorithm>
#include <iterator>

namespace portcullis {
namespace {

constexpr unsigned kTypeBits = 6;

struct Numbered {
    NftType type;
    std::uint32_t number;  // enum datatypes of nft's datatype.h
};

constexpr Numbered kNumbers[] = {
    {NftType::Ipv4Address, 7}, {NftType::Ipv6Address, 8}, {NftType::EtherAddress, 9}, {NftType::EtherType, 10},
    {NftType::Protocol, 12},   {NftType::Port, 13},       {NftType::Interface, 20},   {NftType::Byte, 14},  // icmp_type
    {NftType::Half, 11},                                                                                    // arp_op
    {NftType::Word, 19},                                                                                    // mark
    {NftType::Bytes64, 18},                                                                                 // time
    {NftType::DeviceName, 41},                                                                              // ifname
};

}  // namespace

std::uint32_t type_number(NftType type) {
    return std::find_if(std::begin(kNumbers), std::end(kNumbers), [&](const Numbered& one) { return one.type == type; })->number;
}

std::uint32_t key_number(const std::vector<NftType>& key) {
    std::uint32_t number = 0;
    for (const NftType field : key) {
        number = number << kTypeBits | type_number(field);
    }
    return number;
}

std::uint32_t key_bytes(const std::vector<NftType>& key) {
    std::uint32_t bytes = 0;
    for (const NftType field : key) {
        bytes += padded(bytes_of(field));
    }
    return bytes;
}

std::optional<NftBytes> after(NftBytes bytes) {
    for (auto at = bytes.rbegin(); at != bytes.rend(); ++at) {
        if (++*at != 0) {
            return bytes;
        }
    }
    return std::nullopt;
}

NftBytes before(NftBytes bytes) {
    for (auto at = bytes.rbegin(); at != bytes.rend(); ++at) {
        if ((*at)-- != 0) {
            break;
        }
    }
    return bytes;
}

}  // namespace portcullis
