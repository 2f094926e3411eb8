// SPDX-License-Identifier: Apache-2.0
#include "loader/probe_programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "loader/device_slots.h"

namespace portcullis {
namespace {

constexpr std::uint32_t kEntries = 64;  // flows of one conversation: each port has one
constexpr std::uint32_t kSides = 2;

Result<UniqueFd> duplicate(const UniqueFd& fd) {
    UniqueFd own(::fcntl(fd.value(), F_DUPFD_CLOEXEC, 0));
    return own.is_open() ? Result<UniqueFd>(std::move(own)) : fail(Error::from_errno("cannot duplicate a map's descriptor", errno));
}

template <class Map>
Result<> take(Result<UniqueFd> fd, Map& map) {
    auto adopted = fd ? Map::adopt(std::move(*fd)) : fail(fd.error());
    if (!adopted) {
        return fail(std::move(adopted.error()));
    }
    map = std::move(*adopted);
    return {};
}

template <class Key, class Value>
Result<> clear(BpfMap<Key, Value>& map) {
    std::vector<Key> keys;
    auto read = map.for_each([&](const Key& key, const Value&) { keys.push_back(key); });
    return read && !keys.empty() ? map.remove_all(keys) : read;
}

// The one reason that was counted between two looks.
std::optional<Reason> risen(const PortCounters& before, const PortCounters& after, Direction direction) {
    for (const ReasonCount& now : after.reasons) {
        const auto then = std::ranges::find_if(
            before.reasons, [&](const ReasonCount& count) { return count.reason == now.reason && count.direction == now.direction; });
        if (now.direction == direction && (then == before.reasons.end() || then->packets != now.packets)) {
            return now.reason;
        }
    }
    return std::nullopt;
}

std::vector<std::string> risen(const std::vector<RuleHits>& before, const std::vector<RuleHits>& after) {
    std::vector<std::string> labels;
    for (const RuleHits& now : after) {
        const auto then = std::ranges::find(before, now.label, &RuleHits::label);
        if (then == before.end() || then->decisions != now.decisions) {
            labels.push_back(now.label);
        }
    }
    return labels;
}

// The hook's code.
Result<std::uint32_t> run_program(int program, const ProbePacket& packet) {
    __sk_buff context{};
    context.ifindex = packet.ifindex;
    context.ingress_ifindex = packet.direction == Direction::Outbound ? packet.ifindex : packet.entrance;
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = packet.frame.data();
    options.data_size_in = static_cast<std::uint32_t>(packet.frame.size());
    options.ctx_in = &context;
    options.ctx_size_in = sizeof(context);
    const int result = ::bpf_prog_test_run_opts(program, &options);
    return result < 0 ? fail(Error::from_errno("cannot run the programs on a packet at device " + std::to_string(packet.ifindex), -result))
                      : Result<std::uint32_t>(options.retval);
}

}  // namespace

Result<ProbePrograms> ProbePrograms::load(const BpfObject& object, const MapCapacities& capacities) {
    auto copy = BpfObject::load_copy(object, capacities);
    auto counters = copy ? TrafficCounters::open(*copy) : fail(copy.error());
    if (!counters) {
        return fail(std::move(counters.error()));
    }
    ProbePrograms programs(std::move(*copy), std::move(*counters));
    if (auto taken = programs.take_maps(); !taken) {
        return fail(std::move(taken.error()));
    }
    return programs;
}

Result<> ProbePrograms::take_maps() {
    auto taken = take(object_.map("pc_half_open"), queues_);
    taken = taken ? take(object_.map("pc_port_states"), states_) : taken;
    taken = taken ? take(object_.map("pc_flow_pool"), pool_) : taken;
    auto queue = object_.make_inner("pc_half_open", kEntries);
    if (!taken || !queue) {
        return !taken ? std::move(taken) : fail(std::move(queue.error()));
    }
    queue_ = std::move(*queue);
    const auto give_shards = [&](const char* table, auto& flows) -> Result<> {
        auto outer = object_.map(table).and_then([](UniqueFd fd) { return MapOfMaps::adopt(std::move(fd)); });
        auto shard = object_.make_inner(table, kEntries);
        if (!outer || !shard) {
            return fail(!outer ? outer.error() : shard.error());
        }
        std::vector<MapOfMaps::Row> rows;
        for (std::uint32_t number = 0; number < PC_FLOW_SHARDS; ++number) {
            auto own = duplicate(*shard);
            if (!own) {
                return fail(std::move(own.error()));
            }
            rows.push_back({.number = number, .map = std::move(*own)});
        }
        auto written = outer->write_all(rows);
        return written ? take(std::move(shard), flows) : written;
    };
    taken = give_shards("pc_flows4", flows4_);
    return taken ? give_shards("pc_flows6", flows6_) : taken;
}

// A flow without a place in its port's queue is not opened.
Result<> ProbePrograms::give_queues(std::span<const std::uint32_t> slots) {
    std::vector<MapOfMaps::Row> rows;
    for (const std::uint32_t slot : slots) {
        for (std::uint32_t side = 0; side < kSides && !has_queues_.contains(slot); ++side) {
            auto own = duplicate(queue_);
            if (!own) {
                return fail(std::move(own.error()));
            }
            rows.push_back({.number = slot * kSides + side, .map = std::move(*own)});
        }
    }
    auto written = queues_.write_all(rows);
    if (written) {
        has_queues_.insert(slots.begin(), slots.end());
    }
    return written;
}

// What the conversation before left, and what its ports have used of their quotas.
Result<> ProbePrograms::forget(const std::vector<std::uint32_t>& slots, const HostImage& in_force) {
    std::vector<std::pair<std::uint32_t, pc_port_state>> rows;
    for (const std::uint32_t slot : slots) {
        rows.emplace_back(slot, pc_port_state{.port_id = in_force.ports.at(slot).port_id});
    }
    const std::vector<std::pair<std::uint32_t, pc_flow_pool>> pool{{0, {}}};
    auto done = states_.write_all(rows);
    done = done ? pool_.write_all(pool) : done;
    done = done ? clear(flows4_) : done;
    done = done ? clear(flows6_) : done;
    done = done ? object_.forget_denials() : done;
    pc_half_open_record record{};
    while (::bpf_map_lookup_and_delete_elem(queue_.value(), nullptr, &record) == 0) {
    }
    return done;
}

Result<ProbeVerdict> ProbePrograms::judge(const ProbePacket& packet, const std::map<std::uint32_t, PortState>& port,
                                          const Numbering* rules) {
    using Counts = std::pair<std::vector<PortCounters>, std::vector<RuleHits>>;
    const auto look = [&]() -> Result<Counts> {
        auto ports = counters_.ports(port);
        auto hits = rules != nullptr ? counters_.rules(*rules) : Result<std::vector<RuleHits>>(std::vector<RuleHits>());
        return ports && hits ? Result<Counts>(Counts(std::move(*ports), std::move(*hits))) : fail(!ports ? ports.error() : hits.error());
    };
    const auto before = look();
    const auto code = before ? run_program(object_.program_fd(packet.direction), packet) : fail(before.error());
    const auto after = code ? look() : fail(code.error());
    if (!after) {
        return fail(after.error());
    }
    const auto reason = risen(before->first.front(), after->first.front(), packet.direction);
    const bool passes = *code == static_cast<std::uint32_t>(TC_ACT_UNSPEC);
    if (!reason || passes != (*reason == PC_REASON_passed)) {
        return fail("the programs count another verdict than they give, at device " + std::to_string(packet.ifindex));
    }
    return ProbeVerdict{.reason = *reason, .rules = risen(before->second, after->second)};
}

Result<std::vector<ProbeVerdict>> ProbePrograms::run(std::span<const ProbePacket> conversation, const HostImage& in_force,
                                                     const Numbering* rules) {
    std::vector<std::uint32_t> slots;
    for (const ProbePacket& packet : conversation) {
        const auto device = in_force.devices.find(packet.ifindex);
        if (device == in_force.devices.end() || device->second.kind != PC_DEVICE_PORT) {
            return fail("device " + std::to_string(packet.ifindex) + " is no port of ours");
        }
        slots.push_back(device->second.slot);
    }
    auto ready = give_queues(slots);
    ready = ready ? forget(slots, in_force) : ready;
    std::vector<ProbeVerdict> verdicts;
    for (std::size_t i = 0; ready && i < conversation.size(); ++i) {
        auto verdict = judge(conversation[i], {{slots[i], in_force.ports.at(slots[i])}}, rules);
        ready = verdict ? Result<>() : fail(verdict.error());
        if (verdict) {
            verdicts.push_back(std::move(*verdict));
        }
    }
    return ready ? Result<std::vector<ProbeVerdict>>(std::move(verdicts)) : fail(std::move(ready.error()));
}

}  // namespace portcullis
