// SPDX-License-Identifier: Apache-2.0
// Reads the flow tables, shard by shard, as the programs would take them: entries of ports that are gone, dead ones and those whose time is
// over by the programs' own clock are no flows. Ends some by pc_sweep, which alone may.
#pragma once

#include <cstdint>
#include <functional>

#include "bpf/abi.h"
#include "core/flow.h"
#include "core/result.h"
#include "loader/bpf_map.h"
#include "loader/bpf_object.h"
#include "loader/host_image.h"
#include "loader/map_of_maps.h"
#include "loader/sweeper.h"

namespace portcullis {

class FlowReader {
   public:
    [[nodiscard]] static Result<FlowReader> open(const BpfObject& object);

    // `from`: number of the shard, those of IPv6 behind those of IPv4. A page ends behind the shard that fills it.
    [[nodiscard]] Result<FlowPage> read(const HostImage& in_force, const FlowFilter& filter, std::uint64_t from,
                                        const Sweeper& sweeper) const;
    [[nodiscard]] Result<FlowsEnded> end(const HostImage& in_force, const FlowFilter& filter, std::uint64_t from,
                                         const Sweeper& sweeper) const;

   private:
    // What entries are taken by.
    struct Look {
        const HostImage& in_force;
        const FlowFilter& filter;
        std::uint32_t now = 0;  // ticks
    };
    // A flow that matches, and its key as pc_sweep is told it.
    using Found = std::function<void(Flow flow, const pc_half_open_record& record)>;
    FlowReader() = default;
    [[nodiscard]] Result<std::uint32_t> now(const Sweeper& sweeper) const;
    // How many entries were looked at.
    [[nodiscard]] Result<std::size_t> for_each_in(std::uint64_t shard, const Look& look, const Found& found) const;
    [[nodiscard]] Result<std::uint64_t> end_in(std::uint64_t shard, const Look& look, const Sweeper& sweeper) const;
    MapOfMaps flows4_;
    MapOfMaps flows6_;
    BpfRows<pc_host> host_;
};

}  // namespace portcullis
