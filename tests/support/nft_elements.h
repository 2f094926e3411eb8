// SPDX-License-Identifier: Apache-2.0
// What packets have left in the dynamic sets of nftables' tables "portcullis", but for the counts of verdicts. Read and changed by netlink
// alone, in the calling thread's network namespace. The tables must have no owner: the kernel would let nobody else change them.
#pragma once

#include <cstdint>

namespace portcullis::test {

// All of them go. Failure ends the process.
void forget_nft_elements();
// Each that has a timeout has that much less time left; those with none left go.
void age_nft_elements(unsigned seconds);

}  // namespace portcullis::test
