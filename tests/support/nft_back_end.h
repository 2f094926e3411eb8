// SPDX-License-Identifier: Apache-2.0
// The nftables back end under test: counters as its Dataplane reads them, state by nft_elements.h. Its tables have no owner, since tests
// write into them too.
#pragma once

#include <memory>

#include "fallback/nft_dataplane.h"
#include "tests/support/test_back_end.h"

namespace portcullis::test {

class NftBackEnd final : public TestBackEnd {
   public:
    void start_daemon() override;
    void end_daemon() override { dataplane_.reset(); }
    [[nodiscard]] Dataplane& dataplane() override { return *dataplane_; }
    void apply(const Ruleset& ruleset, std::span<const DeviceBinding> devices, const HostFacts& facts) override;
    void forget_flows() override;
    void age_flows(unsigned seconds) override;
    [[nodiscard]] ReasonCounts counts(std::uint32_t ifindex, Direction direction) const override;
    [[nodiscard]] std::uint64_t drops_at_uplinks() const override { return 0; }

   private:
    std::unique_ptr<NftDataplane> dataplane_;
};

}  // namespace portcullis::test
