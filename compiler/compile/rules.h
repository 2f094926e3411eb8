// SPDX-License-Identifier: Apache-2.0
// The rules of groups and ACLs with their references resolved. Ruleset::rules is filled here: by group and ACL, direction and label, where
// nothing was known before; a rule that outlives a change keeps its index.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "compiler/compile/directory.h"
#include "compiler/compile/slots.h"
#include "core/ruleset.h"
#include "core/verdict.h"

namespace portcullis {

// One rule of a group: either prefixes or a group is what the remote address must belong to. Rules that refer to something unknown have
// no clause: they match nothing (docs/semantics.md 6.5).
struct GroupClause {
    Index rule = 0;
    std::uint64_t order = 0;  // that of groups and, in one, of labels, whatever the index
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

// What outlives one compilation, without a reference into a model. Indices of groups and ACLs are the directory's.
struct RuleMemory {
    using ByDirection = std::array<std::vector<Index>, 2>;
    struct Group {
        ByDirection rules;           // of each label, sorted by label
        std::set<Index> references;  // groups that its rules refer to
    };
    Slots<Rule> rules;
    std::map<Index, Group> groups;      // those in use
    std::map<Index, ByDirection> acls;  // likewise: of each entry, in the order of the entries
};

// Of what is another one than when the memory was made.
struct ChangedRules {
    std::set<Index> groups;
    std::set<Index> acls;
};

class RuleBook {
   public:
    // Both outlive this.
    RuleBook(const Directory& directory, RuleMemory& memory) : directory_(directory), memory_(memory) {}

    // Gives indices to the rules of what is marked as used and not known yet, and takes them from what is not used any more, when the
    // book is closed. Of what has changed, rules that are as before keep their index.
    void use(const std::vector<bool>& used_groups, const std::vector<bool>& used_acls, const ChangedRules& changed);
    void close();

    // Pre: it is used.
    [[nodiscard]] std::span<const GroupClause> group(Index group, Direction direction);
    [[nodiscard]] std::span<const AclClause> acl(Index acl, Direction direction);
    [[nodiscard]] const std::set<Index>& references(Index group) const { return memory_.groups.at(group).references; }

   private:
    // Rules by label, of a former state of the same group or ACL.
    using Former = std::multimap<std::string, Index>;
    void forget(const RuleMemory::ByDirection& rules, Former& former);
    [[nodiscard]] Index index_of(Rule rule, Former& former);
    void add_group(Index group, Former& former);
    void add_acl(Index acl, Former& former);
    void abandon(const Former& former);

    const Directory& directory_;
    RuleMemory& memory_;
    std::vector<Index> abandoned_;
    std::map<Index, ClausesByDirection<GroupClause>> groups_;
    std::map<Index, ClausesByDirection<AclClause>> acls_;
};

}  // namespace portcullis
