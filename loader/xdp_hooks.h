// SPDX-License-Identifier: Apache-2.0
// Which devices drop early, and how they get and lose the program for it. Nothing depends on it: what cannot be attached is said, and left.
// What is attached is asked of the kernel every time, as for the hooks that enforce (loader/device_hooks.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/dataplane.h"
#include "core/result.h"
#include "loader/log.h"
#include "loader/xdp_mode.h"
#include "loader/xdp_object.h"

namespace portcullis {

class XdpHooks {
   public:
    // Loads the programs, unless the mode is Off. Where the kernel refuses them that is said, and it is as if the mode were Off.
    [[nodiscard]] static XdpHooks create(XdpMode mode, const BpfObject& object, std::string links_directory, LogCallback log);

    // Afterwards exactly those of the devices that the mode means have our program, as far as they can: a former daemon's is replaced in
    // place, and taken off the others. Pre: TC at these devices enforces what the object's maps hold.
    void attach_to(std::span<const DeviceBinding> devices);
    // Attaches anew what somebody took off since, and tries again until it is there. Adds to `healing` what was.
    void heal(Healing& healing);
    // Adds the XDP programs of others at these devices: packets meet them before everything of ours.
    void add_neighbours(std::span<const std::uint32_t> devices, std::vector<Neighbour>& others) const;
    // "off", "taps: on 3 devices", "all: on 1 device, not on eth1 (another XDP program is there)"
    [[nodiscard]] std::string description() const;

   private:
    XdpHooks(XdpMode mode, std::string links_directory, LogCallback log)
        : mode_(mode), links_directory_(std::move(links_directory)), log_(std::move(log)) {}
    [[nodiscard]] bool means(const DeviceBinding& binding) const;
    [[nodiscard]] Result<> attach(const DeviceBinding& binding);
    [[nodiscard]] Result<bool> keep_standing(const std::string& path, std::uint32_t ifindex, const XdpObject::Program& program);
    [[nodiscard]] bool is_lost(std::uint32_t ifindex) const;
    void release_others(const std::map<std::uint32_t, DeviceBinding>& held);
    void say(const std::string& message) const;
    XdpMode mode_;
    std::string links_directory_;
    LogCallback log_;
    std::optional<XdpObject> object_;
    std::string trouble_;                            // why the programs could not be loaded
    std::map<std::uint32_t, DeviceBinding> held_;    // devices that have it
    std::map<std::uint32_t, DeviceBinding> lost_;    // that had it until somebody took it off
    std::map<std::uint32_t, std::string> refusals_;  // why others that the mode means have not
};

}  // namespace portcullis
