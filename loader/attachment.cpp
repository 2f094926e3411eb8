// SPDX-License-Identifier: Apache-2.0
#include "loader/attachment.h"

#include <bpf/bpf.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "loader/bpf_object.h"
#include "loader/clsact.h"
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
    if (mode == AttachMode::Auto) {
        mode = probe_tcx() ? AttachMode::Tcx : AttachMode::Clsact;
    }
    return {mode, std::move(links_directory)};
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
        char name[IF_NAMESIZE];
        const int code = ::if_indextoname(hook.ifindex, name) == nullptr ? ENODEV : EAGAIN;
        return fail("cannot attach to " + hook.to_string() + ": the program is not there when read back", code);
    }
    return {};
}

Result<> Attachments::attach_link(const Hook& hook, int program_fd) {
    const std::string path = link_path(hook);
    auto link = open_link(path);
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
            return tcx_replace(link->value(), program_fd);
        }
        // The pin of a device that is gone, or that went to another namespace: its number has been given to this one.
        if (auto unpinned = unpin(path); !unpinned) {
            return unpinned;
        }
    }
    auto created = tcx_attach(hook, program_fd);
    if (!created) {
        return fail(std::move(created.error()));
    }
    // Without the pin the link goes with its descriptor, that is now.
    if (const int result = ::bpf_obj_pin(created->value(), path.c_str()); result < 0) {
        return fail(Error::from_errno("cannot pin the link of " + hook.to_string() + " as " + path, -result));
    }
    return {};
}

Result<> Attachments::detach(const Hook& hook) {
    if (mode_ == AttachMode::Clsact) {
        return clsact_detach(hook);
    }
    const std::string path = link_path(hook);
    auto link = open_link(path);
    if (!link) {
        return fail(std::move(link.error()));
    }
    if (!link->is_open()) {
        return {};
    }
    if (auto detached = tcx_detach(link->value()); !detached) {
        return detached;
    }
    return unpin(path);
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
    auto link = open_link(link_path(hook));
    if (!link) {
        return fail(std::move(link.error()));
    }
    if (!link->is_open()) {
        return false;
    }
    const auto standing = tcx_link(link->value());
    if (!standing || standing->hook != hook || standing->program_id != program_id) {
        return false;
    }
    return is_at_hook(hook, program_id);
}

}  // namespace portcullis
