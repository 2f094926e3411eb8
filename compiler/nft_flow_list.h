// SPDX-License-Identifier: Apache-2.0
// Which dynamic maps hold the flows of a host's ports, and what their elements are in the words of core/flow.h: pure data for fallback/.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "compiler/nft_ends.h"
#include "compiler/nft_image.h"
#include "compiler/nft_port.h"
#include "core/flow.h"

namespace portcullis {

struct NftFlowMap {
    std::string name;
    const NftPort* port = nullptr;
    Family family = Family::Ipv4;
    bool is_memory = false;  // of what a flow becomes if its SYN is answered: no flow by itself, but to end with it
};

class NftFlowList {
   public:
    // Pre: what `enforced` refers to outlives this.
    explicit NftFlowList(NftEnforced enforced);
    NftFlowList(const NftFlowList&) = delete;  // ports_ refers to host_
    NftFlowList(NftFlowList&&) = delete;
    NftFlowList& operator=(const NftFlowList&) = delete;
    NftFlowList& operator=(NftFlowList&&) = delete;
    ~NftFlowList() = default;

    [[nodiscard]] std::size_t ports() const { return ports_.size(); }
    [[nodiscard]] std::uint32_t ifindex_of(std::size_t port) const { return ports_[port].ifindex(); }
    // To be read in this order: a flow that goes from one map to another meanwhile is then read at least once.
    [[nodiscard]] std::vector<NftFlowMap> maps_of(std::size_t port) const;
    // None: no flow's.
    [[nodiscard]] static std::optional<Flow> flow_of(const NftFlowMap& map, const NftElement& element);

   private:
    NftHost host_;
    std::vector<NftPort> ports_;
};

}  // namespace portcullis
