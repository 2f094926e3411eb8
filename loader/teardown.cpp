// SPDX-License-Identifier: Apache-2.0
#include "loader/teardown.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <cerrno>

#include "loader/bpffs.h"
#include "loader/clsact.h"
#include "loader/pins.h"
#include "loader/tcx.h"

namespace portcullis {
namespace {

Result<> release_link(const PinnedLink& pinned) {
    const UniqueFd fd(::bpf_obj_get(pinned.path.c_str()));
    if (!fd.is_open()) return fail(Error::from_errno("cannot open the pin " + pinned.path, -fd.value()));
    return tcx_detach(fd.value());
}

}  // namespace

Result<TeardownReport> teardown(const std::string& directory) {
    TeardownReport report;
    if (!is_on_bpffs(directory)) return report;
    auto standing = find_standing(directory);
    if (!standing) return fail(std::move(standing.error()));
    for (const PinnedLink& link : standing->links) {
        if (auto released = release_link(link); !released) return fail(std::move(released.error()));
        ++report.links;
    }
    for (const Hook& hook : standing->filters) {
        if (auto removed = clsact_detach(hook); !removed) return fail(std::move(removed.error()));
        ++report.filters;
    }
    auto pins = remove_pins(directory);
    if (!pins) return fail(std::move(pins.error()));
    report.pins = *pins;
    unmount_ours(directory);
    return report;
}

}  // namespace portcullis
