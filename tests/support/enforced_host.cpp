// SPDX-License-Identifier: Apache-2.0
#include "tests/support/enforced_host.h"

#include <algorithm>
#include <cerrno>

#include "compiler/compile/compile.h"

namespace portcullis::test {

EnforcedHost::EnforcedHost(const TestHostOptions& options, const TestBackEndOptions& back_end)
    : host_(options), fast_paths_(options.ports, back_end.fast_path), back_end_(make_back_end(back_end)) {
    start_daemon();
}

void EnforcedHost::start_daemon() {
    const NetNamespace::Entered here = host_.host().enter();
    back_end_->start_daemon();
}

void EnforcedHost::end_daemon() {
    const NetNamespace::Entered here = host_.host().enter();
    back_end_->end_daemon();
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
            device.fast_path = fast_paths_[port];
            ports_[id] = port;
        }
        devices.push_back(device);
    }
    back_end_->apply(ruleset, devices, facts);
}

void EnforcedHost::forget_flows() {
    const NetNamespace::Entered here = host_.host().enter();
    back_end_->forget_flows();
}

void EnforcedHost::age_flows(unsigned seconds) {
    const NetNamespace::Entered here = host_.host().enter();
    back_end_->age_flows(seconds);
}

ReasonCounts EnforcedHost::counts(std::size_t port, Direction direction) const {
    return back_end_->counts(host_.port_ifindex(port), direction);
}

std::uint64_t EnforcedHost::fast_packets(std::size_t port) const {
    return dynamic_cast<const BpfBackEnd&>(*back_end_).fast_packets(host_.port_ifindex(port));
}

std::uint64_t EnforcedHost::drops_at_uplinks() const { return back_end_->drops_at_uplinks(); }

std::map<std::string, std::uint64_t> EnforcedHost::rule_hits() const {
    const NetNamespace::Entered here = host_.host().enter();
    std::map<std::string, std::uint64_t> hits;
    for (const RuleHits& rule : value_or_end(back_end_->dataplane().rule_hits(), "read the rules' counters")) {
        if (rule.decisions != 0) {
            hits[rule.label] += rule.decisions;
        }
    }
    return hits;
}

const AttachedProgram& EnforcedHost::program(std::size_t port, Direction direction) const {
    return dynamic_cast<const BpfBackEnd&>(*back_end_).program(host_.port_ifindex(port), direction);
}

}  // namespace portcullis::test
