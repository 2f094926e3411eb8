// SPDX-License-Identifier: Apache-2.0
#include "compiler/nft_image.h"

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

}  // namespace portcullis
