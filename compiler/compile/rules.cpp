// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile/rules.h"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

#include "core/rule_label.h"

namespace portcullis {
namespace {

constexpr std::array kDirections = {Direction::Outbound, Direction::Inbound};
static_assert(static_cast<std::size_t>(Direction::Outbound) == 0, "Ruleset::rules has them in the order of their numbers");
constexpr unsigned kOrdinalBits = 32;

struct LabelledRule {
    std::string label;
    const SecurityGroupRule* rule;
};

// In the order of Ruleset::rules.
std::vector<LabelledRule> labelled(const SecurityGroup& group, Direction direction) {
    std::vector<LabelledRule> rules;
    for (const SecurityGroupRule& rule : group.rules[static_cast<std::size_t>(direction)]) {
        rules.push_back({.label = rule_label(group, direction, rule), .rule = &rule});
    }
    std::ranges::sort(rules, [](const LabelledRule& a, const LabelledRule& b) {
        return std::tie(a.label, a.rule->traffic, a.rule->source) < std::tie(b.label, b.rule->traffic, b.rule->source);
    });
    return rules;
}

// 1. Ascending number. Entries of one number and direction have different families, which never meet; should documents contradict
//    themselves all the same, the denying entry comes first.
std::vector<const NetworkAclEntry*> sorted_entries(const NetworkAcl& acl, Direction direction) {
    std::vector<const NetworkAclEntry*> entries;
    for (const NetworkAclEntry& entry : acl.entries[static_cast<std::size_t>(direction)]) {
        entries.push_back(&entry);
    }
    std::ranges::sort(entries, [](const NetworkAclEntry* a, const NetworkAclEntry* b) {
        return std::tie(a->number, a->allow, a->cidr, a->traffic) < std::tie(b->number, b->allow, b->cidr, b->traffic);
    });
    return entries;
}

// What a source stands for; false where it is unknown and so matches nothing.
struct SourceResolver {
    const Directory& directory;
    GroupClause& clause;

    bool operator()(const Prefix& prefix) const {
        clause.prefixes = {&prefix, 1};
        if (prefix.length == 0) {
            clause.anywhere = prefix.family();
        }
        return true;
    }
    bool operator()(const PrefixListReference& reference) const {
        const PrefixList* const list = directory.prefix_lists.find(reference.prefix_list_id);
        if (list == nullptr || !list->is_known) {
            return false;
        }
        clause.prefixes = list->cidrs;
        return true;
    }
    bool operator()(const GroupReference& reference) const {
        clause.group = directory.groups.index_of(reference.group_id);
        return clause.group.has_value();
    }
};

// Of rules with the indices of their labels. Rules of one label are one rule: the same permission given twice.
std::vector<GroupClause> clauses_of(const Directory& directory, Index group, const std::vector<LabelledRule>& rules,
                                    const std::vector<Index>& indices) {
    std::vector<GroupClause> clauses;
    std::size_t ordinal = 0;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        ordinal += i != 0 && rules[i].label != rules[i - 1].label ? 1 : 0;
        assert(ordinal < indices.size());
        GroupClause clause{.rule = indices[ordinal],
                           .order = std::uint64_t{group} << kOrdinalBits | ordinal,
                           .traffic = rules[i].rule->traffic,
                           .prefixes = {},
                           .group = {},
                           .anywhere = {}};
        if (std::visit(SourceResolver{directory, clause}, rules[i].rule->source)) {
            clauses.push_back(clause);
        }
    }
    return clauses;
}

}  // namespace

