// SPDX-License-Identifier: Apache-2.0
#include "loader/device_hooks.h"

#include <algorithm>
#include <cerrno>
#include <functional>

#include "loader/clsact.h"

namespace portcullis {
namespace {

Result<bool> stands_on_both(const Standing& standing, std::uint32_t ifindex) {
    for (const Direction direction : kDirections) {
        auto held = is_held(standing, {.ifindex = ifindex, .direction = direction});
        if (!held || !*held) {
            return held;
        }
    }
    return true;
}

bool has_port(std::span<const DeviceBinding> devices, std::uint32_t ifindex) {
    return std::ranges::any_of(devices, [&](const DeviceBinding& binding) { return binding.ifindex == ifindex && is_port(binding); });
}

}  // namespace

DeviceHooks::DeviceHooks(Attachments attachments, const BpfObject& object, LogCallback log, WorkCallback work)
    : attachments_(std::move(attachments)), log_(std::move(log)), work_(std::move(work)) {
    for (const Direction direction : kDirections) {
        programs_[static_cast<std::size_t>(direction)] = {.fd = object.program_fd(direction), .id = object.program_id(direction)};
    }
}

Result<> DeviceHooks::attach(std::uint32_t ifindex) {
    for (const Direction direction : kDirections) {
        const Program& program = programs_[static_cast<std::size_t>(direction)];
        if (auto attached = attachments_.attach({.ifindex = ifindex, .direction = direction}, program.fd, program.id); !attached) {
            return attached;
        }
    }
    // Read back once both are there: where a qdisc of another kind serves both directions by one block of filters, the second program
    // took the first one's place.
    auto is_held = holds_ours(ifindex);
    if (!is_held) {
        return fail(std::move(is_held.error()));
    }
    if (!*is_held) {
        return fail("device " + std::to_string(ifindex) + " does not hold one program at each hook: is its qdisc ffff: no clsact one?",
                    EBUSY);
    }
    return {};
}

Result<> DeviceHooks::detach(std::uint32_t ifindex) {
    for (const Direction direction : kDirections) {
        if (auto detached = attachments_.detach({.ifindex = ifindex, .direction = direction}); !detached) {
            return detached;
        }
    }
    return {};
}

Result<bool> DeviceHooks::holds_ours(std::uint32_t ifindex) const {
    for (const Direction direction : kDirections) {
        const Program& program = programs_[static_cast<std::size_t>(direction)];
        auto held = attachments_.holds({.ifindex = ifindex, .direction = direction}, program.id);
        if (!held || !*held) {
            return held;
        }
    }
    return true;
}

// What the maps know and no hook was looked at for is a former daemon's as well.
Result<bool> DeviceHooks::holds_enforcement(std::uint32_t ifindex, const Standing& standing) const {
    const auto known = devices_.find(ifindex);
    const bool is_former = known == devices_.end() || known->second == State::Standing;
    return is_former ? stands_on_both(standing, ifindex) : holds_ours(ifindex);
}

Result<std::vector<std::uint32_t>> DeviceHooks::adopt(std::span<const std::uint32_t> devices, const Standing& standing) {
    std::vector<std::uint32_t> lost;
    for (const std::uint32_t ifindex : devices) {
        const auto stands = stands_on_both(standing, ifindex);
        if (!stands) {
            return fail(stands.error());
        }
        if (*stands) {
            devices_.emplace(ifindex, State::Standing);
        } else {
            lost.push_back(ifindex);
        }
    }
    return lost;
}

Result<std::vector<std::uint32_t>> DeviceHooks::find_lost(std::span<const DeviceBinding> devices, const Standing& standing) const {
    std::vector<std::uint32_t> lost;
    for (const DeviceBinding& binding : devices) {
        const auto known = devices_.find(binding.ifindex);
        if (known == devices_.end() || !is_port(binding)) {
            continue;
        }
        auto is_held = known->second == State::Closed ? Result<bool>(false) : holds_enforcement(binding.ifindex, standing);
        if (!is_held) {
            return fail(std::move(is_held.error()));
        }
        if (!*is_held) {
            lost.push_back(binding.ifindex);
        }
    }
    return lost;
}

Result<std::vector<DeviceBinding>> DeviceHooks::close_newcomers(std::span<const DeviceBinding> devices, const Standing& standing) {
    std::vector<DeviceBinding> present;
    Result<> closed;
    const auto is_known = [&](const DeviceBinding& binding) { return !is_port(binding) || devices_.contains(binding.ifindex); };
    const auto newcomers = static_cast<std::size_t>(std::ranges::count_if(devices, std::not_fn(is_known)));
    std::size_t seen = 0;
    for (const DeviceBinding& binding : devices) {
        if (is_known(binding)) {
            present.push_back(binding);
            continue;
        }
        tell(work_, "attaching to devices", seen++, newcomers);
        const auto stands = stands_on_both(standing, binding.ifindex);
        if (stands && *stands) {
            devices_.emplace(binding.ifindex, State::Standing);
            present.push_back(binding);
            continue;
        }
        const auto attached = stands ? attach(binding.ifindex) : fail(stands.error());
        if (attached) {
            devices_.emplace(binding.ifindex, State::Ours);
            present.push_back(binding);
        } else if (attached.error().code == ENODEV) {
            say(attached.error().with_context("device " + binding.device + " is gone"));
            if (const auto detached = detach(binding.ifindex); !detached) {  // of one that went between its two hooks, the pin of the first
                say(detached.error());
            }
        } else if (closed) {
            // The others are closed all the same: one device's trouble opens no other.
            closed = fail(attached.error().with_context("device " + binding.device));
        }
    }
    if (!closed) {
        return fail(std::move(closed.error()));
    }
    return present;
}

Result<> DeviceHooks::take_over(const Standing& standing) {
    for (auto& [ifindex, state] : devices_) {
        auto attached = state == State::Ours ? Result<>() : attach(ifindex);
        if (attached) {
            state = State::Ours;
        } else if (attached.error().code != ENODEV) {
            return attached;
        }  // else it is gone, and stays known until its entries are closed
    }
    // What stands by the other kind of hook stood in for ours until now.
    const bool has_links = attachments_.mode() == AttachMode::Tcx;
    for (const StandingFilter& filter : standing.filters) {
        if (auto removed = has_links && devices_.contains(filter.hook.ifindex) ? clsact_detach(filter.hook) : Result<>(); !removed) {
            return removed;
        }
    }
    for (const PinnedLink& link : standing.links) {
        if (auto removed = !has_links && devices_.contains(link.hook.ifindex) ? release_link(link) : Result<>(); !removed) {
            return removed;
        }
    }
    return {};
}

void DeviceHooks::release_others(std::span<const DeviceBinding> devices) {
    for (auto device = devices_.begin(); device != devices_.end();) {
        const auto detached = has_port(devices, device->first) ? Result<>() : detach(device->first);
        if (!detached) {
            say(detached.error());
        }
        device = !detached || has_port(devices, device->first) ? std::next(device) : devices_.erase(device);
    }
}

void DeviceHooks::release_others_of(const Standing& standing, std::span<const DeviceBinding> devices) {
    for (const StandingFilter& filter : standing.filters) {
        if (auto removed = has_port(devices, filter.hook.ifindex) ? Result<>() : clsact_detach(filter.hook); !removed) {
            say(removed.error());
        }
    }
    for (const PinnedLink& link : standing.links) {
        if (auto removed = has_port(devices, link.hook.ifindex) ? Result<>() : release_link(link); !removed) {
            say(removed.error());
        }
    }
}

void DeviceHooks::say(const Error& error) const {
    if (log_) {
        log_(LogLevel::Warning, error.message);
    }
}

}  // namespace portcullis
