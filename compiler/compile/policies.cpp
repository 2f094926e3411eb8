// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile/policies.h"

#include <algorithm>
#include <tuple>

#include "compiler/compile/prefix_sweep.h"

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
    return std::tuple(b.width, a.prefix_length(), a.clause->order, a.prefix) <
           std::tuple(a.width, b.prefix_length(), b.clause->order, b.prefix);
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

// Every reference of a policy to a port set.
template <class Do>
void for_each_set(const Policy& policy, Do&& act) {
    for (const auto& [prefix, set] : policy.cidrs) {
        act(set);
    }
    for (const auto* sets : {&policy.default_set, &policy.literal_set}) {
        for (const auto& set : *sets) {
            if (set) {
                act(*set);
            }
        }
    }
    for (const auto& [group, set] : policy.groups) {
        act(set);
    }
}

}  // namespace

PolicyCompiler::PolicyCompiler(RuleBook& book, PolicyMemory& memory, const ChangedRules& changed) : book_(book), memory_(memory) {
    ++memory_.compilation;
    std::erase_if(memory_.by_groups, [&](const auto& entry) {
        const bool is_changed = std::ranges::any_of(entry.first, [&](Index group) { return changed.groups.contains(group); });
        if (is_changed) {
            replaced_.push_back(entry.second);
        }
        return is_changed;
    });
    for (const Index acl : changed.acls) {
        if (const auto known = memory_.by_acl.extract(acl)) {
            replaced_.push_back(known.mapped());
        }
    }
}

std::array<Index, 2> PolicyCompiler::group_policies(std::vector<Index> groups) {
    std::ranges::sort(groups);
    auto found = memory_.by_groups.find(groups);
    if (found == memory_.by_groups.end()) {
        const Known known = added({compile_groups(groups, Direction::Outbound), compile_groups(groups, Direction::Inbound)});
        found = memory_.by_groups.emplace(std::move(groups), known).first;
    }
    found->second.asked_in = memory_.compilation;
    return found->second.policies;
}

std::array<Index, 2> PolicyCompiler::acl_policies(std::optional<Index> acl) {
    auto found = memory_.by_acl.find(acl);
    if (found == memory_.by_acl.end()) {
        const auto policy = [&](Direction direction) { return acl ? compile_acl(*acl, direction) : memory_.policies.intern({}); };
        const Index outbound = policy(Direction::Outbound);
        found = memory_.by_acl.emplace(acl, added({outbound, policy(Direction::Inbound)})).first;
    }
    found->second.asked_in = memory_.compilation;
    return found->second.policies;
}

PolicyCompiler::Known PolicyCompiler::added(std::array<Index, 2> policies) {
    ++compiled_;
    for (const Index policy : policies) {
        retain(policy);
    }
    return {.policies = policies, .asked_in = memory_.compilation};
}

void PolicyCompiler::retain(Index policy) {
    if (memory_.policies.retain(policy)) {
        for_each_set(memory_.policies[policy], [&](Index set) { memory_.port_sets.retain(set); });
    }
}

void PolicyCompiler::release(Index policy) {
    if (memory_.policies.release(policy)) {
        for_each_set(memory_.policies[policy], [&](Index set) { memory_.port_sets.release(set); });
    }
}

void PolicyCompiler::close() {
    const auto forget = [&](auto& known) {
        std::erase_if(known, [&](const auto& entry) {
            const bool is_unused = entry.second.asked_in != memory_.compilation;
            if (is_unused) {
                replaced_.push_back(entry.second);
            }
            return is_unused;
        });
    };
    forget(memory_.by_groups);
    forget(memory_.by_acl);
    for (const Known& known : replaced_) {
        for (const Index policy : known.policies) {
            release(policy);
        }
    }
    replaced_.clear();
    memory_.policies.drop_unused();
    memory_.port_sets.drop_unused();
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

    auto resolved = resolve_prefixes(std::move(prefixes), decisions, memory_.port_sets);
    Policy policy{.cidrs = std::move(resolved.cidrs),
                  .default_set = resolved.default_set,
                  .literal_set = {},
                  .is_wide = literal.is_wide,
                  .groups = {}};
    for (std::size_t family = 0; family < 2; ++family) {
        policy.literal_set[family] = intern_decisions(overlay({}, literal.rules[family]), decisions, memory_.port_sets);
    }
    for (const auto& [group, rules] : by_group) {
        if (const auto set = intern_decisions(overlay({}, rules), decisions, memory_.port_sets)) {
            policy.groups.emplace_back(group, *set);
        }
    }
    return memory_.policies.intern(std::move(policy));
}

Index PolicyCompiler::compile_acl(Index acl, Direction direction) {
    std::vector<Decision> decisions;
    std::vector<RankedPrefix> prefixes;
    for (const auto& [rule, entry] : book_.acl(acl, direction)) {
        const RankedTraffic ranked{.traffic = entry->traffic, .rank = static_cast<Rank>(decisions.size()), .denies = !entry->allow};
        decisions.push_back({.rule = rule, .allow = entry->allow});
        prefixes.push_back({.prefix = entry->cidr, .rule = ranked});
    }
    auto resolved = resolve_prefixes(std::move(prefixes), decisions, memory_.port_sets);
    return memory_.policies.intern(
        {.cidrs = std::move(resolved.cidrs), .default_set = resolved.default_set, .literal_set = {}, .groups = {}});
}

}  // namespace portcullis
