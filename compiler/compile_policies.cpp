// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile_policies.h"

#include <algorithm>
#include <tuple>

#include "compiler/prefix_sweep.h"

namespace portcullis {
namespace {

// One clause at one prefix, or at one group.
struct Piece {
    std::uint32_t width = 0;  // number of ports or ICMP types and codes; the more the broader
    std::optional<Prefix> prefix;
    const GroupClause* clause = nullptr;
    [[nodiscard]] std::uint8_t prefix_length() const { return prefix ? prefix->length : 0; }
};

constexpr std::uint32_t kEveryProtocol = 1u << 24;
constexpr std::uint32_t kEveryPort = 65536;

std::uint32_t width_of(const Traffic& traffic) {
    if (traffic.protocol == Traffic::kAnyProtocol) {
        return kEveryProtocol;
    }
    const auto points = points_of(traffic);
    if (!points) {
        return 0;
    }
    const bool has_ports = traffic.protocol == 6 || traffic.protocol == 17 || traffic.protocol == 1 || traffic.protocol == 58;
    return has_ports ? std::uint32_t{points->to} - points->from + 1 : kEveryPort;
}

// In a union any order decides the same packets. This one lets broad rules absorb narrow ones, so that sets stay small:
// 1. every protocol, 2. the wider range, 3. the shorter prefix, 4. the order of labels.
bool is_before(const Piece& a, const Piece& b) {
    return std::tuple(b.width, a.prefix_length(), a.clause->rule, a.prefix) <
           std::tuple(a.width, b.prefix_length(), b.clause->rule, b.prefix);
}

std::vector<Piece> pieces_of(std::span<const GroupClause> clauses) {
    std::vector<Piece> pieces;
    for (const GroupClause& clause : clauses) {
        const std::uint32_t width = width_of(clause.traffic);
        if (clause.group) {
            pieces.push_back({.width = width, .prefix = {}, .clause = &clause});
        }
        for (const Prefix& prefix : clause.prefixes) {
            pieces.push_back({.width = width, .prefix = prefix, .clause = &clause});
        }
    }
    return pieces;
}

// By Family: the rules from literally anywhere, apart from prefix lists and references (docs/semantics.md 7.5).
struct LiteralRules {
    std::array<std::vector<RankedTraffic>, 2> rules;
    std::array<std::array<bool, 2>, 2> is_wide{};
    void add(const GroupClause& clause, const RankedTraffic& rule) {
        if (!clause.anywhere) {
            return;
        }
        const auto family = static_cast<std::size_t>(*clause.anywhere);
        rules[family].push_back(rule);
        is_wide[family][0] |= is_for_all_ports(clause.traffic, Portless::Tcp);
        is_wide[family][1] |= is_for_all_ports(clause.traffic, Portless::Udp);
    }
};

}  // namespace

std::array<Index, 2> PolicyCompiler::group_policies(std::vector<Index> groups) {
    std::ranges::sort(groups);
    const auto found = by_groups_.find(groups);
    if (found != by_groups_.end()) {
        return found->second;
    }
    const std::array policies = {compile_groups(groups, Direction::Outbound), compile_groups(groups, Direction::Inbound)};
    return by_groups_.emplace(std::move(groups), policies).first->second;
}

std::array<Index, 2> PolicyCompiler::acl_policies(Index acl) {
    const auto found = by_acl_.find(acl);
    if (found != by_acl_.end()) {
        return found->second;
    }
    return by_acl_.emplace(acl, std::array{compile_acl(acl, Direction::Outbound), compile_acl(acl, Direction::Inbound)}).first->second;
}

Index PolicyCompiler::compile_groups(const std::vector<Index>& groups, Direction direction) {
    std::vector<Piece> pieces;
    for (const Index group : groups) {
        std::ranges::copy(pieces_of(book_.group(group, direction)), std::back_inserter(pieces));
    }
    std::ranges::sort(pieces, is_before);

    std::vector<Decision> decisions;
    std::vector<RankedPrefix> prefixes;
    std::map<Index, std::vector<RankedTraffic>> by_group;
    LiteralRules literal;
    for (const Piece& piece : pieces) {
        const RankedTraffic ranked{.traffic = piece.clause->traffic, .rank = static_cast<Rank>(decisions.size())};
        decisions.push_back({.rule = piece.clause->rule, .allow = true});
        if (piece.prefix) {
            prefixes.push_back({.prefix = *piece.prefix, .rule = ranked});
        } else {
            by_group[*piece.clause->group].push_back(ranked);
        }
        literal.add(*piece.clause, ranked);
    }

    auto resolved = resolve_prefixes(std::move(prefixes), decisions, port_sets_);
    Policy policy{.cidrs = std::move(resolved.cidrs),
                  .default_set = resolved.default_set,
                  .literal_set = {},
                  .is_wide = literal.is_wide,
                  .groups = {}};
    for (std::size_t family = 0; family < 2; ++family) {
        policy.literal_set[family] = intern_decisions(overlay({}, literal.rules[family]), decisions, port_sets_);
    }
    for (const auto& [group, rules] : by_group) {
        if (const auto set = intern_decisions(overlay({}, rules), decisions, port_sets_)) {
            policy.groups.emplace_back(group, *set);
        }
    }
    return policies_.intern(std::move(policy));
}

Index PolicyCompiler::compile_acl(Index acl, Direction direction) {
    std::vector<Decision> decisions;
    std::vector<RankedPrefix> prefixes;
    for (const auto& [rule, entry] : book_.acl(acl, direction)) {
        const RankedTraffic ranked{.traffic = entry->traffic, .rank = static_cast<Rank>(decisions.size()), .denies = !entry->allow};
        decisions.push_back({.rule = rule, .allow = entry->allow});
        prefixes.push_back({.prefix = entry->cidr, .rule = ranked});
    }
    auto resolved = resolve_prefixes(std::move(prefixes), decisions, port_sets_);
    return policies_.intern({.cidrs = std::move(resolved.cidrs), .default_set = resolved.default_set, .literal_set = {}, .groups = {}});
}

}  // namespace portcullis
