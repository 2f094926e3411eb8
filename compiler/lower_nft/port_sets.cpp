// SPDX-License-Identifier: Apache-2.0
// Port sets -> verdict maps: {protocol . ports}, {protocol . ICMP type and code}, and {protocol} for what has neither. What decides
// elsewhere (`any`) is written out between the ranges of a protocol, so that no packet whose ports cannot be read comes past them.
#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "compiler/lower_nft/nft_names.h"
#include "compiler/lower_nft/nft_words.h"
#include "compiler/lower_nft/policies.h"

namespace portcullis {
namespace {

constexpr std::uint16_t kHighest = 65535;
constexpr unsigned kProtocols = 256;

// Protocols by Portless.
constexpr std::array<std::uint8_t, 4> kPortless = {6, 17, 1, 58};
bool has_ports(std::uint8_t protocol) { return protocol == 6 || protocol == 17; }
bool has_type(std::uint8_t protocol) { return protocol == 1 || protocol == 58; }
bool has_points(std::uint8_t protocol) { return has_ports(protocol) || has_type(protocol); }

class PortSetRules {
   public:
    PortSetRules(NftBuilder& bridge, const Ruleset& ruleset, const NftQuestion& question)
        : bridge_(bridge), ruleset_(ruleset), question_(question) {}

    std::vector<NftRule> of(const PortSet& set, const std::vector<NftStatement>& conditions) {
        if (set.any && set.ranges.empty()) {
            return {any_rule(*set.any, conditions)};
        }
        gather(set);
        std::vector<NftRule> rules;
        add(rules, conditions, "ports", {NftType::Protocol, NftType::Port}, {nft_l4_protocol(), nft_destination_port()}, ports_);
        add(rules, conditions, "types", {NftType::Protocol, NftType::Half}, {nft_l4_protocol(), nft_icmp_type_code()}, types_);
        add(rules, conditions, "protocols", {NftType::Protocol}, {nft_l4_protocol()}, protocols_);
        return rules;
    }

   private:
    [[nodiscard]] NftVerdict verdict_of(const Decision& decision) {
        return decision.allow ? nft_return() : bridge_.drop(question_.direction, question_.reason);
    }
    [[nodiscard]] std::string comment_of(const Decision& decision) const { return nft_rule_comment(ruleset_.rules[decision.rule].label); }

    NftRule any_rule(const Decision& decision, const std::vector<NftStatement>& conditions) {
        NftRule rule{.statements = conditions, .comment = comment_of(decision)};
        rule.statements.emplace_back(NftCounter{});
        rule.statements.emplace_back(verdict_of(decision));
        return rule;
    }

    void gather(const PortSet& set) {
        std::array<const Decision*, kProtocols> whole{};  // by protocol, for all of it
        std::map<std::uint8_t, std::vector<PortRange>> by_protocol;
        for (const PortRange& range : set.ranges) {
            if (!has_points(range.protocol)) {
                whole[range.protocol] = &range.decision;
            } else if (question_.ports == NftPorts::Known) {
                by_protocol[range.protocol].push_back(range);
            }
        }
        std::array<bool, kProtocols> is_apart{};
        for (const auto& [protocol, ranges] : by_protocol) {
            is_apart[protocol] = true;
            add_points(protocol, ranges, set.any);
        }
        for (std::size_t i = 0; i < kPortless.size() && question_.ports == NftPorts::Unknown; ++i) {
            is_apart[kPortless[i]] = !set.unknown_ports[i];
            whole[kPortless[i]] = set.unknown_ports[i] ? &*set.unknown_ports[i] : nullptr;
        }
        for (std::size_t protocol = 0; protocol < kProtocols; ++protocol) {
            if (whole[protocol] == nullptr && set.any && !is_apart[protocol]) {
                whole[protocol] = &*set.any;
            }
        }
        add_protocols(whole);
    }

    // Pre: sorted, disjoint.
    void add_points(std::uint8_t protocol, const std::vector<PortRange>& ranges, const std::optional<Decision>& any) {
        std::uint32_t position = 0;
        for (const PortRange& range : ranges) {
            if (any && position < range.from) {
                add_point({.protocol = protocol,
                           .from = static_cast<std::uint16_t>(position),
                           .to = static_cast<std::uint16_t>(range.from - 1),
                           .decision = *any});
            }
            add_point(range);
            position = range.to + 1U;
        }
        if (any && position <= kHighest) {
            add_point({.protocol = protocol, .from = static_cast<std::uint16_t>(position), .to = kHighest, .decision = *any});
        }
    }

    void add_point(const PortRange& range) {
        (has_ports(range.protocol) ? ports_ : types_)
            .push_back(element(nft_key({nft_u8(range.protocol), nft_u16(range.from)}), nft_key({nft_u8(range.protocol), nft_u16(range.to)}),
                               range.decision));
    }

    void add_protocols(const std::array<const Decision*, kProtocols>& whole) {
        for (std::size_t from = 0; from < kProtocols;) {
            std::size_t to = from;
            if (whole[from] != nullptr) {
                while (to + 1 < kProtocols && whole[to + 1] != nullptr && *whole[to + 1] == *whole[from]) {
                    ++to;
                }
                protocols_.push_back(element(nft_key({nft_u8(static_cast<std::uint8_t>(from))}),
                                             nft_key({nft_u8(static_cast<std::uint8_t>(to))}), *whole[from]));
            }
            from = to + 1;
        }
    }

    NftElement element(NftBytes from, NftBytes to, const Decision& decision) {
        NftElement element;
        element.from = std::move(from);
        element.to = std::move(to);
        element.verdict = verdict_of(decision);
        element.comment = comment_of(decision);
        return element;
    }

    void add(std::vector<NftRule>& rules, const std::vector<NftStatement>& conditions, const char* stem, std::vector<NftType> key,
             std::vector<NftLoad> loads, std::vector<NftElement>& elements) {
        if (elements.empty()) {
            return;
        }
        NftSet map;
        map.name = stem;
        map.kind = NftSet::Kind::VerdictMap;
        map.key = std::move(key);
        map.is_interval = true;
        map.counts = true;
        map.elements = std::move(elements);
        NftRule rule{.statements = conditions, .comment = {}};
        rule.statements.push_back(nft_verdict_of(std::move(loads), bridge_.set(std::move(map))));
        rules.push_back(std::move(rule));
    }

    NftBuilder& bridge_;
    const Ruleset& ruleset_;
    const NftQuestion& question_;
    std::vector<NftElement> ports_, types_, protocols_;
};

}  // namespace

std::vector<NftRule> nft_port_set(NftBuilder& bridge, const Ruleset& ruleset, const PortSet& set, const NftQuestion& question,
                                  const std::vector<NftStatement>& conditions) {
    return PortSetRules(bridge, ruleset, question).of(set, conditions);
}

}  // namespace portcullis
