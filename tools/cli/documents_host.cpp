// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/documents_host.h"

#include <algorithm>

#include "tools/daemon/bindings.h"

namespace portcullis {
namespace {

// Beyond what kernels give out before they have run for years.
constexpr std::uint32_t kFirstMadeUp = 1'000'000'000;

class StandIns {
   public:
    explicit StandIns(HostDevices& devices) : devices_(devices) {}

    // The device's number; made up where there is none of that name.
    std::uint32_t need(const std::string& name, std::uint32_t master, bool is_bridge) {
        const auto found = std::ranges::find_if(devices_, [&](const auto& one) { return one.second.name == name; });
        if (found != devices_.end()) {
            return found->first;
        }
        while (devices_.contains(next_)) {
            ++next_;
        }
        devices_[next_] = {.ifindex = next_, .name = name, .alias = {}, .master = master, .is_bridge = is_bridge};
        made_up_ += (made_up_.empty() ? "" : ", ") + name + " is " + std::to_string(next_);
        return next_;
    }
    [[nodiscard]] const std::string& made_up() const { return made_up_; }

   private:
    HostDevices& devices_;
    std::uint32_t next_ = kFirstMadeUp;
    std::string made_up_;
};

}  // namespace

DocumentsHost documents_host(const Ruleset& ruleset, HostDevices present) {
    StandIns stand_ins(present);
    std::uint32_t bridge = 0;
    for (const Bridge& one : ruleset.bridges) {
        bridge = stand_ins.need(one.device, 0, true);
        for (const std::string& uplink : one.uplinks) {
            (void)stand_ins.need(uplink, bridge, false);
        }
    }
    // No document says which bridge a port is on: of several, none is taken.
    const std::uint32_t only_bridge = ruleset.bridges.size() == 1 ? bridge : 0;
    for (const Port& port : ruleset.ports) {
        if (!port.device.empty()) {
            (void)stand_ins.need(port.device, only_bridge, false);
        }
    }
    DocumentsHost host;
    BindingPlan plan = plan_bindings(ruleset, present, {}, {});
    host.devices = std::move(plan.devices);
    if (!stand_ins.made_up().empty()) {
        host.notes.push_back("not on this host, so their numbers are made up, and a kernel takes the text only once they are there: " +
                             stand_ins.made_up());
    }
    for (const Port& port : ruleset.ports) {
        const bool is_bound = std::ranges::any_of(host.devices, [&](const DeviceBinding& device) {
            return device.kind == DeviceBinding::Kind::Bound && ruleset.ports[device.port].interface_id == port.interface_id;
        });
        if (!is_bound) {
            host.notes.push_back(port.interface_id +
                                 " is left out: no document names its device, or another has it, and no device here has "
                                 "its id as alias");
        }
    }
    return host;
}

}  // namespace portcullis
