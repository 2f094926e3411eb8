// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test_back_end.h"

#include "tests/support/bpf_back_end.h"
#include "tests/support/nft_back_end.h"

namespace portcullis::test {

std::unique_ptr<TestBackEnd> make_back_end(const TestBackEndOptions& options) {
    if (options.kind == BackEndKind::Nftables) {
        return std::make_unique<NftBackEnd>();
    }
    return std::make_unique<BpfBackEnd>(options);
}

}  // namespace portcullis::test
