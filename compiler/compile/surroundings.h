// SPDX-License-Identifier: Apache-2.0
// What is believed and exempt around ports (docs/semantics.md 5): `Services` written out, routers that answer echo requests, and what else
// the documents list for a port. Equal surroundings are one.
#pragma once

#include <map>
#include <vector>

#include "compiler/compile/directory.h"
#include "compiler/compile/prefix_set.h"
#include "core/ruleset.h"

namespace portcullis {

class SurroundingsCompiler {
   public:
    // Both outlive this.
    SurroundingsCompiler(const Model& model, const Directory& directory);

    // The host's lists and the port's own. Pre: the interface has a MAC.
    [[nodiscard]] Index of_port(Index interface, Index zone, Index subnet);
    // What a bridge's own `Services` add, by zone; empty where it has none.
    [[nodiscard]] std::vector<Index> of_bridge(const Bridge& bridge);

    [[nodiscard]] std::vector<Surroundings> take();

   private:
    [[nodiscard]] Index intern(Surroundings surroundings);
    // 5.1: the routers of the subnet.
    [[nodiscard]] std::vector<Address> echo_of(Index zone, Index subnet) const;

    const Model& model_;
    const Directory& directory_;
    std::vector<PrefixSet> taken_;  // by zone: what its interfaces have
    std::map<Surroundings, Index> index_;
};

}  // namespace portcullis
