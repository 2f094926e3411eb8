// SPDX-License-Identifier: Apache-2.0
// Does to a packet what nf_tables would do with the chains of an image: as far as judgements need it. Sets that packets change are empty,
// and changing them succeeds.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/lower_nft/nft_image.h"

namespace portcullis::test {

// A packet as expressions read it. Transport is empty where the kernel finds none.
struct NftPacket {
    NftBytes link = NftBytes(14);
    NftBytes network;
    NftBytes transport;
    std::uint8_t protocol = 0;
    std::uint32_t iif = 0;
    std::uint32_t oif = 0;
};

struct NftRun {
    std::string end;  // name of the chain "drop-…" or "end-…" that it ended in, or of another chain stopped at; empty: it returned
    std::vector<std::string> hits;  // comments of what counted
};

class NftInterpreter {
   public:
    explicit NftInterpreter(const NftTable& table) {
        for (const NftSet& set : table.sets) {
            sets_.emplace(set.name, &set);
        }
        for (const NftChain& chain : table.chains) {
            chains_.emplace(chain.name, &chain);
        }
    }

    // Of a chain without a hook; one that is not there ends the run as "drop-…" does.
    [[nodiscard]] NftRun run(const std::string& chain, const NftPacket& packet) const {
        NftRun run;
        static_cast<void>(walk(chain, packet, run));
        return run;
    }

    [[nodiscard]] bool holds(const std::string& set, const NftBytes& key) const { return find(*sets_.at(set), key) != nullptr; }

    // Names of interval sets in which two elements have a key in common: the kernel refuses those.
    [[nodiscard]] std::vector<std::string> overlapping() const {
        std::vector<std::string> names;
        for (const auto& [name, set] : sets_) {
            for (std::size_t i = 0; set->is_interval && i < set->elements.size(); ++i) {
                for (std::size_t j = 0; j < i; ++j) {
                    if (overlap(*set, set->elements[i], set->elements[j])) {
                        names.push_back(name);
                    }
                }
            }
        }
        return names;
    }

   private:
    static bool overlap(const NftSet& set, const NftElement& a, const NftElement& b) {
        std::size_t at = 0;
        for (const NftType type : set.key) {
            const std::size_t size = bytes_of(type);
            const auto last = [](const NftElement& element) { return element.to.empty() ? element.from.data() : element.to.data(); };
            if (std::memcmp(a.from.data() + at, last(b) + at, size) > 0 || std::memcmp(b.from.data() + at, last(a) + at, size) > 0) {
                return false;
            }
            at += (size + 3) / 4 * 4;
        }
        return true;
    }

    static void put(NftBytes& key, const NftBytes& field) {
        key.insert(key.end(), field.begin(), field.end());
        key.resize((key.size() + 3) / 4 * 4);
    }

    static std::optional<NftBytes> value_of(const NftLoad& load, const NftPacket& packet) {
        NftBytes value;
        switch (load.kind) {
            case NftLoad::Kind::Payload: {
                const NftBytes& header = load.header == NftHeader::Link      ? packet.link
                                         : load.header == NftHeader::Network ? packet.network
                                                                             : packet.transport;
                if (header.size() < std::size_t{load.offset} + load.length) {
                    return std::nullopt;
                }
                value.assign(header.begin() + load.offset, header.begin() + load.offset + load.length);
                break;
            }
            case NftLoad::Kind::Meta:
                if (load.meta == NftMeta::L4Protocol) {
                    value = {packet.protocol};
                } else if (load.meta == NftMeta::Iif || load.meta == NftMeta::Oif) {
                    value.resize(4);
                    std::memcpy(value.data(), load.meta == NftMeta::Iif ? &packet.iif : &packet.oif, 4);
                } else {
                    return std::nullopt;
                }
                break;
            case NftLoad::Kind::Constant:
                value = load.constant;
                break;
            case NftLoad::Kind::Map:
                return std::nullopt;
        }
        for (std::size_t i = 0; i < load.mask.size(); ++i) {
            value[i] = static_cast<std::uint8_t>(value[i] & load.mask[i]);
        }
        return value;
    }

    static std::optional<NftBytes> key_of(const std::vector<NftLoad>& loads, const NftPacket& packet) {
        NftBytes key;
        for (const NftLoad& load : loads) {
            const auto field = value_of(load, packet);
            if (!field) {
                return std::nullopt;
            }
            put(key, *field);
        }
        return key;
    }

