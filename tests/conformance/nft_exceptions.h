// SPDX-License-Identifier: Apache-2.0
// Where the nftables back end may be stricter than docs/semantics.md: what docs/nftables.md numbers under "Stricter", as tests use it. A
// wrong pass is never among it.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "core/verdict.h"
#include "tests/conformance/bridge_runner.h"

namespace portcullis::test {

// A step of a hand-written case that nftables drops, and must drop, at one of its crossings, for a reason that is not the evaluator's.
struct NftException {
    unsigned line = 0;  // number in docs/nftables.md
    std::string_view file;
    std::string_view name;  // of the case
    std::size_t step = 1;   // from 1
    Direction direction = Direction::Outbound;
    Reason reason = PC_REASON_passed;
};

// All there are.
[[nodiscard]] std::span<const NftException> nft_otherwise();

// The exceptions of one case, for BridgeRunner::run. One that the back end makes no use of is a
// failure of the test when this ends.
class NftExcuses {
   public:
    NftExcuses(std::string_view file, std::string_view name);
    NftExcuses(const NftExcuses&) = delete;
    NftExcuses& operator=(const NftExcuses&) = delete;
    ~NftExcuses();
    [[nodiscard]] Excuse excuse();

   private:
    std::map<const NftException*, bool> used_;
};

// The line of docs/nftables.md by which nftables may drop the frame for the reason, whatever state there is. None: it may not.
[[nodiscard]] std::optional<unsigned> nft_line_of(const Arrival& arrival, Reason reason);

}  // namespace portcullis::test
