// SPDX-License-Identifier: Apache-2.0
#include "loader/bpf_dataplane.h"

#include <utility>

#include "loader/bpf_dataplane_state.h"
#include "loader/flow_shards.h"
#include "loader/pin_healing.h"

namespace portcullis {

// ---- the steps of a change, in their order ----------------------------------------------------------------------------------------------

Result<> BpfDataplane::State::finish() {
    while (!unfinished.empty()) {
        const UnfinishedChange& next = unfinished.front();
        if (auto done = next.step == UnfinishedChange::Step::Settle ? finish_settling(next.diff) : maps.undo(next.diff); !done) {
            return fail(done.error().with_context("cannot tidy up after the last change"));
        }
        unfinished.erase(unfinished.begin());
    }
    return {};
}

// The flows of departed addresses end first: they are what still has an effect.
Result<> BpfDataplane::State::finish_settling(const ImageDiff& diff) {
    Result<> done;
    if (diff.ends_flows()) {
        done = maps.wait();
        done = done ? sweeper.sweep_all(Sweeper::Departed::Ended) : done;
        done = done ? maps.forget_departed(diff) : done;
    }
    done = done ? maps.settle(diff) : done;
    return done ? queues.release_others(in_force) : done;
}

// The flows of ports that are gone are freed before: they count for their slot.
Result<> BpfDataplane::State::recycle_slots() {
    if (!slots.has_released()) {
        return {};
    }
    auto done = maps.wait();
    done = done ? sweeper.sweep_all(Sweeper::Departed::Spared) : done;
    if (done) {
        slots.recycle();
    }
    return done;
}

// Before the first attachment: from then on what is loaded has to outlive the process.
Result<> BpfDataplane::State::pin(const Standing& standing) {
    if (is_pinned) {
        return {};
    }
    if (auto removed = pins.remove_idle_sets(standing); !removed) {
        return removed;
    }
    auto pinned = pins.pin(object);
    is_pinned = pinned.has_value();
    return pinned;
}

// The numbers and slots that a failed change took are given back.
void BpfDataplane::State::forget(const HostImage& image) {
    roll_back_numbers();
    release_slots(image, in_force, slots);
}

// Which numbers what is in force has is known as before, but not kept apart from what the failed change made of it.
void BpfDataplane::State::roll_back_numbers() {
    numberings.roll_back();
    lowered = {};
}

// What cannot be lowered as a change, for want of numbers that rest, say, is lowered whole: then it fits, or the reason is told.
Result<LoweredPolicy> BpfDataplane::State::lower(const Wanted& wanted) {
    const DeviceNumbers devices = device_numbers(wanted.devices);
    tell(work, "lowering the policy");
    if (goes_on_from(lowered, wanted.ruleset)) {
        if (auto change = lower_bpf_change(wanted.ruleset, in_force.policy, capacities, numberings, devices, lowered)) {
            return LoweredPolicy{.image = std::move(change->image), .policies = std::move(change->policies)};
        }
        roll_back_numbers();
    }
    auto image = lower_bpf(wanted.ruleset, capacities, numberings, devices, &lowered);
    if (!image) {
        roll_back_numbers();
        return fail(std::move(image.error()));
    }
    return LoweredPolicy{.image = std::move(*image), .policies = std::nullopt};
}

Result<PlannedChange> BpfDataplane::State::plan(const Wanted& wanted) {
    if (auto recycled = recycle_slots(); !recycled) {
        return fail(std::move(recycled.error()));
    }
    auto policy = lower(wanted);
    if (!policy) {
        return fail(std::move(policy.error()));
    }
    auto image = plan_host(std::move(policy->image), wanted, in_force, slots);
    if (!image) {
        roll_back_numbers();
        return fail(std::move(image.error()));
    }
    tell(work, "comparing it with what is enforced");
    auto diff = diff_images(in_force, *image, maps.parity(), policy->policies ? &*policy->policies : nullptr);
    if (!diff) {
        forget(*image);
        return fail(std::move(diff.error()));
    }
    return PlannedChange{.image = std::move(*image), .diff = std::move(*diff), .policies = std::move(policy->policies)};
}

// Up to the switch. On failure the former generation stays in force, whole.
Result<> BpfDataplane::State::carry_out(PlannedChange& plan) {
    auto done =
        plan.policies ? counters.restart_rules(numberings.rules, plan.policies->new_rules) : counters.restart_rules(numberings.rules);
    if (done) {
        done = counters.restart_ports(in_force, plan.image);
    }
    if (done && plan.diff.empty()) {
        return {};
    }
    for (auto port = plan.diff.new_ports.begin(); done && port != plan.diff.new_ports.end(); ++port) {
        done = sweeper.begin_port(*port);
    }
    if (done) {
        done = queues.prepare(object, plan.image, sweeper);
    }
    if (done) {
        tell(work, "writing the kernel's maps");
        done = maps.write_aside(plan.diff);
    }
    if (done) {
        maps.switch_generation();
        return {};
    }
    forget(plan.image);
    unfinished.push_back({.diff = std::move(plan.diff), .step = UnfinishedChange::Step::Undo});
    (void)finish();  // else it is tried again before the next change: the failure that matters is the first
    return done;
}

void BpfDataplane::State::put_in_force(PlannedChange& plan) {
    release_slots(in_force, plan.image, slots);
    if (plan.policies) {
        take_policies(plan.image.policy, in_force.policy, *plan.policies);
        numberings.retire(*plan.policies);
    } else {
        numberings.retire_unused();
    }
    in_force = std::move(plan.image);
}

// The new generation holds; what is left has no effect on verdicts. A failure is said, and it is tried again before the next change.
void BpfDataplane::State::settle(ImageDiff diff) {
    if (diff.empty()) {
        return;
    }
    unfinished.push_back({.diff = std::move(diff), .step = UnfinishedChange::Step::Settle});
    if (auto finished = finish(); !finished && log) {
        log(LogLevel::Warning, finished.error().message);
    }
}

// From a former daemon's programs to ours. Until a hook has been replaced, it judges by the former policy.
Result<> BpfDataplane::State::hand_over(const Standing& standing, std::span<const DeviceBinding> devices) {
    if (!is_taking_over) {
        return {};
    }
    if (auto taken = hooks.take_over(standing); !taken) {
        return fail(taken.error().with_context("cannot replace a former daemon's programs"));
    }
    hooks.release_others_of(standing, devices);
    if (auto promoted = pins.promote(); !promoted) {
        return promoted;
    }
    is_taking_over = false;
    return {};
}

// What of a former daemon stands at hooks, as long as it has not been replaced.
Result<Standing> BpfDataplane::State::find_former() const { return is_taking_over ? find_standing(pins.directory()) : Standing{}; }

// After the last hook has our program: until then a former one may have put what it found into flows, under whatever epoch. Where a daemon
// dies before, the next one finds its own programs and no longer knows of others.
Result<> BpfDataplane::State::renew_epochs(const Wanted& wanted) {
    if (!replaces_programs) {
        return {};
    }
    in_force.has_stale_flows = true;
    replaces_programs = false;
    const auto renewed = apply(wanted);
    replaces_programs = !renewed;
    return renewed ? Result<>() : fail(renewed.error());
}

Result<ApplyReport> BpfDataplane::State::apply(const Wanted& wanted) {
    check.reset();
    if (auto checked = check_bindings(wanted); !checked) {
        return fail(std::move(checked.error()));
    }
    auto standing = find_former();
    if (!standing) {
        return fail(std::move(standing.error()));
    }
    const std::uint64_t writes_before = maps.writes();
    const auto present = close_devices(wanted.devices, *standing);
    if (!present) {
        return fail(present.error());
    }
    auto planned = plan({.ruleset = wanted.ruleset, .devices = *present, .facts = wanted.facts});
    if (!planned) {
        return fail(std::move(planned.error()));
    }
    if (auto carried = carry_out(*planned); !carried) {
        return fail(std::move(carried.error()));
    }
    maps.share_flows(flow_shared(capacities, wanted.ruleset.quotas.flows));
    put_in_force(*planned);
    auto handed = hand_over(*standing, *present);
    hooks.release_others(*present);
    settle(std::move(planned->diff));
    if (!handed) {
        return fail(std::move(handed.error()));
    }
    early.attach_to(*present);
    if (auto renewed = renew_epochs(wanted); !renewed) {
        return fail(std::move(renewed.error()));
    }
    follow_fast_devices();
    return ApplyReport{.generation = maps.generation(), .kernel_writes = maps.writes() - writes_before, .unenforced = {}};
}

// Not before a former daemon's programs have been replaced: until then they are left as they stand.
Healing BpfDataplane::State::heal() {
    if (!is_pinned || is_taking_over) {
        return {};
    }
    Healing healing = hooks.heal([this](std::uint32_t ifindex) {
        auto tidied = finish();
        return tidied ? close_lost_device(ifindex) : tidied;
    });
    early.heal(healing);
    heal_pins(pins, object, hooks, healing);
    lock_again(healing);
    lend_fast_path();
    (void)maps.rest();  // else the next change does
    return healing;
}

// The directory that is made anew is nobody's yet.
void BpfDataplane::State::lock_again(Healing& healing) {
    if (pins.is_locked_by(lock)) {
        return;
    }
    if (auto locked = pins.lock(); locked) {
        lock = std::move(*locked);
    } else {
        healing.standing.push_back({0, locked.error().message});
    }
}

// ---- the interface ----------------------------------------------------------------------------------------------------------------------

BpfDataplane::BpfDataplane(std::unique_ptr<State> state) : state_(std::move(state)) {}
BpfDataplane::~BpfDataplane() = default;

Result<ApplyReport> BpfDataplane::apply(const Ruleset& ruleset, std::span<const DeviceBinding> devices, const HostFacts& facts) {
    return state_->apply({.ruleset = ruleset, .devices = devices, .facts = facts});
}

Result<> BpfDataplane::close_newcomers(std::span<const DeviceBinding> devices) { return state_->close_newcomers(devices); }

Result<std::vector<PlannedWrites>> BpfDataplane::plan(const Ruleset& ruleset, std::span<const DeviceBinding> devices,
                                                      const HostFacts& facts) {
    return state_->count_writes({.ruleset = ruleset, .devices = devices, .facts = facts});
}

Result<std::vector<PortCounters>> BpfDataplane::port_counters() const { return state_->counters.ports(state_->in_force.ports); }

Result<std::vector<RuleHits>> BpfDataplane::rule_hits() const { return state_->counters.rules(state_->numberings.rules); }

Result<Healing> BpfDataplane::heal() { return state_->heal(); }

Result<std::vector<Neighbour>> BpfDataplane::neighbours() {
    auto others = state_->hooks.neighbours();
    if (others) {
        state_->early.add_neighbours(state_->hooks.devices(), *others);
    }
    return others;
}

Result<FlowPage> BpfDataplane::read_flows(const FlowFilter& filter, std::uint64_t from) const {
    return state_->flows.read(state_->in_force, filter, from, state_->sweeper);
}

Result<FlowsEnded> BpfDataplane::end_flows(const FlowFilter& filter, std::uint64_t from) {
    return state_->flows.end(state_->in_force, filter, from, state_->sweeper);
}

Result<VerifiedPart> BpfDataplane::verify(std::uint64_t from) { return state_->verify(from); }

Result<std::vector<ProbeVerdict>> BpfDataplane::probe(std::span<const ProbePacket> conversation, ProbeRules rules) {
    return state_->probe(conversation, rules == ProbeRules::Told ? &state_->numberings.rules : nullptr);
}

Result<> BpfDataplane::sweep() { return state_->sweeper.sweep_share(state_->in_force); }

Result<> BpfDataplane::sweep_all() { return state_->sweeper.sweep_all(Sweeper::Departed::Spared); }

Result<std::vector<Event>> BpfDataplane::take_events() {
    return state_->events.take({.in_force = state_->in_force, .rules = state_->numberings.rules});
}

int BpfDataplane::events_fd() const { return state_->events.fd(); }

std::string BpfDataplane::description() const {
    const std::string xdp = state_->early.description();
    return "bpf (" + std::string(to_string(state_->hooks.mode())) + (xdp == "off" ? "" : "; xdp " + xdp) + ")";
}

}  // namespace portcullis
