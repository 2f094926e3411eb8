// SPDX-License-Identifier: Apache-2.0
// DeviceHooks::heal and neighbours: what somebody else did to our hooks since the last look, and what others have there.
#include <algorithm>
#include <cerrno>
#include <iterator>
#include <string>
#include <utility>

#include "loader/device_hooks.h"
#include "loader/libbpf_log.h"
#include "loader/pin_healing.h"

namespace portcullis {
namespace {

using Place = HookView::Place;

std::size_t count(const std::array<HookView, 2>& views, Place place) {
    std::size_t number = 0;
    for (const HookView& view : views) {
        number += view.place == place ? 1 : 0;
    }
    return number;
}

}  // namespace

Result<DeviceHooks::Views> DeviceHooks::look(std::uint32_t ifindex) {
    Views views;
    for (const Direction direction : kDirections) {
        const auto place = static_cast<std::size_t>(direction);
        auto view = attachments_.look({.ifindex = ifindex, .direction = direction}, programs_[place].id);
        if (!view) {
            return fail(std::move(view.error()));
        }
        views[place] = std::move(*view);
    }
    return views;
}

// Whether our program is at the hook now, be it first or not.
bool DeviceHooks::put_right(const Hook& hook, const HookView& view, Healing& healing) {
    const Program& program = programs_[static_cast<std::size_t>(hook.direction)];
    if (view.place == Place::First) {
        return true;
    }
    if (view.place == Place::Missing) {
        const auto attached = attachments_.attach(hook, program.fd, program.id);
        if (attached) {
            healing.healed.push_back({hook.ifindex, "our program was gone from " + hook.place() + "; it is attached again"});
        }
        return attached.has_value();
    }
    const std::string who = list_of(view.before) + " at " + hook.place();
    if (!view.can_be_first) {
        healing.standing.push_back(
            {hook.ifindex, who + " comes before ours and may pass what ours would not; nothing of ours can be put before it"});
        return true;
    }
    if (const auto moved = attachments_.put_first(hook, program.fd); !moved) {
        healing.standing.push_back({hook.ifindex, who + " comes before ours and may pass what ours would not: " + moved.error().message});
        return true;
    }
    healing.healed.push_back({hook.ifindex, who + " was put before ours; ours is first again", Tampering::Kind::Order});
    return true;
}

// A hook that is still ours tells that it is the same device, as long as it is so afterwards.
bool DeviceHooks::put_right(std::uint32_t ifindex, const Views& views, Healing& healing) {
    for (const Direction direction : kDirections) {
        if (!put_right({.ifindex = ifindex, .direction = direction}, views[static_cast<std::size_t>(direction)], healing)) {
            return false;
        }
    }
    const bool was_whole = count(views, Place::Missing) == 0;
    return was_whole || holds_ours(ifindex) == true;
}

void DeviceHooks::begin_anew(std::uint32_t ifindex, const CloseDevice& close, Healing& healing) {
    const auto closed = close(ifindex);
    const auto attached = attach(ifindex);
    if (attached) {
        healing.needs_apply = true;
        healing.healed.push_back(
            {ifindex,
             "our programs were gone from tc ingress and tc egress; they are attached again, and the port begins anew, without flows"});
    } else if (attached.error().code != ENODEV) {
        healing.standing.push_back({ifindex, "our programs are gone and cannot be attached: " + attached.error().message});
    }
    if (!closed) {
        healing.standing.push_back({ifindex, "it cannot be closed: " + closed.error().message});
    }
}

Result<std::vector<Neighbour>> DeviceHooks::neighbours() {
    std::vector<Neighbour> all;
    for (const std::uint32_t ifindex : devices()) {
        for (const Direction direction : kDirections) {
            const Hook hook{.ifindex = ifindex, .direction = direction};
            auto found = attachments_.neighbours(hook, programs_[static_cast<std::size_t>(direction)].id);
            if (!found && found.error().code != ENODEV) {
                return fail(std::move(found.error()));
            }
            if (found) {
                std::ranges::move(*found, std::back_inserter(all));
            }
        }
    }
    return all;
}

std::vector<std::uint32_t> DeviceHooks::devices() const {
    std::vector<std::uint32_t> numbers;
    for (const auto& [ifindex, state] : devices_) {
        numbers.push_back(ifindex);
    }
    return numbers;
}

Result<std::vector<std::string>> DeviceHooks::pin_again() {
    const auto hooks = attachments_.pin_again();
    if (!hooks) {
        return fail(hooks.error());
    }
    std::vector<std::string> names;
    for (const Hook& hook : *hooks) {
        names.push_back("the link at " + hook.to_string());
    }
    return names;
}

Healing DeviceHooks::heal(const CloseDevice& close) {
    const LibbpfSilence silence;  // what fails is in the sentences, and is tried again several times a second
    Healing healing;
    for (auto& [ifindex, state] : devices_) {
        const auto views = state == State::Standing ? Result<Views>() : look(ifindex);
        if (state == State::Standing || (!views && views.error().code == ENODEV)) {
            continue;
        }
        if (!views) {
            healing.standing.push_back({ifindex, "whether our programs are there is unknown: " + views.error().message});
            continue;
        }
        if (count(*views, Place::First) == views->size()) {
            continue;
        }
        Healing found;
        const std::size_t missing = count(*views, Place::Missing);
        const bool is_lost = missing == views->size() || (missing != 0 && state == State::Closed);
        if (is_lost || !put_right(ifindex, *views, found)) {
            found = {};
            state = State::Closed;
            begin_anew(ifindex, close, found);
        }
        healing.needs_apply = healing.needs_apply || found.needs_apply;
        std::ranges::move(found.healed, std::back_inserter(healing.healed));
        std::ranges::move(found.standing, std::back_inserter(healing.standing));
    }
    return healing;
}

}  // namespace portcullis
