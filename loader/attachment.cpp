// SPDX-License-Identifier: Apache-2.0
#include "loader/attachment.h"

#include <bpf/bpf.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "loader/bpf_object.h"
#include "loader/clsact.h"
#include "loader/pin_sets.h"
#include "loader/program_name.h"
#include "loader/tcx.h"

namespace portcullis {
namespace {

// The pinned link, or an empty descriptor where there is none.
Result<UniqueFd> open_link(const std::string& path) {
    const int fd = ::bpf_obj_get(path.c_str());
    if (fd >= 0) {
        return UniqueFd(fd);
    }
    if (fd == -ENOENT) {
        return UniqueFd();
    }
    return fail(Error::from_errno("cannot open the pin " + path, -fd));
}

Result<> unpin(const std::string& path) {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) {
        return {};
    }
    return fail(Error::from_errno("cannot remove the pin " + path, errno));
}

Result<bool> is_at_hook(const Hook& hook, std::uint32_t program_id) {
    auto programs = tcx_programs(hook);
    if (programs) {
        return std::ranges::find(*programs, program_id) != programs->end();
    }
    if (programs.error().code == ENODEV) {
        return false;
    }
    return fail(std::move(programs.error()));
}

bool exists(std::uint32_t ifindex) {
    char name[IF_NAMESIZE];
    return ::if_indextoname(ifindex, name) != nullptr;
}

// After the name of a link's pin: the link that is to take its place.
constexpr const char* kFirst = "_first";

}  // namespace

std::string_view to_string(AttachMode mode) {
    switch (mode) {
        case AttachMode::Tcx:
            return "tcx";
        case AttachMode::Clsact:
            return "clsact";
        case AttachMode::Auto:
            break;
    }
    return "auto";
}

Attachments Attachments::create(AttachMode mode, std::string links_directory) {
    const bool has_tcx = probe_tcx().has_value();
    if (mode == AttachMode::Auto) {
        mode = has_tcx ? AttachMode::Tcx : AttachMode::Clsact;
    }
    return {mode, std::move(links_directory), has_tcx};
}

std::string Attachments::link_path(const Hook& hook) const {
    return links_directory_ + "/" + std::string(program_name(hook.direction)) + "_" + std::to_string(hook.ifindex);
}

Result<> Attachments::attach(const Hook& hook, int program_fd, std::uint32_t program_id) {
    auto attached = mode_ == AttachMode::Tcx ? attach_link(hook, program_fd) : clsact_attach(hook, program_fd);
    if (!attached) {
        return attached;
    }
    auto held = holds(hook, program_id);
    if (!held) {
        return fail(std::move(held.error()));
    }
    if (!*held) {
        return fail("cannot attach to " + hook.to_string() + ": the program is not there when read back",
                    exists(hook.ifindex) ? EAGAIN : ENODEV);
    }
    return {};
}

// The one that is held, or else pinned by an earlier process; an empty descriptor where there is neither.
Result<UniqueFd> Attachments::standing_link(const Hook& hook) {
    const auto held = links_.find(hook);
    if (held != links_.end()) {
        UniqueFd link = std::move(held->second);
        links_.erase(held);
        return link;
    }
    // Where a process died in put_link_first, what stands there is first, and the other link lets nothing pass.
    const std::string path = link_path(hook);
    if (::rename((path + kFirst).c_str(), path.c_str()) != 0 && errno != ENOENT) {
        return fail(Error::from_errno("cannot move the pin " + path + kFirst, errno));
    }
    return open_link(path);
}

