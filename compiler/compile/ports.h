// SPDX-License-Identifier: Apache-2.0
// Interfaces that a device may be bound to, and the ports of a Ruleset that they become on this host (compiler/compile/compile.h):
// policies, surroundings, options.
#pragma once

#include <optional>
#include <vector>

#include "compiler/compile/directory.h"
#include "compiler/compile/policies.h"
#include "compiler/compile/surroundings.h"
#include "core/ruleset.h"

namespace portcullis {

// An interface that a device may be bound to (it has a MAC, a known VPC and a known subnet), with what it refers to.
struct Bindable {
    Index interface = 0;
    Index zone = 0;
    Index subnet = 0;
    std::vector<Index> groups;
    std::optional<Index> acl;
};
[[nodiscard]] std::vector<Bindable> bindable_interfaces(const Directory& directory);

class PortCompiler {
   public:
    // All outlive this.
    PortCompiler(const Model& model, const Directory& directory, PolicyCompiler& policies, SurroundingsCompiler& surroundings)
        : model_(model), directory_(directory), policies_(policies), surroundings_(surroundings) {}
    [[nodiscard]] Port compile(const Bindable& from);

   private:
    const Model& model_;
    const Directory& directory_;
    PolicyCompiler& policies_;
    SurroundingsCompiler& surroundings_;
};

}  // namespace portcullis
