// SPDX-License-Identifier: Apache-2.0
// How a BpfDataplane begins: over the maps that a former daemon left, or over new ones.
#include <optional>
#include <utility>

#include "loader/bpf_dataplane_state.h"
#include "loader/capabilities.h"
#include "loader/flow_shards.h"
#include "loader/kernel_image.h"
#include "loader/libbpf_log.h"

namespace portcullis {

// Goes on from what the maps hold. Writes nothing: what an interrupted change left is done first of all by the first apply.
Result<> BpfDataplane::State::adopt() {
    auto content = maps.read();
    auto port_ids = counters.last_port_ids();
    if (!content || !port_ids) {
        return fail(!content ? content.error() : port_ids.error());
    }
    content->last_port_ids = std::move(*port_ids);
    auto restored = restore_image(*content, capacities, numberings, slots);
    if (!restored) {
        return fail(std::move(restored.error()));
    }
    in_force = std::move(restored->image);
    if (restored->leftovers.to_undo.ends_flows()) {
        unfinished.push_back({.diff = std::move(restored->leftovers.to_undo), .step = UnfinishedChange::Step::Undo});
    }
    if (!restored->leftovers.to_settle.empty() || restored->leftovers.to_settle.ends_flows()) {
        unfinished.push_back({.diff = std::move(restored->leftovers.to_settle), .step = UnfinishedChange::Step::Settle});
    }
    is_adopting = true;
    replaces_programs = !object.has_standing_programs();
    auto adopted = counters.adopt(numberings.rules);
    return adopted ? queues.adopt(in_force) : adopted;
}

// Over the maps that stand, or over new ones where there are none.
Result<std::unique_ptr<BpfDataplane::State>> BpfDataplane::State::open(const BpfDataplaneOptions& options, Pins& pins,
                                                                       const std::optional<StandingSet>& standing) {
    auto object = standing ? BpfObject::load_over(*standing, options.capacities, options.fast_path)
                           : BpfObject::load(options.capacities, options.fast_path);
    if (!object) {
        return fail(std::move(object.error()));
    }
    auto sweeper = Sweeper::open(*object);
    if (!sweeper) {
        return fail(std::move(sweeper.error()));
    }
    const auto jiffies = sweeper->jiffies();
    if (!jiffies) {
        return fail(jiffies.error());
    }
    auto maps = HostMaps::open(*object, flow_reserve(options.capacities), *jiffies);
    auto counters = TrafficCounters::open(*object);
    if (!maps || !counters) {
        return fail(!maps ? maps.error() : counters.error());
    }
    auto queues = HalfOpenQueues::open(*object);
    auto flows = FlowReader::open(*object);
    auto events = EventRing::open(*object);
    if (!queues || !flows || !events) {
        return fail(!queues ? queues.error() : !flows ? flows.error() : events.error());
    }
    std::optional<FastDevices> fast;
    if (options.fast_path != FastPath::Off) {
        auto opened = FastDevices::open(*object, options.capacities.ports + 1);
        if (!opened) {
            return fail(std::move(opened.error()));
        }
        fast = std::move(*opened);
    }
    DeviceHooks hooks(Attachments::create(options.attach_mode, pins.links_directory()), *object, options.log, options.work);
    XdpHooks early = XdpHooks::create(options.xdp, *object, pins.links_directory(), options.log);
    auto state = std::make_unique<State>(State{.log = options.log,
                                               .work = options.work,
                                               .capacities = options.capacities,
                                               .pins = pins,
                                               .object = std::move(*object),
                                               .maps = std::move(*maps),
                                               .counters = std::move(*counters),
                                               .queues = std::move(*queues),
                                               .sweeper = std::move(*sweeper),
                                               .flows = std::move(*flows),
                                               .events = std::move(*events),
                                               .hooks = std::move(hooks),
                                               .early = std::move(early),
                                               .fast = std::move(fast),
                                               .fast_path_lease = options.fast_path_lease,
                                               .slots = DeviceSlots(options.capacities.ports),
                                               .numberings = Numberings(options.capacities)});
    auto adopted = standing ? state->adopt() : Result<>();
    return adopted ? Result<std::unique_ptr<State>>(std::move(state)) : fail(std::move(adopted.error()));
}

Result<std::unique_ptr<BpfDataplane>> BpfDataplane::create(const BpfDataplaneOptions& options) {
    set_libbpf_log(options.log);
    if (options.capacities.ports > DeviceSlots::kMost) {
        return fail("pc_ports holds at most " + std::to_string(DeviceSlots::kMost) + " ports");
    }
    if (auto usable = probe_capabilities().check_usable(); !usable) {
        return fail(std::move(usable.error()));
    }
    auto pins = Pins::open(options.bpffs_directory, options.log);
    if (!pins) {
        return fail(std::move(pins.error()));
    }
    auto lock = pins->lock();
    if (!lock) {
        return fail(std::move(lock.error()));
    }
    const auto is_taking_over = pins->hold_enforcement();
    if (!is_taking_over) {
        return fail(is_taking_over.error());
    }
    std::optional<StandingSet> former;
    if (*is_taking_over) {
        auto found = find_standing(pins->directory()).and_then([&](const Standing& standing) {
            return find_standing_set(pins->directory(), standing);
        });
        if (!found) {
            return fail(std::move(found.error()));
        }
        former = std::move(*found);
    }
    auto state = State::open(options, *pins, former);
    if (!state && former) {
        if (options.log) {
            options.log(LogLevel::Warning, "what a former daemon left cannot be gone on from, and is replaced: " + state.error().message);
        }
        state = State::open(options, *pins, std::nullopt);
    }
    if (!state) {
        return fail(std::move(state.error()));
    }
    (*state)->lock = std::move(*lock);
    (*state)->is_taking_over = *is_taking_over;
    return std::unique_ptr<BpfDataplane>(new BpfDataplane(std::move(*state)));
}

}  // namespace portcullis
