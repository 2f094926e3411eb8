// SPDX-License-Identifier: Apache-2.0
// A large model enforced by nftables in one transaction, and a linear rendering of the same groups (linear_image.h): time, memory, objects
// in the kernel.
#pragma once

#include <memory>

#include "compiler/compile/recompile.h"
#include "fallback/nft_dataplane.h"
#include "tests/bench/scale_host.h"

namespace portcullis::bench {

// Ours, or the linear rendering's: how long, how much.
struct ScaleCost {
    double lowering_ms = 0;
    double first_ms = 0;   // all of it: lowering, writing, the kernel's commit
    double second_ms = 0;  // of the same model
    double member_ms = 0;  // one that joins a group
    std::size_t first_writes = 0, second_writes = 0, member_writes = 0;
    std::int64_t kernel_bytes = 0, process_bytes = 0;
    std::size_t tables = 0, chains = 0, rules = 0, sets = 0, elements = 0;
};

// One rendering at a time enforces: the former one's tables go with the namespace or with `lift`. Failures end the process.
class NftScale {
   public:
    explicit NftScale(const Scale& scale);

    [[nodiscard]] ScaleCost enforce();
    [[nodiscard]] ScaleCost enforce_linear();
    void lift();

    [[nodiscard]] const ScaleHost& host() const { return host_; }
    // Packets that our rendering dropped at the port in the direction.
    [[nodiscard]] std::uint64_t dropped(std::size_t port, Direction direction) const;

   private:
    // What `ruleset_` is of becomes `model`; returns what was written.
    [[nodiscard]] std::uint64_t change(const Model& before, const Model& model);
    [[nodiscard]] std::uint64_t apply();
    Scale scale_;
    ScaleHost host_;
    Model model_;
    Compiler compiler_;
    Ruleset ruleset_;  // applied last
    std::unique_ptr<NftDataplane> dataplane_;
};

}  // namespace portcullis::bench
