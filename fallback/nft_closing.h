// SPDX-License-Identifier: Apache-2.0
// Closes devices before the ruleset with them is in force: by tables of their own beside ours, so that whatever was there before, of this
// process or another, goes on as it is, and a device that is new is closed at once however large the change behind it.
#pragma once

#include <cstddef>
#include <span>

#include "core/dataplane.h"
#include "core/result.h"
#include "fallback/nft_writer.h"

namespace portcullis {

class NftClosing {
   public:
    [[nodiscard]] static Result<NftClosing> open(bool owns_tables);

    // Exactly these are closed here; none: the tables go. Returns what was written. `main` knows afterwards who wrote.
    [[nodiscard]] Result<std::size_t> close(std::span<const DeviceBinding> devices, NftWriter& main);

    // Puts back what others changed of them, and adds that to `healing`.
    [[nodiscard]] Result<> heal(NftWriter& main, Healing& healing);

   private:
    explicit NftClosing(NftWriter writer) : writer_(std::move(writer)) {}
    NftWriter writer_;
    std::shared_ptr<const NftImage> closed_;  // null: none are
};

}  // namespace portcullis
