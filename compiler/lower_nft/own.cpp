// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/own.h"

#include <algorithm>
#include <utility>

#include "compiler/lower_nft/claims.h"
#include "compiler/lower_nft/nft_lane.h"

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

namespace {

NftLoad device_of(Direction direction) { return NftLane{.bridge = nullptr, .port = nullptr, .direction = direction}.device(); }

// {interface, MAC} of all ports.
std::string own_macs(NftBuilder& builder, const NftPort& port) {
    const NftSet set{.name = "port.macs", .key = {NftType::Interface, NftType::EtherAddress}};
    for (const Mac& mac : nft_own_macs(port)) {
        builder.add_element(
            set, {.from = nft_key({nft_ifindex(port.ifindex()), nft_bytes(mac)}), .to = {}, .verdict = {}, .data = {}, .comment = {}});
    }
    return set.name;
}

// {interface, address} of all ports: those that have a single address, and prefixes, which are looked for otherwise. Empty: the port has
// none.
std::string own_set(NftBuilder& bridge, const NftPort& port, Family family, bool is_of_prefixes) {
    NftSet set{.name = std::string(is_of_prefixes ? "port.own-prefixes" : "port.own") + (family == Family::Ipv4 ? "4" : "6"),
               .key = {NftType::Interface, nft_address_type(family)}};
    set.is_interval = is_of_prefixes;
    std::vector<Prefix> sorted = port.port->addresses;
    std::sort(sorted.begin(), sorted.end());
    const Prefix* last = nullptr;
    for (const Prefix& one : sorted) {
        const bool is_prefix = one.length != address_bits(family);
        if (one.family() != family || is_prefix != is_of_prefixes || (last != nullptr && last->contains(one))) {
            continue;  // a prefix sorts before those it contains
        }
        last = &one;
        const NftBytes ifindex = nft_ifindex(port.ifindex());
        bridge.add_element(set, {.from = nft_key({ifindex, nft_first(one)}),
                                 .to = is_prefix ? nft_key({ifindex, nft_last(one)}) : NftBytes(),
                                 .verdict = {},
                                 .data = {},
                                 .comment = {}});
    }
    return last == nullptr ? std::string() : set.name;
}

// Key and set of each alternative.
std::vector<std::pair<std::vector<NftLoad>, std::string>> own_sets(NftBuilder& bridge, const NftPort& port, Direction direction,
                                                                   Family family, const NftLoad& address) {
    const NftLane lane{.bridge = &bridge, .port = &port, .direction = direction, .family = family};
    std::vector<std::pair<std::vector<NftLoad>, std::string>> sets;
    for (const bool is_of_prefixes : {false, true}) {
        if (std::string set = own_set(bridge, port, family, is_of_prefixes); !set.empty()) {
            sets.emplace_back(std::vector{lane.device(), address}, std::move(set));
        }
    }
    if (std::string claims = family == Family::Ipv6 ? nft_claims(bridge, port) : std::string(); !claims.empty()) {
        sets.emplace_back(std::vector{lane.binding(), address}, std::move(claims));
    }
    return sets;
}

}  // namespace

NftStatement nft_is_own_mac(NftBuilder& builder, const NftPort& port, Direction direction, const NftLoad& load) {
    return nft_in({device_of(direction), load}, own_macs(builder, port));
}

NftStatement nft_is_no_own_mac(NftBuilder& builder, const NftPort& port, Direction direction, const NftLoad& load) {
    return nft_not_in({device_of(direction), load}, own_macs(builder, port));
}

std::vector<NftStatement> nft_own_alternatives(NftBuilder& bridge, const NftPort& port, Direction direction, Family family,
                                               const NftLoad& address) {
    std::vector<NftStatement> alternatives;
    for (auto& [key, set] : own_sets(bridge, port, direction, family, address)) {
        alternatives.push_back(nft_in(std::move(key), std::move(set)));
    }
    return alternatives;
}

NftConditions nft_not_own(NftBuilder& bridge, const NftPort& port, Direction direction, Family family, const NftLoad& address) {
    NftConditions conditions;
    for (auto& [key, set] : own_sets(bridge, port, direction, family, address)) {
        conditions.push_back(nft_not_in(std::move(key), std::move(set)));
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
