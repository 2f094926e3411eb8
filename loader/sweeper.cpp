// SPDX-License-Identifier: Apache-2.0
#include "loader/sweeper.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <array>
#include <cstring>
#include <vector>

#include "loader/device_slots.h"

namespace portcullis {
namespace {

constexpr std::uint32_t kShare = PC_FLOW_SHARDS / 8;

bool is_gone(const HostImage& in_force, std::uint32_t port_id) {
    const auto port = in_force.ports.find(DeviceSlots::slot_of(port_id));
    return port == in_force.ports.end() || port->second.port_id != port_id;
}

}  // namespace

Result<Sweeper> Sweeper::open(const BpfObject& object) {
    auto claims = object.map("pc_claims").and_then([](UniqueFd fd) { return BpfMap<pc_claim_key, std::uint32_t>::adopt(std::move(fd)); });
    if (!claims) {
        return fail(std::move(claims.error()));
    }
    Sweeper sweeper(object.program_fd("pc_sweep"));
    sweeper.claims_ = std::move(*claims);
    return sweeper;
}

// The program is of a kind that judges packets: it is run on an empty frame, and what it is asked stands in the frame's control block.
Result<> Sweeper::run(const pc_sweep_request& request) const {
    std::array<std::uint8_t, ETH_HLEN> frame{};
    __sk_buff context{};
    std::memcpy(context.cb, &request, sizeof(request));
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = frame.data();
    options.data_size_in = frame.size();
    options.ctx_in = &context;
    options.ctx_size_in = sizeof(context);
    if (const int result = ::bpf_prog_test_run_opts(program_fd_, &options); result < 0) {
        return fail(Error::from_errno("cannot run pc_sweep", -result));
    }
    return options.retval == static_cast<std::uint32_t>(TC_ACT_UNSPEC) ? Result<>() : fail("pc_sweep could not do what it was asked for");
}

Result<> Sweeper::sweep_shard(std::uint32_t shard, Departed departed) const {
    return run({.shard = shard, .ends_departed = departed == Departed::Ended ? 1U : 0U});
}

Result<> Sweeper::begin_port(std::uint32_t port_id) { return run({.begin_port_id = port_id}); }

Result<> Sweeper::sweep_share(const HostImage& in_force) {
    for (std::uint32_t count = 0; count < kShare; ++count) {
        if (auto swept = sweep_shard(next_, Departed::Spared); !swept) {
            return swept;
        }
        next_ = (next_ + 1) % PC_FLOW_SHARDS;
    }
    return next_ == 0 ? free_claims(in_force) : Result<>();
}

Result<> Sweeper::sweep_all(Departed departed) {
    for (std::uint32_t shard = 0; shard < PC_FLOW_SHARDS; ++shard) {
        if (auto swept = sweep_shard(shard, departed); !swept) {
            return swept;
        }
    }
    return {};
}

// A program may take a claim over between the look and the deletion: that port then claims again, or does without.
Result<> Sweeper::free_claims(const HostImage& in_force) {
    std::vector<pc_claim_key> gone;
    auto read = claims_.for_each([&](const pc_claim_key& key, std::uint32_t port_id) {
        if (is_gone(in_force, port_id)) {
            gone.push_back(key);
        }
    });
    return read && !gone.empty() ? claims_.remove_all(gone) : read;
}

}  // namespace portcullis