    static bool matches(const NftSet& set, const NftElement& element, const NftBytes& key) {
        if (element.to.empty()) {
            return same(element.from, key);
        }
        std::size_t at = 0;
        for (const NftType type : set.key) {
            const std::size_t size = bytes_of(type);
            const auto compare = [&](const NftBytes& bound) { return std::memcmp(key.data() + at, bound.data() + at, size); };
            if (compare(element.from) < 0 || compare(element.to) > 0) {
                return false;
            }
            at += (size + 3) / 4 * 4;
        }
        return true;
    }
    static bool same(NftBytes a, const NftBytes& b) {
        a.resize((a.size() + 3) / 4 * 4);
        return a == b;
    }

    static const NftElement* find(const NftSet& set, const NftBytes& key) {
        for (const NftElement& element : set.elements) {
            if (matches(set, element, key)) {
                return &element;
            }
        }
        return nullptr;
    }

    enum class Outcome : std::uint8_t { NextStatement, NextRule, Returned, Ended };

    Outcome decide(const NftVerdict& verdict, const NftPacket& packet, NftRun& run) const {
        switch (verdict.kind) {
            case NftVerdict::Kind::Return:
                return Outcome::Returned;
            case NftVerdict::Kind::Continue:
                return Outcome::NextRule;
            case NftVerdict::Kind::Goto:
                return walk(verdict.chain, packet, run) ? Outcome::Ended : Outcome::Returned;
            case NftVerdict::Kind::Jump:
                return walk(verdict.chain, packet, run) ? Outcome::Ended : Outcome::NextRule;
            default:
                return Outcome::Ended;
        }
    }

    static Outcome go_on_if(bool condition) { return condition ? Outcome::NextStatement : Outcome::NextRule; }

    Outcome step(const NftStatement& statement, const NftRule& rule, const NftPacket& packet, NftRun& run) const {
        if (const auto* const compare = std::get_if<NftCompare>(&statement)) {
            const auto value = value_of(compare->load, packet);
            if (!value) {
                return Outcome::NextRule;
            }
            const int order = std::memcmp(value->data(), compare->value.data(), value->size());
            using Op = NftCompare::Op;
            const Op op = compare->op;
            return go_on_if((order < 0 && (op == Op::Less || op == Op::LessEqual || op == Op::NotEqual)) ||
                            (order == 0 && (op == Op::Equal || op == Op::LessEqual || op == Op::GreaterEqual)) ||
                            (order > 0 && (op == Op::Greater || op == Op::GreaterEqual || op == Op::NotEqual)));
        }
        if (const auto* const range = std::get_if<NftRange>(&statement)) {
            const auto value = value_of(range->load, packet);
            return go_on_if(value && (range->from <= *value && *value <= range->to) != range->is_inverted);
        }
        if (const auto* const lookup = std::get_if<NftLookup>(&statement)) {
            const auto key = key_of(lookup->key, packet);
            return go_on_if(key && (find(*sets_.at(lookup->set), *key) != nullptr) != lookup->is_inverted);
        }
        if (const auto* const lookup = std::get_if<NftVerdictLookup>(&statement)) {
            const auto key = key_of(lookup->key, packet);
            const NftSet& map = *sets_.at(lookup->map);
            const NftElement* const element = key ? find(map, *key) : nullptr;
            if (element == nullptr) {
                return Outcome::NextRule;
            }
            if (map.counts) {
                run.hits.push_back(element->comment);
            }
            return decide(*element->verdict, packet, run);
        }
        if (std::holds_alternative<NftCounter>(statement)) {
            run.hits.push_back(rule.comment);
        }
        const auto* const verdict = std::get_if<NftVerdict>(&statement);
        return verdict != nullptr ? decide(*verdict, packet, run) : Outcome::NextStatement;
    }

    // Whether the packet ended there.
    bool walk(const std::string& name, const NftPacket& packet, NftRun& run) const {
        const auto chain = chains_.find(name);
        if (chain == chains_.end() || name.rfind("drop-", 0) == 0 || name.rfind("end-", 0) == 0) {
            run.end = name;
            return true;
        }
        for (const NftRule& rule : chain->second->rules) {
            for (const NftStatement& statement : rule.statements) {
                const Outcome outcome = step(statement, rule, packet, run);
                if (outcome == Outcome::Returned || outcome == Outcome::Ended) {
                    return outcome == Outcome::Ended;
                }
                if (outcome == Outcome::NextRule) {
                    break;
                }
            }
        }
        return false;
    }

    std::map<std::string, const NftSet*> sets_;
    std::map<std::string, const NftChain*> chains_;
};

}  // namespace portcullis::test
