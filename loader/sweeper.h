// SPDX-License-Identifier: Apache-2.0
// Runs pc_sweep over the shards of the flow tables: a share of them at a time, or all at once. Frees claims of ports that are gone as well.
#pragma once

#include <cstdint>
#include <span>

#include "bpf/abi.h"
#include "core/result.h"
#include "loader/bpf_map.h"
#include "loader/bpf_object.h"
#include "loader/host_image.h"

namespace portcullis {

class Sweeper {
   public:
    // Pre: `object` outlives it.
    [[nodiscard]] static Result<Sweeper> open(const BpfObject& object);

    // A share of the shards, and after the last of them the claims: called every second or so, it comes round in about eight.
    [[nodiscard]] Result<> sweep_share(const HostImage& in_force);
    enum class Departed : std::uint8_t { Spared, Ended };
    // Every shard. Ended: flows of addresses in pc_departed4/6 end too.
    [[nodiscard]] Result<> sweep_all(Departed departed);
    // What the programs counted and remembered for a former port of its slot is nothing to the new one. Pre: no device has the port id yet.
    [[nodiscard]] Result<> begin_port(std::uint32_t port_id);
    // What stood in a queue of half-open flows, oldest first, into the one that took its place in the row of pc_half_open: flows that are
    // still half-open.
    [[nodiscard]] Result<> requeue(std::uint32_t row, std::span<const pc_half_open_record> records) const;
    // The kernel's jiffies, from whose beginning no clock of user space counts.
    [[nodiscard]] Result<std::uint64_t> jiffies() const;
    // The tick that it is for the programs (bpf/gate.h): this process's own clocks say otherwise in a time namespace. `host`: the row of
    // pc_host.
    [[nodiscard]] Result<std::uint32_t> ticks(const pc_host& host) const;
    // Ends the flows of the records; how many of them were there and ended.
    [[nodiscard]] Result<std::uint32_t> end(std::span<const pc_half_open_record> records) const;

   private:
    explicit Sweeper(int program_fd) : program_fd_(program_fd) {}
    [[nodiscard]] Result<> run(pc_sweep_request& request, std::span<const pc_half_open_record> records = {}) const;
    [[nodiscard]] Result<> sweep_shard(std::uint32_t shard, Departed departed) const;
    [[nodiscard]] Result<> free_claims(const HostImage& in_force);
    int program_fd_;
    std::uint32_t next_ = 0;
    BpfMap<pc_claim_key, std::uint32_t> claims_;
};

}  // namespace portcullis
