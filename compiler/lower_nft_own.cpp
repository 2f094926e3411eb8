// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft_own.h"

#include <algorithm>

#include "compiler/lower_nft_claims.h"

namespace portcullis {

std::string nft_prefix_set(NftBuilder& builder, std::string stem, Family family, const std::vector<Prefix>& prefixes) {
    std::vector<Prefix> sorted;
    std::copy_if(prefixes.begin(), prefixes.end(), std::back_inserter(sorted), [&](const Prefix& one) { return one.family() == family; });
    std::sort(sorted.begin(), sorted.end());
    NftSet set{.name = std::move(stem), .key = {nft_address_type(family)}};
    set.is_interval = true;
    const Prefix* last = nullptr;
    for (const Prefix& one : sorted) {
        if (last == nullptr || !last->contains(one)) {  // a prefix sorts before those it contains
            set.elements.push_back({.from = nft_first(one), .to = nft_last(one), .verdict = {}, .data = {}, .comment = {}});
            last = &one;
        }
    }
    return builder.set(std::move(set));
}

namespace {

std::string plain_set(NftBuilder& builder, std::string stem, NftType type, std::vector<NftBytes> keys) {
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    NftSet set{.name = std::move(stem), .key = {type}};
    for (NftBytes& key : keys) {
        set.elements.push_back({.from = nft_key({std::move(key)}), .to = {}, .verdict = {}, .data = {}, .comment = {}});
    }
    return builder.set(std::move(set));
}

}  // namespace

std::string nft_address_set(NftBuilder& builder, std::string stem, Family family, const std::vector<Address>& addresses) {
    std::vector<NftBytes> keys;
    for (const Address& one : addresses) {
        if (one.family == family) {
            keys.push_back(nft_bytes(one));
        }
    }
    return plain_set(builder, std::move(stem), nft_address_type(family), std::move(keys));
}

std::string nft_mac_set(NftBuilder& builder, std::string stem, const std::vector<Mac>& macs) {
    std::vector<NftBytes> keys;
    for (const Mac& one : macs) {
        keys.push_back(nft_bytes(one));
    }
    return plain_set(builder, std::move(stem), NftType::EtherAddress, std::move(keys));
}

std::string nft_byte_set(NftBuilder& builder, std::string stem, const std::vector<std::uint8_t>& bytes) {
    const std::string content = stem + ' ' + std::string(bytes.begin(), bytes.end());
    return builder.once(content, [&] {
        std::vector<NftBytes> keys;
        for (const std::uint8_t one : bytes) {
            keys.push_back(nft_u8(one));
        }
        return plain_set(builder, std::move(stem), NftType::Byte, std::move(keys));
    });
}

std::vector<Mac> nft_own_macs(const NftPort& port) {
    std::vector<Mac> macs = {port.port->mac};
    std::copy_if(port.around.macs.begin(), port.around.macs.end(), std::back_inserter(macs),
                 [&](const Mac& one) { return one != port.port->mac; });
    return macs;
}

NftStatement nft_is_own_mac(NftBuilder& builder, const NftPort& port, const NftLoad& load) {
    const std::vector<Mac> macs = nft_own_macs(port);
    return macs.size() == 1 ? nft_is(load, nft_bytes(macs[0])) : nft_in({load}, nft_mac_set(builder, "own-macs", macs));
}

NftStatement nft_is_no_own_mac(NftBuilder& builder, const NftPort& port, const NftLoad& load) {
    const std::vector<Mac> macs = nft_own_macs(port);
    return macs.size() == 1 ? nft_is_not(load, nft_bytes(macs[0])) : nft_not_in({load}, nft_mac_set(builder, "own-macs", macs));
}

namespace {

std::string own_set(NftBuilder& bridge, const NftPort& port, Family family) {
    return nft_prefix_set(bridge, family == Family::Ipv4 ? "own4" : "own6", family, port.port->addresses);
}

}  // namespace

std::vector<NftStatement> nft_own_alternatives(NftBuilder& bridge, const NftPort& port, Family family, const NftLoad& address) {
    std::vector<NftStatement> alternatives = {nft_in({address}, own_set(bridge, port, family))};
    const std::string claims = family == Family::Ipv6 ? nft_claims(bridge, port) : std::string{};
    if (!claims.empty()) {
        alternatives.push_back(nft_in({address}, claims));
    }
    return alternatives;
}

NftConditions nft_not_own(NftBuilder& bridge, const NftPort& port, Family family, const NftLoad& address) {
    NftConditions conditions = {nft_not_in({address}, own_set(bridge, port, family))};
    const std::string claims = family == Family::Ipv6 ? nft_claims(bridge, port) : std::string{};
    if (!claims.empty()) {
        conditions.push_back(nft_not_in({address}, claims));
    }
    return conditions;
}

NftConditions nft_all(std::initializer_list<NftConditions> parts) {
    NftConditions all;
    for (const NftConditions& part : parts) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

NftRule nft_when(NftConditions conditions, NftVerdict verdict) {
    conditions.emplace_back(std::move(verdict));
    return nft_rule(std::move(conditions));
}

NftRule nft_always(NftVerdict verdict) { return nft_rule({std::move(verdict)}); }

NftStatement nft_is_to_group() { return nft_is(nft_masked(nft_payload(NftHeader::Link, 0, 1), nft_u8(1)), nft_u8(1)); }

NftStatement nft_is_to_one() { return nft_is(nft_masked(nft_payload(NftHeader::Link, 0, 1), nft_u8(1)), nft_u8(0)); }

}  // namespace portcullis
