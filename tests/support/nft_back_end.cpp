// SPDX-License-Identifier: Apache-2.0
#include "tests/support/nft_back_end.h"

#include "tests/support/netns.h"
#include "tests/support/nft_elements.h"

namespace portcullis::test {

void NftBackEnd::start_daemon() { dataplane_ = value_or_end(NftDataplane::create({.owns_tables = false}), "make the nftables back end"); }

void NftBackEnd::apply(const Ruleset& ruleset, std::span<const DeviceBinding> devices, const HostFacts& facts) {
    (void)value_or_end(dataplane_->apply(ruleset, devices, facts), "apply the model");
}

void NftBackEnd::forget_flows() { forget_nft_elements(); }

void NftBackEnd::age_flows(unsigned seconds) { age_nft_elements(seconds); }

ReasonCounts NftBackEnd::counts(std::uint32_t ifindex, Direction direction) const {
    ReasonCounts counts{};
    for (const PortCounters& port : value_or_end(dataplane_->port_counters(), "read the counters")) {
        for (const ReasonCount& count : port.reasons) {
            counts[count.reason] += port.ifindex == ifindex && count.direction == direction ? count.packets : 0;
        }
    }
    return counts;
}

}  // namespace portcullis::test
