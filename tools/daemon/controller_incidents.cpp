// SPDX-License-Identifier: Apache-2.0
// The part of the controller that acts on single ports in incidents.
#include <algorithm>
#include <utility>

#include "tools/daemon/clock.h"
#include "tools/daemon/controller.h"

namespace portcullis {
namespace {

PortOutcome outcome(PortOutcome::Kind kind, std::string message) { return {.kind = kind, .message = std::move(message), .generation = 0}; }

constexpr const char* kNoModel = "no model has been accepted yet, so no port is known";

const Device* device_named(const HostDevices& devices, const std::string& name) {
    const auto found = std::ranges::find_if(devices, [&](const auto& entry) { return entry.second.name == name; });
    return found == devices.end() ? nullptr : &found->second;
}

}  // namespace

// A port of ours, an interface of the model whether it is here or not, or a device that could be a port. Error::code 1: it must not be
// closed.
Result<Quarantine> Controller::quarantine_of(const std::string& port) const {
    Quarantine quarantine{.port = port, .interface_id = {}, .device = {}, .ifindex = 0, .since = utc_now()};
    const std::vector<PortLine> found = lines_of(port);
    const auto holder = std::ranges::find(found, PortState::Enforced, &PortLine::state);
    if (std::ranges::find(model_->network_interfaces, port, &NetworkInterface::id) != model_->network_interfaces.end()) {
        quarantine.interface_id = port;
        quarantine.ifindex = holder == found.end() ? 0 : holder->ifindex;
        return quarantine;
    }
    if (!found.empty()) {
        const PortLine& line = holder == found.end() ? found.front() : *holder;
        quarantine.device = line.device;
        quarantine.ifindex = line.ifindex;
        // Of a newcomer in conflict it is another device's.
        quarantine.interface_id = line.state == PortState::Conflict ? std::string{} : line.interface_id;
        return quarantine;
    }
    const Device* const device = device_named(host_.devices, port);
    if (device == nullptr) {
        return fail("there is no port " + port + ", and the model has no such interface");
    }
    const auto applied = std::ranges::find(applied_, device->ifindex, &DeviceBinding::ifindex);
    const bool is_uplink = applied != applied_.end() && applied->kind == DeviceBinding::Kind::Uplink;
    if (is_uplink || device->is_bridge || !device->is_ethernet || device->is_physical || host_.default_routes().contains(device->ifindex)) {
        return fail(port + " is no port: closing it would cut the host off", 1);
    }
    quarantine.device = port;
    quarantine.ifindex = device->ifindex;
    return quarantine;
}

// Closed first, remembered then: what cannot be remembered is closed all the same.
PortOutcome Controller::quarantine(const std::string& port) {
    if (!model_) {
        return outcome(PortOutcome::Kind::Refused, kNoModel);
    }
    if (!why_nothing_is_enforced().empty()) {
        return outcome(PortOutcome::Kind::Failed, port + " cannot be closed: nothing is enforced on this host");
    }
    if (std::ranges::find(quarantines_, port, &Quarantine::port) == quarantines_.end()) {
        Result<Quarantine> fresh = quarantine_of(port);
        if (!fresh) {
            return outcome(fresh.error().code == 1 ? PortOutcome::Kind::Refused : PortOutcome::Kind::Unknown, fresh.error().message);
        }
        quarantines_.push_back(std::move(*fresh));
    }
    const Result<bool> closed = devices_changed();
    const Result<> saved = host_.store.save_quarantines(quarantines_);
    if (!closed) {
        return outcome(PortOutcome::Kind::Failed,
                       port + " is not closed yet, and it is tried again every second: " + closed.error().message);
    }
    return saved ? done() : outcome(PortOutcome::Kind::Failed, port + " is closed until the daemon ends: " + saved.error().message);
}

// Forgotten first, opened then: what cannot be forgotten stays closed.
PortOutcome Controller::lift_quarantine(const std::string& port) {
    if (!model_) {
        return outcome(PortOutcome::Kind::Refused, kNoModel);
    }
    const Device* const device = device_named(host_.devices, port);
    std::vector<Quarantine> others = quarantines_;
    const std::size_t lifted = std::erase_if(others, [&](const Quarantine& quarantine) {
        return quarantine.port == port || quarantine.interface_id == port || quarantine.device == port ||
               (device != nullptr && quarantine.ifindex == device->ifindex);
    });
    if (lifted == 0) {
        return outcome(PortOutcome::Kind::Unknown, port + " is not in quarantine");
    }
    if (const Result<> saved = host_.store.save_quarantines(others); !saved) {
        return outcome(PortOutcome::Kind::Failed, port + " stays in quarantine: " + saved.error().message);
    }
    quarantines_ = std::move(others);
    const Result<bool> opened = devices_changed();
    return opened ? done()
                  : outcome(PortOutcome::Kind::Failed,
                            port + " is not opened yet, and it is tried again every second: " + opened.error().message);
}

PortOutcome Controller::release(const std::string& device) {
    if (!model_) {
        return outcome(PortOutcome::Kind::Refused, kNoModel);
    }
    const std::vector<PortLine> found = lines_of(device);
    const auto line = std::ranges::find(found, device, &PortLine::device);
    if (line == found.end()) {
        return outcome(PortOutcome::Kind::Unknown, "there is no device " + device + " that is guarded");
    }
    if (line->state == PortState::Released) {
        return done();
    }
    if (line->state != PortState::Orphaned) {
        return outcome(PortOutcome::Kind::Refused, device + " is " + std::string(to_string(line->state)) + ", not orphaned");
    }
    const BindingMemory before = memory_;
    memory_.once_bound.erase(line->ifindex);
    memory_.released.insert(line->ifindex);
    const Result<bool> released = devices_changed();
    if (!released) {
        memory_ = before;
        return outcome(PortOutcome::Kind::Failed, device + " stays closed: " + released.error().message);
    }
    remember();
    return storage_trouble_
               ? outcome(PortOutcome::Kind::Failed, device + " is released until the daemon ends: " + storage_trouble_->message)
               : done();
}

}  // namespace portcullis
