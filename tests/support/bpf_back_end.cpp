// SPDX-License-Identifier: Apache-2.0
#include "tests/support/bpf_back_end.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "bpf/abi.h"
#include "tests/support/netns.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {
namespace {

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
    return std::as_bytes(std::span(&value, 1));
}

template <class T>
T from_bytes(std::span<const std::byte> bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

std::uint32_t slot_of(const KernelMap& devices, std::uint32_t ifindex) {
    const auto row = devices.value_of(bytes_of(ifindex));
    if (!row) {
        errno = ENOENT;
        end_test_run("find the device in pc_devices");
    }
    return from_bytes<pc_device>(*row).slot;
}

AttachedProgram attached_at(std::uint32_t ifindex, Direction direction) {
    std::optional<AttachedProgram> program = AttachedProgram::at(ifindex, direction);
    if (!program) {
        errno = ENOENT;
        end_test_run("find our program at the hook");
    }
    return std::move(*program);
}

}  // namespace

BpfBackEnd::BpfBackEnd(const TestBackEndOptions& options)
    : options_{.bpffs_directory = options.bpffs_directory,
               .attach_mode = options.attach_mode,
               .xdp = options.xdp,
               .fast_path = options.fast_path,
               .fast_path_lease = std::chrono::hours(24),  // no daemon looks after it
               .capacities = options.capacities,
               .log = {}} {}

void BpfBackEnd::start_daemon() { dataplane_ = value_or_end(BpfDataplane::create(options_), "load the BPF back end"); }

void BpfBackEnd::apply(const Ruleset& ruleset, std::span<const DeviceBinding> devices, const HostFacts& facts) {
    (void)value_or_end(dataplane_->apply(ruleset, devices, facts), "apply the model");
    hooks_.clear();
    for (const DeviceBinding& device : devices) {
        if (device.kind == DeviceBinding::Kind::Bound || device.kind == DeviceBinding::Kind::Closed) {
            Hooks hooks{.slot = slot_of(map("pc_devices"), device.ifindex),
                        .program = {attached_at(device.ifindex, Direction::Outbound), attached_at(device.ifindex, Direction::Inbound)}};
            hooks_.emplace(device.ifindex, std::move(hooks));
        }
    }
    counters_.emplace(map("pc_counters"));
}

const AttachedProgram& BpfBackEnd::program(std::uint32_t ifindex, Direction direction) const {
    return hooks_.at(ifindex).program[static_cast<std::size_t>(direction)];
}

AttachedProgram BpfBackEnd::xdp_program(std::uint32_t ifindex) {
    return AttachedProgram::of_link(PrivateBpffs::directory() + std::string("/links/pc_xdp_") + std::to_string(ifindex));
}

KernelMap BpfBackEnd::map(std::string_view name) const {
    return KernelMap::pinned(options_.bpffs_directory + "/maps/" + std::string(name));
}

void BpfBackEnd::forget_flows() {
    for (const char* table : {"pc_flows4", "pc_flows6"}) {
        const KernelMap shards = map(table);
        for (const std::vector<std::byte>& shard : shards.keys()) {
            KernelMap::by_id(from_bytes<std::uint32_t>(shards.value_of(shard).value())).clear();
        }
    }
    map("pc_claims").clear();
    const KernelMap states = map("pc_port_states");
    const KernelMap queues = map("pc_half_open");
    for (const auto& [ifindex, hooks] : hooks_) {
        const auto state = from_bytes<pc_port_state>(states.value_of(bytes_of(hooks.slot)).value());
        states.update(bytes_of(hooks.slot), bytes_of(pc_port_state{.port_id = state.port_id, .bridged = state.bridged}));
        for (const std::uint32_t row : {hooks.slot * 2, hooks.slot * 2 + 1}) {
            map("pc_fragments").update(bytes_of(row), bytes_of(pc_fragments{.port_id = state.port_id}));
            // A record that is left would end the flow that is opened under the same key again.
            if (const auto queue = queues.value_of(bytes_of(row))) {
                KernelMap::by_id(from_bytes<std::uint32_t>(*queue)).drain();
            }
        }
    }
    const std::uint32_t row = 0;
    map("pc_flow_pool").update(bytes_of(row), bytes_of(pc_flow_pool{}));
}

void BpfBackEnd::age_flows(unsigned seconds) {
    const KernelMap word = map("pc_host");
    const std::uint32_t row = 0;
    auto host = from_bytes<pc_host>(word.value_of(bytes_of(row)).value());
    host.clock_offset += static_cast<std::uint32_t>((static_cast<std::uint64_t>(seconds) * 1'000'000'000) >> PC_TICK_SHIFT);
    word.update(bytes_of(row), bytes_of(host));
}

ReasonCounts BpfBackEnd::counts(std::uint32_t ifindex, Direction direction) const {
    return counts_of_slot(hooks_.at(ifindex).slot, direction);
}

std::uint64_t BpfBackEnd::drops_at_uplinks() const { return counts_of_slot(0, Direction::Inbound)[PC_REASON_source_mac]; }

std::array<std::uint64_t, PC_REASONS_MAX> BpfBackEnd::rows_of_slot(std::uint32_t slot, Direction direction) const {
    std::array<std::uint64_t, PC_REASONS_MAX> counts{};
    const std::uint32_t first = (slot * 2 + static_cast<std::uint32_t>(direction)) * PC_REASONS_MAX;
    const std::vector<std::byte> rows = counters_->rows(first, PC_REASONS_MAX);
    const std::size_t row_bytes = rows.size() / PC_REASONS_MAX;  // one counter for each CPU
    for (std::size_t at = 0; at < rows.size(); at += sizeof(pc_counter)) {
        counts[at / row_bytes] += from_bytes<pc_counter>(std::span(rows).subspan(at)).packets;
    }
    return counts;
}

ReasonCounts BpfBackEnd::counts_of_slot(std::uint32_t slot, Direction direction) const {
    const std::array<std::uint64_t, PC_REASONS_MAX> rows = rows_of_slot(slot, direction);
    ReasonCounts counts{};
    std::copy_n(rows.begin(), counts.size(), counts.begin());
    counts[PC_REASON_passed] += rows[PC_COUNTED_FAST];
    return counts;
}

std::uint64_t BpfBackEnd::fast_packets(std::uint32_t ifindex) const {
    return rows_of_slot(hooks_.at(ifindex).slot, Direction::Outbound)[PC_COUNTED_FAST];
}

}  // namespace portcullis::test
