// SPDX-License-Identifier: Apache-2.0
// Policies of sets of groups and of ACLs, each compiled once whatever the number of interfaces that use it, and not again while nothing
// that it is made of changes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "compiler/compile/pool.h"
#include "compiler/compile/rules.h"

namespace portcullis {

// What outlives one compilation. Indices of groups and ACLs are the directory's.
struct PolicyMemory {
    struct Known {
        std::array<Index, 2> policies{};  // by Direction
        std::uint64_t asked_in = 0;       // the last compilation that needed it
    };
    PortSetPool port_sets;
    PolicyPool policies;
    std::map<std::vector<Index>, Known> by_groups;  // sorted groups
    std::map<std::optional<Index>, Known> by_acl;   // none: no ACL at all
    std::uint64_t compilation = 0;                  // counts them
};

class PolicyCompiler {
   public:
    // Both outlive this. What the memory knows of `changed` is compiled again.
    PolicyCompiler(RuleBook& book, PolicyMemory& memory, const ChangedRules& changed);

    // By Direction: the union of the groups' rules. The order of `groups` does not matter.
    [[nodiscard]] std::array<Index, 2> group_policies(std::vector<Index> groups);
    // By Direction: the ACL's entries, first match; none: nothing is decided.
    [[nodiscard]] std::array<Index, 2> acl_policies(std::optional<Index> acl);

    // To be called when all has been asked for: what was not is forgotten, and what only it needed goes.
    void close();
    // Sets of groups and ACLs that were compiled, not remembered.
    [[nodiscard]] std::size_t compiled() const { return compiled_; }

   private:
    using Known = PolicyMemory::Known;
    [[nodiscard]] Index compile_groups(const std::vector<Index>& groups, Direction direction);
    [[nodiscard]] Index compile_acl(Index acl, Direction direction);
    [[nodiscard]] Known added(std::array<Index, 2> policies);
    void retain(Index policy);
    void release(Index policy);

    RuleBook& book_;
    PolicyMemory& memory_;
    std::vector<Known> replaced_;  // of what has changed; kept to the end, so that equal contents keep their index
    std::size_t compiled_ = 0;
};

}  // namespace portcullis
