// SPDX-License-Identifier: Apache-2.0
// The two back ends of this host, given to the choice of tools/daemon/backend.h.
#include "fallback/nft_dataplane.h"
#include "fallback/nft_probe.h"
#include "fallback/nft_standing.h"
#include "fallback/nft_teardown.h"
#include "loader/bpf_dataplane.h"
#include "loader/pins.h"
#include "loader/teardown.h"
#include "tools/daemon/backend.h"

namespace portcullis {
namespace {

BackendKind bpf_kind(const DaemonOptions& options, const LogCallback& log, const WorkCallback& work) {
    return {.name = "bpf",
            .open = [options, log, work]() -> Result<std::unique_ptr<Dataplane>> {
                return BpfDataplane::create({.bpffs_directory = options.bpffs_directory,
                                             .attach_mode = AttachMode::Auto,
                                             .xdp = options.xdp,
                                             .fast_path = options.fast_path,
                                             .capacities = {},
                                             .log = log,
                                             .work = work});
            },
            .stands = [directory = options.bpffs_directory] { return holds_enforcement(directory); },
            .retire = [directory = options.bpffs_directory]() -> Result<> {
                const Result<TeardownReport> report = teardown(directory);
                return report ? Result<>() : fail(report.error());
            }};
}

BackendKind nftables_kind(FastPath fast_path, const WorkCallback& work) {
    return {.name = "nftables",
            .open = [fast_path, work]() -> Result<std::unique_ptr<Dataplane>> {
                if (fast_path != FastPath::Off) {
                    return fail("the nftables back end has no fast path: leave out --fast-path, or use the BPF back end");
                }
                if (Result<> usable = check_usable(probe_nft()); !usable) {
                    return fail(usable.error());
                }
                return NftDataplane::create({.work = work});
            },
            .stands = nft_stands,
            .retire = []() -> Result<> {
                const Result<NftTeardownReport> report = nft_teardown();
                return report ? Result<>() : fail(report.error());
            }};
}

}  // namespace

Result<Backend> open_backend(const DaemonOptions& options, const LogCallback& log, const WorkCallback& work) {
    return Backend::choose(options.backend, options.on_unsupported, bpf_kind(options, log, work), nftables_kind(options.fast_path, work));
}

bool find_standing_enforcement(const DaemonOptions& options) {
    return holds_enforcement(options.bpffs_directory).value_or(false) || nft_stands().value_or(false);
}

Result<std::set<std::uint32_t>> find_guarded_devices(const DaemonOptions& options) {
    const Result<Standing> standing = find_standing(options.bpffs_directory);
    if (!standing) {
        return fail(standing.error());
    }
    // A kernel without nf_tables has none of it.
    std::set<std::uint32_t> devices = nft_guarded_devices().value_or(std::set<std::uint32_t>());
    for (const PinnedLink& link : standing->links) {
        devices.insert(link.hook.ifindex);
    }
    for (const StandingFilter& filter : standing->filters) {
        devices.insert(filter.hook.ifindex);
    }
    return devices;
}

}  // namespace portcullis
