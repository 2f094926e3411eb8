// SPDX-License-Identifier: Apache-2.0
// Which devices went away, by the kernel's own news. A number that comes back is another device's, even under the old name: nf_tables does
// not tell them apart, and since Linux 6.16 binds the former one's base chain to it. Owned by NftDataplane, in whose network namespace it
// is.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>

#include "core/result.h"

struct mnl_socket;

namespace portcullis {

class NftDepartures {
   public:
    // Of what goes from now on.
    [[nodiscard]] static Result<NftDepartures> open();

    // Numbers of the devices that went since this was asked last; nothing: news was lost, so each may have.
    [[nodiscard]] Result<std::optional<std::set<std::uint32_t>>> take();

   private:
    struct Closer {
        void operator()(mnl_socket* socket) const noexcept;
    };
    std::unique_ptr<mnl_socket, Closer> socket_;
};

}  // namespace portcullis
