// SPDX-License-Identifier: Apache-2.0
#include "loader/xdp_hooks.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <utility>

#include "loader/device_driver.h"
#include "loader/host_image.h"
#include "loader/program_name.h"
#include "loader/xdp_link.h"

namespace portcullis {
namespace {

std::string reason_of(const Error& error) {
    switch (error.code) {
        case EBUSY:
        case EEXIST:
            return "another XDP program is there";
        case EOPNOTSUPP:
            return "no native XDP";
        default:
            return error.message;
    }
}

}  // namespace

std::string_view to_string(XdpMode mode) {
    switch (mode) {
        case XdpMode::Taps:
            return "taps";
        case XdpMode::All:
            return "all";
        case XdpMode::Everywhere:
            return "everywhere";
        case XdpMode::Off:
            break;
    }
    return "off";
}

XdpHooks XdpHooks::create(XdpMode mode, const BpfObject& object, std::string links_directory, LogCallback log) {
    XdpHooks hooks(mode, std::move(links_directory), std::move(log));
    if (mode == XdpMode::Off) {
        return hooks;
    }
    auto loaded = XdpObject::load(object);
    if (loaded) {
        hooks.object_ = std::move(*loaded);
    } else {
        hooks.trouble_ = loaded.error().message;
        hooks.say("no early drop: " + hooks.trouble_);
    }
    return hooks;
}

bool XdpHooks::means(const DeviceBinding& binding) const {
    const bool is_uplink = binding.kind == DeviceBinding::Kind::Uplink;
    if (!object_ || (!is_uplink && !is_port(binding)) || (is_uplink && binding.bridge == 0)) {
        return false;  // by an uplink that is no port of a bridge nothing comes that a port would drop for its MAC
    }
    switch (mode_) {
        case XdpMode::Everywhere:
            return true;
        case XdpMode::All:
            return is_uplink ? driver_of(binding.ifindex) != DeviceDriver::Veth : driver_of(binding.ifindex) == DeviceDriver::Tap;
        case XdpMode::Taps:
            return !is_uplink && driver_of(binding.ifindex) == DeviceDriver::Tap;
        case XdpMode::Off:
            break;
    }
    return false;
}

// Whether the pinned link holds the program at the device now, where one stands that can. Any other is removed.
Result<bool> XdpHooks::keep_standing(const std::string& path, std::uint32_t ifindex, const XdpObject::Program& program) {
    const UniqueFd link(::bpf_obj_get(path.c_str()));
    const auto standing = link.is_open() ? xdp_link(link.value()) : Result<XdpLink>(XdpLink{});
    if (standing && standing->ifindex == ifindex && standing->program_id == xdp_program_at(ifindex)) {
        const auto replaced = standing->program_id == program.id ? Result<>() : xdp_replace(link.value(), program.fd);
        if (replaced) {
            return true;
        }
        say(replaced.error().message);  // a former policy's program must not stay
    }
    if (auto released = release_xdp_link(path); !released) {
        return fail(std::move(released.error()));
    }
    return false;
}

Result<> XdpHooks::attach(const DeviceBinding& binding) {
    const bool is_uplink = binding.kind == DeviceBinding::Kind::Uplink;
    const XdpObject::Program& program = is_uplink ? object_->for_uplinks() : object_->for_ports();
    const std::string path = xdp_link_path(links_directory_, binding.ifindex);
    auto kept = keep_standing(path, binding.ifindex, program);
    if (!kept) {
        return fail(std::move(kept.error()));
    }
    if (*kept) {
        return {};
    }
    auto link = xdp_attach(binding.ifindex, program.fd);
    if (!link) {
        return fail(std::move(link.error()));
    }
    // Without the pin the link goes with its descriptor, that is now.
    if (const int result = ::bpf_obj_pin(link->value(), path.c_str()); result < 0) {
        return fail(Error::from_errno("cannot pin the XDP link " + path, -result));
    }
    if (xdp_program_at(binding.ifindex) != program.id) {
        (void)release_xdp_link(path);
        return fail("the XDP program is not there when read back", EAGAIN);
    }
    return {};
}

void XdpHooks::attach_to(std::span<const DeviceBinding> devices) {
    std::map<std::uint32_t, DeviceBinding> held;
    std::map<std::uint32_t, std::string> refusals;
    for (const DeviceBinding& binding : devices) {
        if (!means(binding)) {
            continue;
        }
        const auto attached = attach(binding);
        if (attached) {
            held.emplace(binding.ifindex, binding);
        } else if (attached.error().code != ENODEV) {
            refusals.emplace(binding.ifindex, binding.device + " (" + reason_of(attached.error()) + ")");
        }
    }
    for (const auto& [ifindex, refusal] : refusals) {
        if (const auto known = refusals_.find(ifindex); known == refusals_.end() || known->second != refusal) {
            say("no early drop on " + refusal);
        }
    }
    release_others(held);
    held_ = std::move(held);
    lost_.clear();
    refusals_ = std::move(refusals);
}

// By the pinned link alone: while it is at the device, no other program can be.
bool XdpHooks::is_lost(std::uint32_t ifindex) const {
    const UniqueFd link(::bpf_obj_get(xdp_link_path(links_directory_, ifindex).c_str()));
    const auto standing = link.is_open() ? xdp_link(link.value()) : Result<XdpLink>(XdpLink{});
    return !standing || standing->ifindex != ifindex;
}

void XdpHooks::heal(Healing& healing) {
    for (const auto& [ifindex, binding] : held_) {
        if (is_lost(ifindex)) {
            lost_.emplace(ifindex, binding);
        }
    }
    for (auto device = lost_.begin(); device != lost_.end();) {
        held_.erase(device->first);
        const auto attached = attach(device->second);
        if (attached) {
            healing.healed.push_back({device->first, "our XDP program was gone; it is attached again", Tampering::Kind::EarlyDrop});
            refusals_.erase(device->first);
            held_.insert(*device);
        } else if (attached.error().code != ENODEV) {
            refusals_[device->first] = device->second.device + " (" + reason_of(attached.error()) + ")";
            ++device;
            continue;
        }
        device = lost_.erase(device);
    }
}

void XdpHooks::add_neighbours(std::span<const std::uint32_t> devices, std::vector<Neighbour>& others) const {
    for (const std::uint32_t ifindex : devices) {
        for (const std::uint32_t program : xdp_programs_at(ifindex)) {
            if (!object_ || (program != object_->for_ports().id && program != object_->for_uplinks().id)) {
                others.push_back({.ifindex = ifindex, .hook = "xdp", .what = name_of_program(program), .order = Neighbour::Order::Before});
            }
        }
    }
}

void XdpHooks::release_others(const std::map<std::uint32_t, DeviceBinding>& held) {
    const auto paths = xdp_link_paths(links_directory_);
    if (!paths) {
        return say(paths.error().message);
    }
    for (const std::string& path : *paths) {
        if (held.contains(ifindex_of_path(path))) {
            continue;
        }
        if (const auto released = release_xdp_link(path); !released) {
            say(released.error().message);
        }
    }
}

std::string XdpHooks::description() const {
    if (!trouble_.empty()) {
        return std::string(to_string(mode_)) + ": not loaded";
    }
    std::string text(to_string(mode_));
    if (mode_ == XdpMode::Off) {
        return text;
    }
    text += ": on " + std::to_string(held_.size()) + (held_.size() == 1 ? " device" : " devices");
    std::string separator = ", not on ";
    for (const auto& [ifindex, refusal] : refusals_) {
        text += std::exchange(separator, ", ") + refusal;
    }
    return text;
}

void XdpHooks::say(const std::string& message) const {
    if (log_) {
        log_(LogLevel::Warning, message);
    }
}

}  // namespace portcullis
