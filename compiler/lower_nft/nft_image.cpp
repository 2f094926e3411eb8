// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_image.h"

#include <algorithm>

namespace portcullis {

std::uint8_t bytes_of(NftType type) {
    switch (type) {
        case NftType::Ipv4Address:
        case NftType::Interface:
        case NftType::Word:
            return 4;
        case NftType::Ipv6Address:
        case NftType::DeviceName:
            return 16;
        case NftType::EtherAddress:
            return 6;
        case NftType::EtherType:
        case NftType::Port:
        case NftType::Half:
            return 2;
        case NftType::Bytes64:
            return 8;
        case NftType::Protocol:
        case NftType::Byte:
            break;
    }
    return 1;
}

std::uint8_t bytes_of(NftMeta meta) {
    switch (meta) {
        case NftMeta::IifName:
        case NftMeta::OifName:
        case NftMeta::IifBridge:
        case NftMeta::OifBridge:
            return 16;
        case NftMeta::Length:
        case NftMeta::Iif:
        case NftMeta::Oif:
        case NftMeta::Mark:
            return 4;
        case NftMeta::Protocol:
            return 2;
        case NftMeta::L4Protocol:
        case NftMeta::PacketType:
            break;
    }
    return 1;
}

const NftTable* find_table(const NftImage& image, NftFamily family) {
    const auto found = std::ranges::find(image.tables, family, &NftTable::family);
    return found == image.tables.end() ? nullptr : &*found;
}

const NftSet* find_set(const NftTable& table, std::string_view name) {
    const auto at = std::ranges::lower_bound(table.sets, name, {}, &NftSet::name);
    return at != table.sets.end() && at->name == name ? &*at : nullptr;
}

}  // namespace portcullis
