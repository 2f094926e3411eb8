// SPDX-License-Identifier: Apache-2.0
// The rules of groups and ACLs with their references resolved. Ruleset::rules is filled here: by group and ACL, direction and label.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "compiler/compile_directory.h"
#include "core/ruleset.h"
#include "core/verdict.h"

namespace portcullis {

// One rule of a group: either prefixes or a group is what the remote address must belong to. Rules that refer to something unknown have
// no clause: they match nothing (docs/semantics.md 6.5).
struct GroupClause {
    Index rule = 0;
    Traffic traffic;
    std::span<const Prefix> prefixes;  // the model's
    std::optional<Index> group;
    std::optional<Family> anywhere;  // the source is literally 0.0.0.0/0 or ::/0
};

struct AclClause {
    Index rule = 0;
    const NetworkAclEntry* entry = nullptr;  // the model's
};

template <class Clause>
using ClausesByDirection = std::array<std::vector<Clause>, 2>;

class RuleBook {
   public:
    // Knows the rules of what is marked as used; indices are the directory's.
    RuleBook(const Directory& directory, const std::vector<bool>& used_groups, const std::vector<bool>& used_acls);

    [[nodiscard]] std::span<const GroupClause> group(Index group, Direction direction) const {
        return groups_[group][static_cast<std::size_t>(direction)];
    }
    [[nodiscard]] std::span<const AclClause> acl(Index acl, Direction direction) const {
        return acls_[acl][static_cast<std::size_t>(direction)];
    }
    [[nodiscard]] std::vector<Rule> take_rules() { return std::move(rules_); }

   private:
    void add_group(const Directory& directory, Index group, Direction direction);
    void add_acl(const NetworkAcl& acl, Index index, Direction direction);

    std::vector<Rule> rules_;
    std::vector<ClausesByDirection<GroupClause>> groups_;
    std::vector<ClausesByDirection<AclClause>> acls_;
};

}  // namespace portcullis
