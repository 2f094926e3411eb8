// SPDX-License-Identifier: Apache-2.0
// Removes our tables from nf_tables, and nothing else: works whether or not a daemon ever ran in this process.
#pragma once

#include <cstdint>

#include "core/result.h"

namespace portcullis {

struct NftTeardownReport {
    std::uint32_t tables = 0;
};

// All in one transaction. Tables that a running daemon owns are refused (EPERM). None there is no error.
[[nodiscard]] Result<NftTeardownReport> nft_teardown();

}  // namespace portcullis
