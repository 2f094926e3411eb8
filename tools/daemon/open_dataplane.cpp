// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/open_dataplane.h"

namespace portcullis {

Result<ApplyReport> OpenDataplane::apply(const Ruleset& /*ruleset*/, std::span<const DeviceBinding> /*devices*/,
                                         const HostFacts& /*facts*/) {
    return ApplyReport{.generation = ++generation_, .kernel_writes = 0, .unenforced = {}};
}

Result<std::vector<PlannedWrites>> OpenDataplane::plan(const Ruleset& /*ruleset*/, std::span<const DeviceBinding> /*devices*/,
                                                       const HostFacts& /*facts*/) {
    return std::vector<PlannedWrites>();
}

Result<FlowPage> OpenDataplane::read_flows(const FlowFilter& /*filter*/, std::uint64_t /*from*/) const { return fail(refusal()); }

Result<FlowsEnded> OpenDataplane::end_flows(const FlowFilter& /*filter*/, std::uint64_t /*from*/) { return fail(refusal()); }

Result<VerifiedPart> OpenDataplane::verify(std::uint64_t /*from*/) { return fail(refusal()); }

Error OpenDataplane::refusal() const { return {.message = "nothing is enforced on this host: " + why_, .code = 0}; }

}  // namespace portcullis
