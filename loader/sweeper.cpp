// SPDX-License-Identifier: Apache-2.0
#include "loader/sweeper.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "loader/device_slots.h"

namespace portcullis {
namespace {

constexpr std::uint32_t kShare = PC_FLOW_SHARDS / 8;
// Each but the first ends what the one before passed over: entries beside one that was deleted at that instant.
constexpr std::uint32_t kMostWalks = 8;

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

// The program is of a kind that judges packets: it is run on a frame that is empty but for `records`, and what it is asked stands in the
// frame's control block. Answers are in `request`.
Result<> Sweeper::run(pc_sweep_request& request, std::span<const pc_half_open_record> records) const {
    std::array<std::uint8_t, ETH_HLEN + PC_REQUEUE_MAX * sizeof(pc_half_open_record)> frame{};
    std::memcpy(frame.data() + ETH_HLEN, records.data(), records.size_bytes());
    __sk_buff context{};
    std::memcpy(context.cb, &request, sizeof(request));
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = frame.data();
    options.data_size_in = static_cast<std::uint32_t>(ETH_HLEN + records.size_bytes());
    options.ctx_in = &context;
    options.ctx_size_in = sizeof(context);
    options.ctx_out = &context;
    options.ctx_size_out = sizeof(context);
    if (const int result = ::bpf_prog_test_run_opts(program_fd_, &options); result < 0) {
        return fail(Error::from_errno("cannot run pc_sweep", -result));
    }
    std::memcpy(&request, context.cb, sizeof(request));
    return options.retval == static_cast<std::uint32_t>(TC_ACT_UNSPEC) ? Result<>() : fail("pc_sweep could not do what it was asked for");
}

// The kernel's walk through a hash map may pass over entries where another is deleted or moves meanwhile: what must be found is looked for
// until a walk finds nothing.
Result<> Sweeper::sweep_shard(std::uint32_t shard, Departed departed) const {
    const std::uint32_t most = departed == Departed::Ended ? kMostWalks : 1;
    Result<> swept;
    std::uint32_t freed = 1;
    for (std::uint32_t walk = 0; swept && walk < most && freed != 0; ++walk) {
        pc_sweep_request request{.shard = shard, .ends_departed = departed == Departed::Ended ? 1U : 0U};
        swept = run(request);
        freed = request.freed;
    }
    return swept;
}

Result<> Sweeper::begin_port(std::uint32_t port_id) {
    pc_sweep_request request{.begin_port_id = port_id};
    return run(request);
}

Result<> Sweeper::requeue(std::uint32_t row, std::span<const pc_half_open_record> records) const {
    Result<> queued;
    while (queued && !records.empty()) {
        const auto some = records.first(std::min<std::size_t>(records.size(), PC_REQUEUE_MAX));
        pc_sweep_request request{.shard = row};
        queued = run(request, some);
        records = records.subspan(some.size());
    }
    return queued;
}

Result<std::uint32_t> Sweeper::end(std::span<const pc_half_open_record> records) const {
    std::uint32_t ended = 0;
    while (!records.empty()) {
        const auto some = records.first(std::min<std::size_t>(records.size(), PC_REQUEUE_MAX));
        pc_sweep_request request{.begin_port_id = PC_SWEEP_END_RECORDS};
        if (auto done = run(request, some); !done) {
            return fail(std::move(done.error()));
        }
        ended += request.freed;
        records = records.subspan(some.size());
    }
    return ended;
}

Result<std::uint64_t> Sweeper::jiffies() const {
    pc_sweep_request request{.begin_port_id = PC_SWEEP_JIFFIES};
    auto done = run(request);
    return done ? Result<std::uint64_t>(std::uint64_t{request.freed} << 32 | request.live) : fail(std::move(done.error()));
}

Result<std::uint32_t> Sweeper::ticks(const pc_host& host) const {
    const auto now = jiffies();
    return now ? Result<std::uint32_t>(static_cast<std::uint32_t>((*now * host.jiffy_ns + host.clock_base) >> PC_TICK_SHIFT) +
                                       host.clock_offset)
               : fail(now.error());
}

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
