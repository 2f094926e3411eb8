// SPDX-License-Identifier: Apache-2.0
// Which dynamic maps hold the flows of a host's ports, and what their elements are in the words of core/flow.h: pure data for fallback/.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/lower_nft/nft_ends.h"
#include "compiler/lower_nft/nft_image.h"
#include "compiler/lower_nft/nft_port.h"
#include "core/flow.h"

namespace portcullis {

struct NftFlowMap {
    std::string name;
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

    // Of all ports. To be read in this order: a flow that goes from one map to another meanwhile is then read at least once.
    [[nodiscard]] static std::vector<NftFlowMap> maps();
    // The port whose element it is, by its place in nft_ports(); none: of no port there is.
    [[nodiscard]] std::optional<std::size_t> port_of(const NftElement& element) const;
    // None: no flow's. Pre: port_of(element) is `port`.
    [[nodiscard]] std::optional<Flow> flow_of(std::size_t port, const NftFlowMap& map, const NftElement& element) const;

   private:
    NftHost host_;
    std::vector<NftPort> ports_;
    std::unordered_map<std::uint32_t, std::size_t> by_number_;  // place in ports_, by number of the binding
};

}  // namespace portcullis
