// SPDX-License-Identifier: Apache-2.0
#include "compiler/parse/merge_flat_rules.h"

#include <map>
#include <tuple>
#include <unordered_map>

namespace portcullis {
namespace {

auto content(const FlatRule& rule) { return std::tie(rule.group_id, rule.direction, rule.traffic, rule.source); }

// The same rule given twice is one.
std::vector<FlatRule> merge_ids(std::vector<FlatRule> flat_rules, Findings& findings) {
    std::vector<FlatRule> kept;
    kept.reserve(flat_rules.size());
    std::unordered_map<std::string, std::size_t> index;
    for (FlatRule& rule : flat_rules) {
        const auto [it, is_new] = index.try_emplace(rule.id, kept.size());
        if (is_new) {
            kept.push_back(std::move(rule));
        } else if (content(kept[it->second]) != content(rule)) {
            findings.error(rule.position, quoted(rule.id) + " differs from the one in " + place(kept[it->second].position));
        }
    }
    return kept;
}

using RuleKey = std::tuple<Direction, Traffic, RuleSource>;

// Gives the rules of one group their ids. Of several flat rules that mean the same the first gives it.
void merge_group(SecurityGroup& group, const std::vector<const FlatRule*>& flat_rules, Findings& findings) {
    std::map<RuleKey, SecurityGroupRule*> rules;
    for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
        for (SecurityGroupRule& rule : group.rules[static_cast<std::size_t>(direction)]) {
            rules.try_emplace(RuleKey(direction, rule.traffic, rule.source), &rule);
        }
    }
    for (const FlatRule* flat : flat_rules) {
        const auto found = rules.find(RuleKey(flat->direction, flat->traffic, flat->source));
        if (found == rules.end()) {
            findings.error(flat->position, quoted(flat->id) + " is not among the permissions of its group in " + place(group.position));
        } else if (found->second->id.empty()) {
            found->second->id = flat->id;
        }
    }
    for (const auto& [key, rule] : rules) {
        if (rule->id.empty()) {
            findings.error(rule->position, "SecurityGroupRules has other rules of this group, but not this one");
        }
    }
}

}  // namespace

void merge_flat_rules(std::vector<FlatRule> flat_rules, std::vector<SecurityGroup>& groups, Findings& findings) {
    const std::vector<FlatRule> merged = merge_ids(std::move(flat_rules), findings);
    std::unordered_map<std::string_view, std::vector<const FlatRule*>> by_group;
    for (const FlatRule& rule : merged) {
        by_group[rule.group_id].push_back(&rule);
    }
    for (SecurityGroup& group : groups) {
        if (const auto found = by_group.find(group.id); found != by_group.end()) {
            merge_group(group, found->second, findings);
            by_group.erase(found);
        }
    }
    for (const auto& [group_id, rules] : by_group) {
        for (const FlatRule* rule : rules) {
            findings.error(rule->position, "the group " + quoted(group_id) + " has no document of its own under SecurityGroups");
        }
    }
}

}  // namespace portcullis
