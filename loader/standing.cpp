// SPDX-License-Identifier: Apache-2.0
#include "loader/standing.h"

#include <bpf/bpf.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <set>

#include "core/unique_fd.h"
#include "loader/clsact.h"
#include "loader/pin_sets.h"
#include "loader/tcx.h"

namespace portcullis {
namespace {

namespace fs = std::filesystem;

Result<std::set<std::uint32_t>> pinned_programs(const std::string& directory) {
    auto sets = sets_in(directory);
    if (!sets) {
        return fail(std::move(sets.error()));
    }
    std::set<std::uint32_t> all;
    for (const fs::path& set : *sets) {
        auto ids = programs_of(set);
        if (!ids) {
            return ids;
        }
        all.merge(*ids);
    }
    return all;
}

Result<std::vector<PinnedLink>> pinned_links(const fs::path& directory) {
    auto names = names_in(directory, "pc_");
    if (!names) {
        return fail(std::move(names.error()));
    }
    std::vector<PinnedLink> links;
    for (const std::string& name : *names) {
        const std::string path = directory / name;
        const UniqueFd fd(::bpf_obj_get(path.c_str()));
        if (!fd.is_open()) {
            return fail(Error::from_errno("cannot open the pin " + path, -fd.value()));
        }
        if (auto link = tcx_link(fd.value())) {
            links.push_back({.path = path, .hook = link->hook, .program_id = link->program_id});
        }
    }
    return links;
}

Result<std::vector<Hook>> all_hooks() {
    const std::unique_ptr<struct if_nameindex[], void (*)(struct if_nameindex*)> devices(::if_nameindex(), ::if_freenameindex);
    if (!devices) {
        return fail(Error::from_errno("cannot list the network devices", errno));
    }
    std::vector<Hook> hooks;
    for (std::size_t index = 0; devices[index].if_index != 0; ++index) {
        hooks.push_back({.ifindex = devices[index].if_index, .direction = Direction::Outbound});
        hooks.push_back({.ifindex = devices[index].if_index, .direction = Direction::Inbound});
    }
    return hooks;
}

Result<std::vector<StandingFilter>> filters_with(const std::set<std::uint32_t>& programs) {
    std::vector<StandingFilter> found;
    const auto hooks = programs.empty() ? Result<std::vector<Hook>>(std::vector<Hook>()) : all_hooks();
    if (!hooks) {
        return fail(hooks.error());
    }
    for (const Hook& hook : *hooks) {
        auto program = clsact_program(hook);
        if (!program) {
            return fail(std::move(program.error()));
        }
        if (*program && programs.contains(**program)) {
            found.push_back({.hook = hook, .program_id = **program});
        }
    }
    return found;
}

}  // namespace

Result<bool> is_held(const Standing& standing, const Hook& hook) {
    if (std::ranges::any_of(standing.filters, [&](const StandingFilter& filter) { return filter.hook == hook; })) {
        return true;
    }
    const auto link = std::ranges::find(standing.links, hook, &PinnedLink::hook);
    if (link == standing.links.end()) {
        return false;
    }
    const auto programs = tcx_programs(hook);
    if (!programs) {
        return programs.error().code == ENODEV ? Result<bool>(false) : fail(programs.error());
    }
    return std::ranges::find(*programs, link->program_id) != programs->end();
}

Result<Standing> find_standing(const std::string& directory) {
    auto links = pinned_links(fs::path(directory) / "links");
    if (!links) {
        return fail(std::move(links.error()));
    }
    auto programs = pinned_programs(directory);
    if (!programs) {
        return fail(std::move(programs.error()));
    }
    auto filters = filters_with(*programs);
    if (!filters) {
        return fail(std::move(filters.error()));
    }
    return Standing{.links = std::move(*links), .filters = std::move(*filters)};
}

Result<> release_link(const PinnedLink& link) {
    const UniqueFd fd(::bpf_obj_get(link.path.c_str()));
    if (!fd.is_open()) {
        return fail(Error::from_errno("cannot open the pin " + link.path, -fd.value()));
    }
    // Paths go by ifindex: where the number was given to a new device meanwhile, the pin holds that one's link now.
    const auto now = tcx_link(fd.value());
    if (!now || now->hook != link.hook || now->program_id != link.program_id) {
        return {};
    }
    if (auto detached = tcx_detach(fd.value()); !detached) {
        return detached;
    }
    if (::unlink(link.path.c_str()) != 0) {
        return fail(Error::from_errno("cannot remove the pin " + link.path, errno));
    }
    return {};
}

}  // namespace portcullis
