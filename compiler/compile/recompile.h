// SPDX-License-Identifier: Apache-2.0
// Compiling a model that differs little from the one before. The dear part of a ruleset, the policies of sets of groups and of ACLs with
// their port sets and rules, is remembered and made anew only where what it is made of has changed; all else is compiled as ever, by the
// same code. So the result is that of compiler/compile/compile.h, but for the indices of rules, port sets and policies, and for empty ones
// among them. docs/decisions/0011-incremental.md
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "compiler/compile/compile.h"

namespace portcullis {

struct CompileMemory;  // compiler/compile/memory.h

class Compiler {
   public:
    Compiler();
    ~Compiler();
    Compiler(const Compiler&) = delete;
    Compiler& operator=(const Compiler&) = delete;
    Compiler(Compiler&&) = delete;
    Compiler& operator=(Compiler&&) = delete;

    // Everything. Pre: as of portcullis::compile.
    [[nodiscard]] Result<Ruleset> compile(const Model& model, const std::optional<Aliases>& aliases = std::nullopt);
    // What `after` makes of `former`, which this compiled from `before`, for whatever aliases; everything where that is not known, or where
    // groups or ACLs come or go. `before` and `after` may be one. Rules, port sets and policies are taken out of `former`: afterwards it is
    // either done with, or whole again by give_back. On failure it is as it was.
    [[nodiscard]] Result<Ruleset> change(Ruleset& former, const Model& before, const Model& after,
                                         const std::optional<Aliases>& aliases = std::nullopt);
    // `changed`, which compile or change made, or nothing, does not take the place of `former` after all: what it took is put back, and the
    // next change compiles everything.
    void give_back(Ruleset& former, Ruleset changed);

    // Sets of groups and ACLs that the last call compiled.
    [[nodiscard]] std::size_t compiled() const { return compiled_; }

   private:
    std::unique_ptr<CompileMemory> memory_;
    std::weak_ptr<const RulesetRevision> known_;  // which ruleset the memory is of
    std::size_t compiled_ = 0;
};

}  // namespace portcullis
