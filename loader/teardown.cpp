// SPDX-License-Identifier: Apache-2.0
#include "loader/teardown.h"

#include "loader/bpffs.h"
#include "loader/clsact.h"
#include "loader/pins.h"
#include "loader/xdp_link.h"

namespace portcullis {
Result<TeardownReport> teardown(const std::string& directory) {
    TeardownReport report;
    if (!is_on_bpffs(directory)) {
        return report;
    }
    auto standing = find_standing(directory);
    if (!standing) {
        return fail(std::move(standing.error()));
    }
    for (const PinnedLink& link : standing->links) {
        if (auto released = release_link(link); !released) {
            return fail(std::move(released.error()));
        }
        ++report.links;
    }
    for (const StandingFilter& filter : standing->filters) {
        if (auto removed = clsact_detach(filter.hook); !removed) {
            return fail(std::move(removed.error()));
        }
        ++report.filters;
    }
    const auto early = xdp_link_paths(directory + "/links");
    if (!early) {
        return fail(early.error());
    }
    for (const std::string& path : *early) {
        if (auto released = release_xdp_link(path); !released) {
            return fail(std::move(released.error()));
        }
        ++report.links;
    }
    auto pins = remove_pins(directory);
    if (!pins) {
        return fail(std::move(pins.error()));
    }
    report.pins = report.links + *pins;
    unmount_ours(directory);
    return report;
}

}  // namespace portcullis
