// SPDX-License-Identifier: Apache-2.0
// The part of the controller that answers questions about what is enforced, without an effect on it.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "tools/daemon/controller.h"

namespace portcullis {

LocalNetwork Controller::local_network() const {
    LocalNetwork network{.ports = {}, .bridges = {}, .uplinks = {}, .facts = applied_facts_};
    for (const DeviceBinding& device : applied_) {
        switch (device.kind) {
            case DeviceBinding::Kind::Bound:
                network.ports.emplace(ruleset_.ports[device.port].interface_id,
                                      LocalPort{.ifindex = device.ifindex, .device = device.device, .bridge = device.bridge});
                break;
            case DeviceBinding::Kind::Bridge:
                network.bridges.emplace(device.ifindex, LocalDevice{.ifindex = device.ifindex, .device = device.device});
                break;
            case DeviceBinding::Kind::Uplink:
                network.uplinks.emplace(device.bridge, LocalDevice{.ifindex = device.ifindex, .device = device.device});
                break;
            case DeviceBinding::Kind::Closed:
            case DeviceBinding::Kind::Routed:
                break;
        }
    }
    return network;
}

Result<LiveAnswer> Controller::explain(const Question& question) {
    auto answer = portcullis::explain(*model_, question);
    if (!answer) {
        return fail(answer.error().message, EINVAL);
    }
    LiveAnswer live{.model = std::move(*answer), .gates = {}, .closed = {}};
    const LocalNetwork network = local_network();
    const auto probes = GateProbes(*model_, network).of(question, GateProbes::Responses::Asked);
    if (!probes) {
        return fail(probes.error().message, EINVAL);
    }
    std::vector<ProbePacket> packets;
    for (const GateProbe& probe : *probes) {
        packets.push_back(probe.packet);
    }
    const bool has_copy = host_.dataplane.can_probe();
    auto verdicts = has_copy && !packets.empty() ? host_.dataplane.probe(packets, Dataplane::ProbeRules::Told)
                                                 : Result<std::vector<ProbeVerdict>>(std::vector<ProbeVerdict>());
    if (!verdicts) {
        return fail(std::move(verdicts.error()));
    }
    for (std::size_t i = 0; i < probes->size(); ++i) {
        live.gates.push_back({.probe = (*probes)[i], .programs = has_copy ? std::optional((*verdicts)[i]) : std::nullopt});
    }
    for (const PortLine& line : lines()) {
        const bool is_end =
            std::ranges::find(live.model.forward, line.interface_id, &StageAnswer::interface_id) != live.model.forward.end();
        if (is_end && line.ifindex != 0 && !network.ports.contains(line.interface_id)) {
            live.closed.push_back(line);
        }
    }
    return live;
}

Result<VerifiedRun> Controller::verify(std::uint64_t from) {
    if (from == 0) {
        verification_.emplace(host_.dataplane, model_ ? &*model_ : nullptr, local_network());
    } else if (!verification_ || from != next_part_) {
        return fail("what is enforced has changed since, or another run was begun: begin anew", ESTALE);
    }
    auto differences = verification_->go_on();
    if (!differences) {
        verification_.reset();
        return fail(std::move(differences.error()));
    }
    VerifiedRun run{.differences = std::move(*differences), .probes = verification_->probes(), .next = {}};
    if (verification_->is_over()) {
        verification_.reset();
    } else {
        next_part_ = ++last_part_;
        run.next = next_part_;
    }
    return run;
}

}  // namespace portcullis