Result<> Attachments::attach_link(const Hook& hook, int program_fd) {
    const std::string path = link_path(hook);
    auto link = standing_link(hook);
    if (!link) {
        return fail(std::move(link.error()));
    }
    if (link->is_open()) {
        const auto standing = tcx_link(link->value());
        auto is_there = standing && standing->hook == hook ? is_at_hook(hook, standing->program_id) : Result<bool>(false);
        if (!is_there) {
            return fail(std::move(is_there.error()));
        }
        if (*is_there) {
            auto replaced = tcx_replace(link->value(), program_fd);
            links_[hook] = std::move(*link);
            return replaced;
        }
        // The link of a device that is gone, or that went to another namespace, or that somebody detached: it is good for nothing.
        if (auto unpinned = unpin(path); !unpinned) {
            return unpinned;
        }
    }
    auto created = tcx_attach(hook, program_fd);
    if (!created) {
        return fail(std::move(created.error()));
    }
    // Without the pin the link goes with its descriptor, that is with this process.
    if (const int result = ::bpf_obj_pin(created->value(), path.c_str()); result < 0) {
        return fail(Error::from_errno("cannot pin the link of " + hook.to_string() + " as " + path, -result));
    }
    links_[hook] = std::move(*created);
    return {};
}

Result<> Attachments::detach(const Hook& hook) {
    if (mode_ == AttachMode::Clsact) {
        return clsact_detach(hook);
    }
    auto link = standing_link(hook);
    if (!link) {
        return fail(std::move(link.error()));
    }
    if (!link->is_open()) {
        return {};
    }
    if (auto detached = tcx_detach(link->value()); !detached) {
        links_[hook] = std::move(*link);
        return detached;
    }
    return unpin(link_path(hook));
}

Result<bool> Attachments::holds(const Hook& hook, std::uint32_t program_id) const {
    if (mode_ == AttachMode::Tcx) {
        return link_holds(hook, program_id);
    }
    auto program = clsact_program(hook);
    if (!program) {
        return fail(std::move(program.error()));
    }
    return *program == program_id;
}

Result<bool> Attachments::link_holds(const Hook& hook, std::uint32_t program_id) const {
    const auto link = links_.find(hook);
    if (link == links_.end()) {
        return false;
    }
    const auto standing = tcx_link(link->second.value());
    if (!standing || standing->hook != hook || standing->program_id != program_id) {
        return false;
    }
    return is_at_hook(hook, program_id);
}

// ---- looking, and putting right ---------------------------------------------------------------------------------------------------------

// By the programs' numbers alone: the kernel's count of changes to a hook begins anew when the last program leaves it.
Result<HookView> Attachments::look(const Hook& hook, std::uint32_t program_id) {
    if (mode_ == AttachMode::Clsact) {
        return look_at_filters(hook, program_id);
    }
    const auto programs = tcx_programs(hook);
    if (!programs) {
        return fail(programs.error());
    }
    HookView view;
    for (const std::uint32_t id : *programs) {
        if (id == program_id) {
            view.place = view.before.empty() ? HookView::Place::First : HookView::Place::Behind;
            return view;
        }
        view.before.push_back(name_of_program(id));
    }
    return HookView{};
}

// Where the kernel has tcx, what is there is asked before all filters.
Result<std::vector<Attachments::Asked>> Attachments::line_up(const Hook& hook, std::uint32_t program_id) {
    if (!filters_) {
        auto opened = FilterList::open();
        if (!opened) {
            return fail(std::move(opened.error()));
        }
        filters_ = std::move(*opened);
    }
    const auto filters = filters_->read(hook);
    const auto programs = has_tcx_ ? tcx_programs(hook) : Result<std::vector<std::uint32_t>>();
    if (!filters || !programs) {
        return fail(!filters ? filters.error() : programs.error());
    }
    const bool is_by_filter = mode_ == AttachMode::Clsact;
    std::vector<Asked> asked;
    for (const std::uint32_t id : *programs) {
        asked.push_back({.who = name_of_program(id), .is_ours = !is_by_filter && id == program_id, .is_tcx = true});
    }
    for (const ListedFilter& filter : *filters) {
        const bool has_our_place = filter.handle == kClsactHandle && filter.priority == kClsactPriority;
        asked.push_back({.who = filter.program_id != 0 ? name_of_program(filter.program_id) : "a " + filter.kind + " filter",
                         .is_ours = is_by_filter && has_our_place && filter.program_id == program_id});
    }
    return asked;
}

