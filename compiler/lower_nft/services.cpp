// SPDX-License-Identifier: Apache-2.0
// Stage 5's lists (docs/semantics.md 5.1, 5.2) as sets of single values.
#include "compiler/lower_nft/judgements.h"
#include "compiler/lower_nft/nft_words.h"

namespace portcullis {

std::string nft_services(NftBuilder& bridge, const NftPort& port, Family family) {
    NftSet set;
    set.name = std::string("services") + (family == Family::Ipv4 ? "4" : "6");
    set.key = {nft_address_type(family), NftType::Protocol, NftType::Port};
    for (const Service& service : port.around.services) {
        if (service.address.family == family) {
            set.elements.emplace_back().from = nft_key({nft_bytes(service.address), nft_u8(service.protocol), nft_u16(service.port)});
        }
    }
    return set.elements.empty() ? std::string() : bridge.set(std::move(set));
}

std::string nft_echo_routers(NftBuilder& bridge, const NftPort& port, Family family) {
    NftSet set;
    set.name = std::string("echo-routers") + (family == Family::Ipv4 ? "4" : "6");
    set.key = {nft_address_type(family)};
    for (const Address& address : port.around.echo) {
        if (address.family == family) {
            set.elements.emplace_back().from = nft_bytes(address);
        }
    }
    return set.elements.empty() ? std::string() : bridge.set(std::move(set));
}

}  // namespace portcullis
