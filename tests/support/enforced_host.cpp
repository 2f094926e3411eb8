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

template <class T>
T value_or_end(Result<T> result, const std::string& doing) {
    if (!result) {
        errno = result.error().code;
        end_test_run(doing + ": " + result.error().message);
    }
    return std::move(*result);
}

std::uint32_t slot_of(const AttachedProgram& program, std::uint32_t ifindex) {
    const auto row = program.map("pc_devices").value_of(bytes_of(ifindex));
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

EnforcedHost::EnforcedHost(const TestHostOptions& options, const MapCapacities& capacities) : host_(options) {
    const NetNamespace::Entered here = host_.host().enter();
    dataplane_ = value_or_end(
        BpfDataplane::create(
            {.bpffs_directory = PrivateBpffs::directory(), .attach_mode = AttachMode::Tcx, .capacities = capacities, .log = {}}),
        "load the BPF back end");
}

void EnforcedHost::apply(const Model& model) {
    const NetNamespace::Entered here = host_.host().enter();
    const Ruleset ruleset = value_or_end(compile(model), "compile the model");
    std::vector<DeviceBinding> devices{
        {.ifindex = host_.uplink_ifindex(), .device = "up0", .kind = DeviceBinding::Kind::Uplink},
        {.ifindex = host_.bridge_ifindex(), .device = "br0", .kind = DeviceBinding::Kind::Bridge},
    };
    ports_.clear();
    for (std::size_t port = 0; port < host_.port_count(); ++port) {
        DeviceBinding device{.ifindex = host_.port_ifindex(port), .device = TestHost::port_device(port)};
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
    (void)value_or_end(dataplane_->apply(ruleset, devices), "apply the model");
    hooks_.clear();
    slots_.clear();
    for (std::size_t port = 0; port < host_.port_count(); ++port) {
        const std::uint32_t ifindex = host_.port_ifindex(port);
        hooks_.push_back({.program = {attached_at(ifindex, Direction::Outbound), attached_at(ifindex, Direction::Inbound)}});
        slots_.push_back(slot_of(hooks_.back().program[0], ifindex));
    }
    const AttachedProgram& any = program(0, Direction::Outbound);
    counters_.emplace(any.map("pc_counters"));
    flows_.clear();
    flows_.push_back(any.map("pc_flows4"));
    flows_.push_back(any.map("pc_flows6"));
}

const AttachedProgram& EnforcedHost::program(std::size_t port, Direction direction) const {
    return hooks_.at(port).program[static_cast<std::size_t>(direction)];
}

void EnforcedHost::forget_flows() {
    for (const KernelMap& flows : flows_) {
        flows.clear();
    }
}

void EnforcedHost::age_flows(unsigned seconds) {
    const auto ticks = static_cast<std::uint32_t>((static_cast<std::uint64_t>(seconds) * 1'000'000'000) >> PC_TICK_SHIFT);
    for (const KernelMap& flows : flows_) {
        for (const std::vector<std::byte>& key : flows.keys()) {
            std::vector<std::byte> value = flows.value_of(key).value();
            auto flow = from_bytes<pc_flow>(value);
            const auto seen = static_cast<std::uint32_t>(flow.seen) - ticks;
            flow.seen = (flow.seen & 0xffffffff00000000u) | seen;
            std::memcpy(value.data(), &flow, sizeof flow);
            flows.update(key, value);
        }
    }
}

ReasonCounts EnforcedHost::counts(std::size_t port, Direction direction) const {
    ReasonCounts counts{};
    for (std::uint32_t reason = 0; reason < PC_REASON_COUNT; ++reason) {
        const std::uint32_t row = (slots_.at(port) * 2 + static_cast<std::uint32_t>(direction)) * PC_REASONS_MAX + reason;
        const std::vector<std::byte> values = counters_->value_of(bytes_of(row)).value();
        for (std::size_t at = 0; at < values.size(); at += sizeof(pc_counter)) {
            counts[reason] += from_bytes<pc_counter>(std::span(values).subspan(at)).packets;
        }
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