Result<HookView> Attachments::look_at_filters(const Hook& hook, std::uint32_t program_id) {
    const auto asked = line_up(hook, program_id);
    if (!asked) {
        return fail(asked.error());
    }
    HookView view{.can_be_first = std::ranges::none_of(*asked, &Asked::is_tcx)};
    for (const Asked& one : *asked) {
        if (one.is_ours) {
            view.place = view.before.empty() ? HookView::Place::First : HookView::Place::Behind;
            return view;
        }
        view.before.push_back(one.who);
    }
    if (!exists(hook.ifindex)) {
        return fail("no device " + std::to_string(hook.ifindex), ENODEV);
    }
    return HookView{};
}

Result<std::vector<Neighbour>> Attachments::neighbours(const Hook& hook, std::uint32_t program_id) {
    const auto asked = line_up(hook, program_id);
    if (!asked) {
        return fail(asked.error());
    }
    const auto ours = std::ranges::find_if(*asked, &Asked::is_ours);
    std::vector<Neighbour> others;
    for (auto one = asked->begin(); one != asked->end(); ++one) {
        if (one != ours) {
            others.push_back({.ifindex = hook.ifindex,
                              .hook = hook.place(),
                              .what = one->who,
                              .order = one < ours ? Neighbour::Order::Before : Neighbour::Order::Behind});
        }
    }
    return others;
}

Result<> Attachments::put_first(const Hook& hook, int program_fd) {
    return mode_ == AttachMode::Tcx ? put_link_first(hook, program_fd) : clsact_put_first(hook, program_fd);
}

// The kernel takes a program only once at a hook: while ours gets a link in front, the one that it has holds a program that lets nothing
// pass. Both are pinned before the one goes, so that no death in between leaves the hook without either.
Result<> Attachments::put_link_first(const Hook& hook, int program_fd) {
    const auto former = links_.find(hook);
    if (former == links_.end()) {
        return fail("no link of ours is at " + hook.to_string(), ENOENT);
    }
    const auto closed = load_closed_program();
    if (!closed) {
        return fail(closed.error());
    }
    if (auto replaced = tcx_replace(former->second.value(), closed->value()); !replaced) {
        return replaced;
    }
    const std::string path = link_path(hook);
    auto first = tcx_attach(hook, program_fd);
    const int pinned = first ? ::bpf_obj_pin(first->value(), (path + kFirst).c_str()) : 0;
    if (!first || pinned < 0) {
        Error error = first ? Error::from_errno("cannot pin the link " + path + kFirst, -pinned) : first.error();
        auto restored = first ? tcx_detach(first->value()) : Result<>();  // else the program cannot go back to where it was
        restored = restored ? tcx_replace(former->second.value(), program_fd) : restored;
        return restored ? fail(std::move(error)) : restored;
    }
    const int moved = ::rename((path + kFirst).c_str(), path.c_str());
    const int code = errno;
    const UniqueFd gone = std::exchange(former->second, std::move(*first));
    auto detached = tcx_detach(gone.value());
    return moved == 0 ? detached : fail(Error::from_errno("cannot move the pin " + path + kFirst, code));
}

Result<std::vector<Hook>> Attachments::pin_again() {
    const auto names = names_in(links_directory_, "pc_");
    if (!names) {
        return fail(names.error());
    }
    std::vector<Hook> hooks;
    for (const auto& [hook, link] : links_) {
        const std::string path = link_path(hook);
        if (std::ranges::binary_search(*names, path.substr(links_directory_.size() + 1))) {
            continue;
        }
        if (const int result = ::bpf_obj_pin(link.value(), path.c_str()); result < 0) {
            return fail(Error::from_errno("cannot pin the link of " + hook.to_string() + " again as " + path, -result));
        }
        hooks.push_back(hook);
    }
    return hooks;
}

}  // namespace portcullis
