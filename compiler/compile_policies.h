// SPDX-License-Identifier: Apache-2.0
// Policies of sets of groups and of ACLs, each compiled once whatever the number of interfaces that use it.
#pragma once

#include <array>
#include <map>
#include <vector>

#include "compiler/compile_pool.h"
#include "compiler/compile_rules.h"

namespace portcullis {

class PolicyCompiler {
   public:
    // `book` outlives this.
    explicit PolicyCompiler(const RuleBook& book) : book_(book) {}

    // By Direction: the union of the groups' rules. The order of `groups` does not matter.
    [[nodiscard]] std::array<Index, 2> group_policies(std::vector<Index> groups);
    // By Direction: the ACL's entries, first match.
    [[nodiscard]] std::array<Index, 2> acl_policies(Index acl);
    // Nothing is decided: neither allowed by a group nor by an ACL.
    [[nodiscard]] Index empty_policy() { return policies_.intern({}); }

    [[nodiscard]] std::vector<PortSet> take_port_sets() { return port_sets_.take(); }
    [[nodiscard]] std::vector<Policy> take_policies() { return policies_.take(); }

   private:
    [[nodiscard]] Index compile_groups(const std::vector<Index>& groups, Direction direction);
    [[nodiscard]] Index compile_acl(Index acl, Direction direction);

    const RuleBook& book_;
    PortSetPool port_sets_;
    PolicyPool policies_;
    std::map<std::vector<Index>, std::array<Index, 2>> by_groups_;
    std::map<Index, std::array<Index, 2>> by_acl_;
};

}  // namespace portcullis
