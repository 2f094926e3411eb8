// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/render_nft_fields.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "compiler/lower_nft/nft_words.h"

namespace portcullis {
namespace {

struct FieldName {
    NftProtocol protocol;
    std::uint16_t offset;
    std::uint8_t length;
    const char* name;
    NftDatatype type;
    bool is_telling;  // no other protocol has a field there: who reads it means this one
};

constexpr std::array kFieldNames{
    FieldName{NftProtocol::Ip, 2, 2, "ip length", NftDatatype::Integer, false},
    FieldName{NftProtocol::Ip, 6, 2, "ip frag-off", NftDatatype::Integer, false},
    FieldName{NftProtocol::Ip, 8, 1, "ip ttl", NftDatatype::Integer, false},
    FieldName{NftProtocol::Ip, 9, 1, "ip protocol", NftDatatype::Protocol, false},
    FieldName{NftProtocol::Ip, 12, 4, "ip saddr", NftDatatype::Ipv4, true},
    FieldName{NftProtocol::Ip, 16, 4, "ip daddr", NftDatatype::Ipv4, true},
    FieldName{NftProtocol::Ip6, 4, 2, "ip6 length", NftDatatype::Integer, false},
    FieldName{NftProtocol::Ip6, 6, 1, "ip6 nexthdr", NftDatatype::Protocol, false},
    FieldName{NftProtocol::Ip6, 7, 1, "ip6 hoplimit", NftDatatype::Integer, false},
    FieldName{NftProtocol::Ip6, 8, 16, "ip6 saddr", NftDatatype::Ipv6, true},
    FieldName{NftProtocol::Ip6, 24, 16, "ip6 daddr", NftDatatype::Ipv6, true},
    FieldName{NftProtocol::Arp, 0, 2, "arp htype", NftDatatype::Integer, false},
    FieldName{NftProtocol::Arp, 2, 2, "arp ptype", NftDatatype::EtherType, false},
    FieldName{NftProtocol::Arp, 4, 1, "arp hlen", NftDatatype::Integer, false},
    FieldName{NftProtocol::Arp, 5, 1, "arp plen", NftDatatype::Integer, false},
    FieldName{NftProtocol::Arp, 6, 2, "arp operation", NftDatatype::Integer, false},
    FieldName{NftProtocol::Arp, 8, 6, "arp saddr ether", NftDatatype::Ether, true},
    FieldName{NftProtocol::Arp, 14, 4, "arp saddr ip", NftDatatype::Ipv4, true},
    FieldName{NftProtocol::Arp, 18, 6, "arp daddr ether", NftDatatype::Ether, true},
    FieldName{NftProtocol::Arp, 24, 4, "arp daddr ip", NftDatatype::Ipv4, false},
};

bool is_at(const FieldName& field, const NftLoad& load) { return field.offset == load.offset && field.length == load.length; }

using Protocols = std::set<NftProtocol>;

void note(const NftLoad& load, Protocols& protocols) {
    for (const NftLoad& part : load.key) {
        note(part, protocols);
    }
    if (load.kind != NftLoad::Kind::Payload || load.header != NftHeader::Network) {
        return;
    }
    for (const FieldName& field : kFieldNames) {
        if (field.is_telling && is_at(field, load)) {
            protocols.insert(field.protocol);
        }
    }
}

// Calls `visit` with every load of a statement, `in_key` telling those of keys.
template <class Visit>
void for_each_load(const NftStatement& statement, const Visit& visit) {
    if (const auto* compare = std::get_if<NftCompare>(&statement)) {
        visit(compare->load, false);
    } else if (const auto* range = std::get_if<NftRange>(&statement)) {
        visit(range->load, false);
    } else if (const auto* lookup = std::get_if<NftLookup>(&statement)) {
        std::ranges::for_each(lookup->key, [&](const NftLoad& load) { visit(load, true); });
    } else if (const auto* verdict = std::get_if<NftVerdictLookup>(&statement)) {
        std::ranges::for_each(verdict->key, [&](const NftLoad& load) { visit(load, true); });
    } else if (const auto* update = std::get_if<NftUpdate>(&statement)) {
        std::ranges::for_each(update->key, [&](const NftLoad& load) { visit(load, true); });
    } else if (const auto* map_update = std::get_if<NftMapUpdate>(&statement)) {
        std::ranges::for_each(map_update->key, [&](const NftLoad& load) { visit(load, true); });
    }
}

Protocols told_by(const NftRule& rule, bool by_keys_alone) {
    Protocols protocols;
    for (const NftStatement& statement : rule.statements) {
        for_each_load(statement, [&](const NftLoad& load, bool in_key) {
            if (in_key || !by_keys_alone) {
                note(load, protocols);
            }
        });
    }
    return protocols;
}

std::optional<NftProtocol> checked_by(const NftRule& rule) {
    for (const NftStatement& statement : rule.statements) {
        const auto* compare = std::get_if<NftCompare>(&statement);
        if (compare == nullptr || compare->op != NftCompare::Op::Equal ||
            (compare->load != nft_meta(NftMeta::Protocol) && compare->load != nft_ether_type())) {
            continue;
        }
        const NftBytes& type = compare->value;
        return type == nft_u16(0x0800)   ? NftProtocol::Ip
               : type == nft_u16(0x86dd) ? NftProtocol::Ip6
               : type == nft_u16(0x0806) ? NftProtocol::Arp
                                         : NftProtocol::None;
    }
    return std::nullopt;
}

std::string raw(const NftLoad& load) {
    const char* const header = load.header == NftHeader::Link ? "@ll," : (load.header == NftHeader::Network ? "@nh," : "@th,");
    return header + std::to_string(load.offset * 8) + "," + std::to_string(load.length * 8);
}

NftPhrase link_field(const NftLoad& load) {
    if (load == nft_ether_destination()) {
        return {.text = "ether daddr", .type = NftDatatype::Ether};
    }
    if (load == nft_ether_source()) {
        return {.text = "ether saddr", .type = NftDatatype::Ether};
    }
    return load == nft_ether_type() ? NftPhrase{.text = "ether type", .type = NftDatatype::EtherType} : NftPhrase{.text = raw(load)};
}

NftPhrase payload_field(const NftLoad& load, NftContext context) {
    NftLoad bare = load;
    bare.mask.clear();
    bare.shift_right = 0;
    if (bare.header == NftHeader::Link) {
        return link_field(bare);
    }
    if (bare.header == NftHeader::Transport) {
        return bare == nft_source_port()        ? NftPhrase{.text = "th sport", .type = NftDatatype::Port}
               : bare == nft_destination_port() ? NftPhrase{.text = "th dport", .type = NftDatatype::Port}
                                                : NftPhrase{.text = raw(bare)};
    }
    for (const FieldName& field : kFieldNames) {
        if (field.protocol == context.protocol && is_at(field, bare)) {
            return {.text = field.name, .type = field.type, .names_protocol = true};
        }
    }
    return {.text = raw(bare)};
}

NftPhrase meta_field(NftMeta meta) {
    switch (meta) {
        case NftMeta::Length:
            return {.text = "meta length", .type = NftDatatype::Number};
        case NftMeta::Protocol:
            return {.text = "meta protocol", .type = NftDatatype::EtherType};
        case NftMeta::L4Protocol:
            return {.text = "meta l4proto", .type = NftDatatype::Protocol};
        case NftMeta::Iif:
            return {.text = "iif", .type = NftDatatype::Interface};
        case NftMeta::Oif:
            return {.text = "oif", .type = NftDatatype::Interface};
        case NftMeta::Mark:
            return {.text = "meta mark", .type = NftDatatype::Mark};
        case NftMeta::IifName:
        case NftMeta::OifName:
        case NftMeta::IifBridge:
        case NftMeta::OifBridge:  // in no image that is rendered
            return {.text = "meta", .is_sayable = false};
        case NftMeta::PacketType:
            break;
    }
    return {.text = "meta pkttype", .type = NftDatatype::PacketType};
}

// As an integer of the link header, which every packet has, with all bits replaced.
NftPhrase constant_field(const NftLoad& load) {
    constexpr std::size_t kLinkHeaderBytes = 14;
    return {.text = "@ll,0," + std::to_string(load.length * 8) + " & 0x0 | " + nft_value(NftDatatype::Integer, load.constant),
            .is_sayable = load.length <= kLinkHeaderBytes};
}

// Whether nft takes the raw form of the load for an integer: that of ports it does not.
bool has_integer_form(const NftLoad& load) {
    if (load.kind != NftLoad::Kind::Payload) {
        return load.kind == NftLoad::Kind::Constant;
    }
    return load.header != NftHeader::Transport || load.length != 2 || load.offset > 2;
}

// The type that a field has when the load is put or looked for there, if it had `declared` before.
NftDatatype type_with(const NftLoad& load, NftContext context, NftDatatype declared) {
    const NftDatatype named = nft_field(load, context).type;
    if (named == declared || load.kind == NftLoad::Kind::Constant || load.kind == NftLoad::Kind::Map) {
        return declared;
    }
    return has_integer_form(load) ? NftDatatype::Integer : named;
}

void note_key(const std::string& set, const std::vector<NftLoad>& key, NftContext context, NftTypes& types) {
    std::vector<NftDatatype>& fields = types[set].key;
    for (std::size_t i = 0; i < std::min(key.size(), fields.size()); ++i) {
        fields[i] = type_with(key[i], context, fields[i]);
    }
}

void note_types(const NftStatement& statement, NftContext context, NftTypes& types) {
    if (const auto* lookup = std::get_if<NftLookup>(&statement)) {
        note_key(lookup->set, lookup->key, context, types);
    } else if (const auto* verdict = std::get_if<NftVerdictLookup>(&statement)) {
        note_key(verdict->map, verdict->key, context, types);
    } else if (const auto* update = std::get_if<NftUpdate>(&statement)) {
        note_key(update->set, update->key, context, types);
    } else if (const auto* map_update = std::get_if<NftMapUpdate>(&statement)) {
        note_key(map_update->map, map_update->key, context, types);
        NftSetTypes& of_map = types[map_update->map];
        of_map.data = type_with(map_update->data, context, of_map.data);
    }
}

}  // namespace

std::string_view nft_protocol_word(NftProtocol protocol) {
    switch (protocol) {
        case NftProtocol::Ip:
            return "ip";
        case NftProtocol::Ip6:
            return "ip6";
        case NftProtocol::Arp:
            return "arp";
        case NftProtocol::None:
            break;
    }
    return {};
}

// 1. What the rule checks itself. 2. What its fields tell, unless other rules of the chain tell otherwise: the same bytes may be a part of
// another protocol's address; in keys, sets have types. 3. What the chain's other rules tell.
std::vector<NftContext> nft_contexts(const NftChain& chain) {
    Protocols of_chain;
    for (const NftRule& rule : chain.rules) {
        of_chain.merge(told_by(rule, false));
    }
    std::vector<NftContext> contexts;
    for (const NftRule& rule : chain.rules) {
        if (const std::optional<NftProtocol> checked = checked_by(rule)) {
            contexts.push_back({.protocol = *checked, .is_checked = true});
        } else if (of_chain.size() == 1) {
            contexts.push_back({.protocol = *of_chain.begin()});
        } else {
            const Protocols of_keys = told_by(rule, true);
            const bool is_clear = of_keys.size() == 1 && told_by(rule, false).size() == 1;
            contexts.push_back({.protocol = is_clear ? *of_keys.begin() : NftProtocol::None});
        }
    }
    return contexts;
}

NftPhrase nft_field(const NftLoad& load, NftContext context) {
    switch (load.kind) {
        case NftLoad::Kind::Payload:
            return payload_field(load, context);
        case NftLoad::Kind::Meta:
            return meta_field(load.meta);
        case NftLoad::Kind::Constant:
            return constant_field(load);
        case NftLoad::Kind::Map:
            break;
    }
    NftPhrase phrase{.text = "(", .is_sayable = false};  // maps give values to set statements alone
    for (const NftLoad& one : load.key) {
        phrase.text += (phrase.text.size() == 1 ? "" : " . ") + nft_field(one, context).text;
    }
    phrase.text += " map @" + load.map + ")";
    return phrase;
}

NftPhrase nft_field_of_type(const NftLoad& load, NftContext context, NftDatatype type) {
    NftPhrase phrase = nft_field(load, context);
    if (phrase.type == type) {
        return phrase;
    }
    if (type == NftDatatype::Integer && has_integer_form(load)) {
        return {.text = load.kind == NftLoad::Kind::Payload ? raw(load) : phrase.text, .is_sayable = phrase.is_sayable};
    }
    phrase.is_sayable = false;
    return phrase;
}

NftTypes nft_types(const NftTable& table) {
    NftTypes types;
    for (const NftSet& set : table.sets) {
        NftSetTypes& of_set = types[set.name];
        std::ranges::transform(set.key, std::back_inserter(of_set.key), nft_datatype);
        if (set.kind == NftSet::Kind::DataMap) {
            of_set.data = nft_datatype(set.data);
            of_set.data_bytes = bytes_of(set.data);
        }
    }
    for (const NftChain& chain : table.chains) {
        const std::vector<NftContext> contexts = nft_contexts(chain);
        for (std::size_t i = 0; i < chain.rules.size(); ++i) {
            std::ranges::for_each(chain.rules[i].statements,
                                  [&](const NftStatement& statement) { note_types(statement, contexts[i], types); });
        }
    }
    return types;
}

}  // namespace portcullis
