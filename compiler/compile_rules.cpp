// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile_rules.h"

#include <algorithm>
#include <tuple>

#include "core/rule_label.h"

namespace portcullis {
namespace {

template <class Item>
struct Labelled {
    std::string label;
    const Item* item;
};

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

}  // namespace

RuleBook::RuleBook(const Directory& directory, const std::vector<bool>& used_groups, const std::vector<bool>& used_acls)
    : groups_(directory.groups.size()), acls_(directory.acls.size()) {
    for (Index group = 0; group < directory.groups.size(); ++group) {
        if (used_groups[group]) {
            add_group(directory, group, Direction::Outbound);
            add_group(directory, group, Direction::Inbound);
        }
    }
    for (Index acl = 0; acl < directory.acls.size(); ++acl) {
        if (used_acls[acl]) {
            add_acl(directory.acls[acl], acl, Direction::Outbound);
            add_acl(directory.acls[acl], acl, Direction::Inbound);
        }
    }
}

// Rules of one label are one rule: the same permission given twice.
void RuleBook::add_group(const Directory& directory, Index group, Direction direction) {
    const SecurityGroup& source = directory.groups[group];
    std::vector<Labelled<SecurityGroupRule>> rules;
    for (const SecurityGroupRule& rule : source.rules[static_cast<std::size_t>(direction)]) {
        rules.push_back({.label = rule_label(source, direction, rule), .item = &rule});
    }
    std::ranges::sort(rules, [](const auto& a, const auto& b) {
        return std::tie(a.label, a.item->traffic, a.item->source) < std::tie(b.label, b.item->traffic, b.item->source);
    });
    auto& clauses = groups_[group][static_cast<std::size_t>(direction)];
    const std::size_t first = rules_.size();
    for (auto& [label, rule] : rules) {
        if (rules_.size() == first || rules_.back().label != label) {
            rules_.push_back({.label = std::move(label), .owner_id = source.id, .rule_id = rule->id});
        }
        GroupClause clause{
            .rule = static_cast<Index>(rules_.size() - 1), .traffic = rule->traffic, .prefixes = {}, .group = {}, .anywhere = {}};
        if (std::visit(SourceResolver{directory, clause}, rule->source)) {
            clauses.push_back(clause);
        }
    }
}

// 1. Ascending number. Entries of one number and direction have different families, which never meet; should documents contradict
//    themselves all the same, the denying entry comes first.
void RuleBook::add_acl(const NetworkAcl& acl, Index index, Direction direction) {
    std::vector<const NetworkAclEntry*> entries;
    for (const NetworkAclEntry& entry : acl.entries[static_cast<std::size_t>(direction)]) {
        entries.push_back(&entry);
    }
    std::ranges::sort(entries, [](const NetworkAclEntry* a, const NetworkAclEntry* b) {
        return std::tie(a->number, a->allow, a->cidr, a->traffic) < std::tie(b->number, b->allow, b->cidr, b->traffic);
    });
    for (const NetworkAclEntry* const entry : entries) {
        acls_[index][static_cast<std::size_t>(direction)].push_back({.rule = static_cast<Index>(rules_.size()), .entry = entry});
        rules_.push_back({.label = rule_label(acl, direction, *entry), .owner_id = acl.id, .rule_id = std::to_string(entry->number)});
    }
}

}  // namespace portcullis
