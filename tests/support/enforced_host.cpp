// SPDX-License-Identifier: Apache-2.0
#include "tests/support/enforced_host.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>

#include "bpf/abi.h"
#include "compiler/compile.h"
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

EnforcedHost::EnforcedHost(const TestHostOptions& options, const MapCapacities& capacities, XdpMode xdp, AttachMode attach_mode)
    : host_(options),
      options_{.bpffs_directory = PrivateBpffs::directory(), .attach_mode = attach_mode, .xdp = xdp, .capacities = capacities, .log = {}} {
    start_daemon();
}

void EnforcedHost::start_daemon() {
    const NetNamespace::Entered here = host_.host().enter();
    dataplane_ = value_or_end(BpfDataplane::create(options_), "load the BPF back end");
}

void EnforcedHost::apply(const Model& model, const HostFacts& facts) {
    const NetNamespace::Entered here = host_.host().enter();
    const Ruleset ruleset = value_or_end(compile(model), "compile the model");
    std::vector<DeviceBinding> devices{
        {.ifindex = host_.uplink_ifindex(), .device = "up0", .kind = DeviceBinding::Kind::Uplink, .bridge = host_.bridge_ifindex()},
        {.ifindex = host_.bridge_ifindex(), .device = "br0", .kind = DeviceBinding::Kind::Bridge, .bridge = host_.bridge_ifindex()},
    };
    ports_.clear();
    for (std::size_t port = 0; port < host_.port_count(); ++port) {
        DeviceBinding device{.ifindex = host_.port_ifindex(port), .device = TestHost::port_device(port), .bridge = host_.bridge_ifindex()};
        if (port < model.ports.size()) {
            const std::string& id = model.ports[port].network_interface_id;
            const auto bound = std::find_if(ruleset.ports.begin(), ruleset.ports.end(),
                                            [&](const Port& candidate) { return candidate.interface_id == id; });
            if (bound == ruleset.ports.end()) {
                errno = ENOENT;
                end_test_run("find " + id + " in the ruleset");
            }
            device.kind = DeviceBinding::Kind::Bound;
            device.port = static_cast<Index>(bound - ruleset.ports.begin());
            ports_[id] = port;
        }
        devices.push_back(device);
    }
    (void)value_or_end(dataplane_->apply(ruleset, devices, facts), "apply the model");
    hooks_.clear();
    slots_.clear();
    for (std::size_t port = 0; port < host_.port_count(); ++port) {
        const std::uint32_t ifindex = host_.port_ifindex(port);
        hooks_.push_back({.program = {attached_at(ifindex, Direction::Outbound), attached_at(ifindex, Direction::Inbound)}});
        slots_.push_back(slot_of(map("pc_devices"), ifindex));
    }
    counters_.emplace(map("pc_counters"));
}

const AttachedProgram& EnforcedHost::program(std::size_t port, Direction direction) const {
    return hooks_.at(port).program[static_cast<std::size_t>(direction)];
}

AttachedProgram EnforcedHost::xdp_program(std::uint32_t ifindex) {
    return AttachedProgram::of_link(PrivateBpffs::directory() + std::string("/links/pc_xdp_") + std::to_string(ifindex));
}

KernelMap EnforcedHost::map(std::string_view name) { return KernelMap::pinned(PrivateBpffs::directory() + "/maps/" + std::string(name)); }

void EnforcedHost::forget_flows() {
    for (const char* table : {"pc_flows4", "pc_flows6"}) {
        const KernelMap shards = map(table);
        for (const std::vector<std::byte>& shard : shards.keys()) {
            KernelMap::by_id(from_bytes<std::uint32_t>(shards.value_of(shard).value())).clear();
        }
    }
    map("pc_claims").clear();
    const KernelMap states = map("pc_port_states");
    for (const std::uint32_t slot : slots_) {
        const auto state = from_bytes<pc_port_state>(states.value_of(bytes_of(slot)).value());
        states.update(bytes_of(slot), bytes_of(pc_port_state{.port_id = state.port_id}));
        for (const std::uint32_t row : {slot * 2, slot * 2 + 1}) {
            map("pc_fragments").update(bytes_of(row), bytes_of(pc_fragments{.port_id = state.port_id}));
        }
    }
    const std::uint32_t row = 0;
    map("pc_flow_pool").update(bytes_of(row), bytes_of(pc_flow_pool{}));
}

void EnforcedHost::age_flows(unsigned seconds) {
    const KernelMap word = map("pc_host");
    const std::uint32_t row = 0;
    auto host = from_bytes<pc_host>(word.value_of(bytes_of(row)).value());
    host.clock_offset += static_cast<std::uint32_t>((static_cast<std::uint64_t>(seconds) * 1'000'000'000) >> PC_TICK_SHIFT);
    word.update(bytes_of(row), bytes_of(host));
}

ReasonCounts EnforcedHost::counts(std::size_t port, Direction direction) const { return counts_of_slot(slots_.at(port), direction); }

ReasonCounts EnforcedHost::counts_of_slot(std::uint32_t slot, Direction direction) const {
    ReasonCounts counts{};
    const std::uint32_t first = (slot * 2 + static_cast<std::uint32_t>(direction)) * PC_REASONS_MAX;
    const std::vector<std::byte> rows = counters_->rows(first, PC_REASON_COUNT);
    const std::size_t row_bytes = rows.size() / PC_REASON_COUNT;  // one counter for each CPU
    for (std::size_t at = 0; at < rows.size(); at += sizeof(pc_counter)) {
        counts[at / row_bytes] += from_bytes<pc_counter>(std::span(rows).subspan(at)).packets;
    }
    return counts;
}

std::map<std::string, std::uint64_t> EnforcedHost::rule_hits() const {
    std::map<std::string, std::uint64_t> hits;
    for (const RuleHits& rule : value_or_end(dataplane_->rule_hits(), "read the rules' counters")) {
        if (rule.decisions != 0) {
            hits[rule.label] += rule.decisions;
        }
    }
    return hits;
}

}  // namespace portcullis::test
