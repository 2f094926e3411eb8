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

}  // namespace portcullis
