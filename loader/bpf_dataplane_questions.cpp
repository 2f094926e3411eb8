// SPDX-License-Identifier: Apache-2.0
// What the data plane is asked without being changed: what an apply would write, whether the kernel holds what is in force, what the
// programs would say.
#include <cerrno>
#include <utility>

#include "loader/bpf_dataplane_state.h"
#include "loader/image_writes.h"

namespace portcullis {

// As plan(), of slots that nobody takes. Those that were released are free as soon as something is written.
Result<std::vector<PlannedWrites>> BpfDataplane::State::count_writes(const Wanted& wanted) {
    if (auto checked = check_bindings(wanted); !checked) {
        return fail(std::move(checked.error()));
    }
    DeviceSlots imagined = slots;
    imagined.recycle();
    auto policy = lower_bpf(wanted.ruleset, capacities, numberings, device_numbers(wanted.devices));
    numberings.roll_back();
    if (!policy) {
        return fail(std::move(policy.error()));
    }
    auto image = plan_host(std::move(*policy), wanted, in_force, imagined);
    if (!image) {
        return fail(std::move(image.error()));
    }
    const auto diff = diff_images(in_force, *image, maps.parity());
    if (!diff) {
        return fail(diff.error());
    }
    return planned_writes(*diff);
}

// One check at a time: another that begins, or a change of what is in force, ends it.
Result<VerifiedPart> BpfDataplane::State::verify(std::uint64_t from) {
    if (from == 0) {
        const auto standing = find_former();
        auto begun = standing
                         ? KernelCheck::begin(
                               {.object = object, .hooks = hooks, .in_force = in_force, .standing = *standing, .parity = maps.parity()})
                         : fail(standing.error());
        if (!begun) {
            return fail(std::move(begun.error()));
        }
        check.emplace(std::move(*begun));
        next_part = ++last_part;
    } else if (!check || from != next_part) {
        return fail("what is in force has changed since, or another comparison was begun", ESTALE);
    }
    auto differences = check->go_on(kMostDifferences);
    if (!differences) {
        check.reset();
        return fail(std::move(differences.error()));
    }
    VerifiedPart part{.differences = std::move(*differences), .next = {}};
    if (check->is_over()) {
        check.reset();
    } else {
        next_part = ++last_part;
        part.next = next_part;
    }
    return part;
}

// Loaded when it is first asked for: most daemons never need it.
Result<std::vector<ProbeVerdict>> BpfDataplane::State::probe(std::span<const ProbePacket> conversation, const Numbering* rules) {
    if (!probes) {
        auto loaded = ProbePrograms::load(object, capacities);
        if (!loaded) {
            return fail(loaded.error().with_context("cannot make a copy of the programs"));
        }
        probes = std::move(*loaded);
    }
    return probes->run(conversation, in_force, rules);
}

}  // namespace portcullis
