// SPDX-License-Identifier: Apache-2.0
#include "loader/flow_reader.h"

#include <arpa/inet.h>

#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "loader/device_slots.h"

namespace portcullis {
namespace {

constexpr std::uint64_t kShards = 2ULL * PC_FLOW_SHARDS;
constexpr std::size_t kEntriesPerPage = 8192;
// The kernel's walk may pass over entries, and a flow may change while it is to end: it is looked for until a walk finds none.
constexpr int kMostWalks = 8;

std::uint32_t state_of(std::uint64_t word) { return static_cast<std::uint32_t>(word >> PC_WORD_STATE_SHIFT & PC_WORD_STATE_MASK); }
std::uint32_t epoch_of(std::uint64_t word) { return static_cast<std::uint32_t>(word >> PC_WORD_EPOCH_SHIFT & PC_WORD_EPOCH_MASK); }
bool has_flag(std::uint64_t word, std::uint32_t flag) { return (word >> PC_WORD_FLAGS_SHIFT & flag) != 0; }

FlowState flow_state(std::uint64_t word) {
    switch (state_of(word)) {
        case PC_FLOW_SYN_SENT:
            return FlowState::SynSent;
        case PC_FLOW_PICKED_UP:
            return FlowState::PickedUp;
        case PC_FLOW_SYN_RECEIVED:
            return FlowState::SynReceived;
        case PC_FLOW_ESTABLISHED:
            return FlowState::Established;
        case PC_FLOW_FIN_WAIT:
            return FlowState::FinWait;
        case PC_FLOW_CLOSE_WAIT:
            return FlowState::CloseWait;
        case PC_FLOW_LAST_ACK:
            return FlowState::LastAck;
        case PC_FLOW_TIME_WAIT:
            return FlowState::TimeWait;
        case PC_FLOW_CLOSE:
            return FlowState::Close;
        default:
            return has_flag(word, PC_FLOW_ANSWERED) ? FlowState::Answered : FlowState::Unanswered;
    }
}

Address address_of(Family family, const void* bytes) {
    Address address{.family = family};
    std::memcpy(address.bytes.data(), bytes, address_bits(family) / 8U);
    return address;
}

FlowTraffic traffic_of(const pc_flow& flow, Direction direction) {
    constexpr std::uint64_t kMask = (std::uint64_t{1} << PC_COUNT_BITS) - 1;
    const auto side = static_cast<std::size_t>(direction);
    return {.packets = flow.packets[side] & kMask, .bytes = flow.bytes[side] & kMask};
}

// As the programs' is_over: another CPU may already have seen the next tick.
std::int32_t idle_ticks(const pc_flow& flow, std::uint32_t now) {
    return static_cast<std::int32_t>(now - static_cast<std::uint32_t>(flow.seen));
}

std::uint32_t seconds_of(std::int32_t ticks) {
    constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
    return ticks <= 0 ? 0 : static_cast<std::uint32_t>((static_cast<std::uint64_t>(ticks) << PC_TICK_SHIFT) / kNsPerSecond);
}

// None: no flow of a port in force.
template <class Key>
std::optional<Flow> flow_of(const Key& key, const pc_flow& entry, Family family, const HostImage& in_force, std::uint32_t now) {
    constexpr std::uint8_t kIcmp = 1, kIcmpv6 = 58;
    const auto port = in_force.ports.find(DeviceSlots::slot_of(key.port_id));
    const std::uint32_t state = state_of(entry.word);
    if (port == in_force.ports.end() || port->second.port_id != key.port_id || state == PC_FLOW_DEAD) {
        return std::nullopt;
    }
    const pc_port_view& view = port->second.view;
    const std::int32_t idle = idle_ticks(entry, now);
    if (idle > static_cast<std::int32_t>(view.timeout_ticks[state])) {
        return std::nullopt;
    }
    const bool is_query = key.protocol == kIcmp || key.protocol == kIcmpv6;
    const bool is_service = has_flag(entry.word, PC_FLOW_SERVICE);
    return Flow{.ifindex = port->second.ifindex,
                .begun = has_flag(entry.word, PC_FLOW_STARTED_IN) ? Direction::Inbound : Direction::Outbound,
                .protocol = key.protocol,
                .local = address_of(family, &key.local),
                .remote = address_of(family, &key.remote),
                .local_port = ntohs(key.local_port),
                .remote_port = is_query ? key.remote_port : ntohs(key.remote_port),
                .state = flow_state(entry.word),
                .idle_seconds = seconds_of(idle),
                .traffic = std::array{traffic_of(entry, Direction::Outbound), traffic_of(entry, Direction::Inbound)},
                .is_service = is_service,
                .is_cut = !is_service && epoch_of(entry.word) == view.epoch && !has_flag(entry.word, PC_FLOW_GROUPS)};
}

pc_half_open_record record_of(const pc_flow4_key& key) {
    pc_half_open_record record{};
    record.v4 = key;
    record.family = PC_IPV4;
    return record;
}

pc_half_open_record record_of(const pc_flow6_key& key) {
    pc_half_open_record record{};
    record.v6 = key;
    record.family = PC_IPV6;
    return record;
}

// Calls `visit` with key and entry of every element.
template <class Key, class Entry, class Visit>
Result<> for_each_entry(const MapOfMaps& table, std::uint32_t shard, Visit visit) {
    auto map = table.open(shard).and_then([](UniqueFd fd) { return BpfMap<Key, Entry>::adopt(std::move(fd)); });
    return map ? map->for_each(visit) : fail(std::move(map.error()));
}

}  // namespace

Result<FlowReader> FlowReader::open(const BpfObject& object) {
    auto flows4 = object.map("pc_flows4").and_then([](UniqueFd fd) { return MapOfMaps::adopt(std::move(fd)); });
    auto flows6 = object.map("pc_flows6").and_then([](UniqueFd fd) { return MapOfMaps::adopt(std::move(fd)); });
    auto host = object.map("pc_host").and_then([](UniqueFd fd) { return BpfRows<pc_host>::adopt(std::move(fd)); });
    if (!flows4 || !flows6 || !host) {
        return fail(!flows4 ? flows4.error() : !flows6 ? flows6.error() : host.error());
    }
    FlowReader reader;
    reader.flows4_ = std::move(*flows4);
    reader.flows6_ = std::move(*flows6);
    reader.host_ = std::move(*host);
    return reader;
}

Result<std::uint32_t> FlowReader::now(const Sweeper& sweeper) const {
    pc_host host{};
    if (auto found = host_.look_up(0, host); !found) {
        return fail(std::move(found.error()));
    }
    return sweeper.ticks(host);
}

Result<std::size_t> FlowReader::for_each_in(std::uint64_t shard, const Look& look, const Found& found) const {
    std::size_t looked_at = 0;
    const auto take = [&](Family family, const auto& key, const auto& entry) {
        ++looked_at;
        if (auto flow = flow_of(key, entry.flow, family, look.in_force, look.now); flow && look.filter.matches(*flow)) {
            found(std::move(*flow), record_of(key));
        }
    };
    const auto number = static_cast<std::uint32_t>(shard % PC_FLOW_SHARDS);
    const Result<> read =
        shard < PC_FLOW_SHARDS
            ? for_each_entry<pc_flow4_key, pc_flow4>(flows4_, number, [&](const auto& key, const auto& e) { take(Family::Ipv4, key, e); })
            : for_each_entry<pc_flow6_key, pc_flow6>(flows6_, number, [&](const auto& key, const auto& e) { take(Family::Ipv6, key, e); });
    return read ? Result<std::size_t>(looked_at) : fail(read.error());
}

Result<FlowPage> FlowReader::read(const HostImage& in_force, const FlowFilter& filter, std::uint64_t from, const Sweeper& sweeper) const {
    const auto now = this->now(sweeper);
    if (!now) {
        return fail(now.error());
    }
    const Look look{.in_force = in_force, .filter = filter, .now = *now};
    FlowPage page;
    std::uint64_t shard = from;
    for (std::size_t looked_at = 0; shard < kShards && looked_at < kEntriesPerPage; ++shard) {
        const auto entries =
            for_each_in(shard, look, [&](Flow flow, const pc_half_open_record&) { page.flows.push_back(std::move(flow)); });
        if (!entries) {
            return fail(entries.error());
        }
        looked_at += *entries;
    }
    if (shard < kShards) {
        page.next = shard;
    }
    return page;
}

Result<std::uint64_t> FlowReader::end_in(std::uint64_t shard, const Look& look, const Sweeper& sweeper) const {
    std::uint64_t ended = 0;
    for (int walk = 0; walk < kMostWalks; ++walk) {
        std::vector<pc_half_open_record> records;
        const auto read = for_each_in(shard, look, [&](const Flow&, const pc_half_open_record& record) { records.push_back(record); });
        if (!read) {
            return fail(read.error());
        }
        if (records.empty()) {
            break;
        }
        const auto done = sweeper.end(records);
        if (!done) {
            return fail(done.error());
        }
        ended += *done;
    }
    return ended;
}

Result<FlowsEnded> FlowReader::end(const HostImage& in_force, const FlowFilter& filter, std::uint64_t from, const Sweeper& sweeper) const {
    const auto now = this->now(sweeper);
    if (!now) {
        return fail(now.error());
    }
    const Look look{.in_force = in_force, .filter = filter, .now = *now};
    FlowsEnded ended;
    std::uint64_t shard = from;
    for (std::uint64_t looked_at = 0; shard < kShards && looked_at < kEntriesPerPage; ++shard) {
        const auto count = end_in(shard, look, sweeper);
        if (!count) {
            return fail(count.error());
        }
        ended.count += *count;
        looked_at += *count;
    }
    if (shard < kShards) {
        ended.next = shard;
    }
    return ended;
}

}  // namespace portcullis