void RuleBook::use(const std::vector<bool>& used_groups, const std::vector<bool>& used_acls, const ChangedRules& changed) {
    for (Index group = 0; group < directory_.groups.size(); ++group) {
        Former former;
        const bool is_known = memory_.groups.contains(group);
        if (is_known && (!used_groups[group] || changed.groups.contains(group))) {
            forget(memory_.groups.extract(group).mapped().rules, former);
        }
        if (used_groups[group] && !memory_.groups.contains(group)) {
            add_group(group, former);
        }
        abandon(former);
    }
    for (Index acl = 0; acl < directory_.acls.size(); ++acl) {
        Former former;
        const bool is_known = memory_.acls.contains(acl);
        if (is_known && (!used_acls[acl] || changed.acls.contains(acl))) {
            forget(memory_.acls.extract(acl).mapped(), former);
        }
        if (used_acls[acl] && !memory_.acls.contains(acl)) {
            add_acl(acl, former);
        }
        abandon(former);
    }
}

void RuleBook::close() {
    for (const Index index : std::exchange(abandoned_, {})) {
        memory_.rules.remove(index);
    }
}

void RuleBook::forget(const RuleMemory::ByDirection& rules, Former& former) {
    for (const std::vector<Index>& of_direction : rules) {
        for (const Index index : of_direction) {
            former.emplace(memory_.rules.values()[index].label, index);
        }
    }
}

void RuleBook::abandon(const Former& former) {
    for (const auto& [label, index] : former) {
        abandoned_.push_back(index);
    }
}

Index RuleBook::index_of(Rule rule, Former& former) {
    const auto [begin, end] = former.equal_range(rule.label);
    const auto same = std::find_if(begin, end, [&](const auto& known) { return memory_.rules.values()[known.second] == rule; });
    if (same == end) {
        return memory_.rules.add(std::move(rule));
    }
    const Index index = same->second;
    former.erase(same);
    return index;
}

void RuleBook::add_group(Index group, Former& former) {
    const SecurityGroup& source = directory_.groups[group];
    RuleMemory::Group& known = memory_.groups[group];
    for (const Direction direction : kDirections) {
        const std::vector<LabelledRule> rules = labelled(source, direction);
        auto& indices = known.rules[static_cast<std::size_t>(direction)];
        for (std::size_t i = 0; i < rules.size(); ++i) {
            if (i == 0 || rules[i].label != rules[i - 1].label) {
                indices.push_back(index_of({.label = rules[i].label, .owner_id = source.id, .rule_id = rules[i].rule->id}, former));
            }
        }
        auto& clauses = groups_[group][static_cast<std::size_t>(direction)];
        clauses = clauses_of(directory_, group, rules, indices);
        for (const GroupClause& clause : clauses) {
            if (clause.group) {
                known.references.insert(*clause.group);
            }
        }
    }
}

void RuleBook::add_acl(Index acl, Former& former) {
    const NetworkAcl& source = directory_.acls[acl];
    for (const Direction direction : kDirections) {
        auto& indices = memory_.acls[acl][static_cast<std::size_t>(direction)];
        for (const NetworkAclEntry* const entry : sorted_entries(source, direction)) {
            indices.push_back(index_of(
                {.label = rule_label(source, direction, *entry), .owner_id = source.id, .rule_id = std::to_string(entry->number)}, former));
        }
    }
}

std::span<const GroupClause> RuleBook::group(Index group, Direction direction) {
    const auto [found, is_new] = groups_.try_emplace(group);
    if (is_new) {
        for (const Direction one : kDirections) {
            const auto i = static_cast<std::size_t>(one);
            found->second[i] = clauses_of(directory_, group, labelled(directory_.groups[group], one), memory_.groups.at(group).rules[i]);
        }
    }
    return found->second[static_cast<std::size_t>(direction)];
}

std::span<const AclClause> RuleBook::acl(Index acl, Direction direction) {
    const auto [found, is_new] = acls_.try_emplace(acl);
    if (is_new) {
        for (const Direction one : kDirections) {
            const auto i = static_cast<std::size_t>(one);
            const std::vector<Index>& indices = memory_.acls.at(acl)[i];
            for (const NetworkAclEntry* const entry : sorted_entries(directory_.acls[acl], one)) {
                found->second[i].push_back({.rule = indices.at(found->second[i].size()), .entry = entry});
            }
        }
    }
    return found->second[static_cast<std::size_t>(direction)];
}

}  // namespace portcullis
