// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_dataplane.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "compiler/lower_nft/lower_nft.h"
#include "compiler/lower_nft/lower_nft_change.h"
#include "compiler/lower_nft/nft_bindings.h"
#include "compiler/lower_nft/nft_ends.h"
#include "compiler/lower_nft/nft_image.h"
#include "compiler/lower_nft/nft_names.h"
#include "compiler/lower_nft/nft_unenforced.h"
#include "fallback/nft_closing.h"
#include "fallback/nft_counters.h"
#include "fallback/nft_departures.h"
#include "fallback/nft_diff.h"
#include "fallback/nft_differences.h"
#include "fallback/nft_flow_ends.h"
#include "fallback/nft_flow_reader.h"
#include "fallback/nft_objects.h"
#include "fallback/nft_readback.h"
#include "fallback/nft_standing.h"
#include "fallback/nft_writer.h"

namespace portcullis {

namespace {

// By ids, since indices of two rulesets may mean different interfaces.
bool has_same_owners(const Ruleset& a, const Ruleset& b) {
    const auto is_same = [](const InterfaceGroups& one, const InterfaceGroups& other) {
        return one.id == other.id && one.stands_for == other.stands_for;
    };
    return a.owners == b.owners && a.zones == b.zones &&
           std::equal(a.interfaces.begin(), a.interfaces.end(), b.interfaces.begin(), b.interfaces.end(), is_same);
}

bool is_managed(const DeviceBinding& device) {
    return device.kind == DeviceBinding::Kind::Bound || device.kind == DeviceBinding::Kind::Closed;
}

// What was applied last: what ends with a change depends on it, and how much of it is to be lowered.
struct Former {
    Ruleset ruleset;
    std::vector<DeviceBinding> devices;
    HostFacts facts;
    NftBindings bindings;
    std::shared_ptr<const NftImage> image;  // that all this was lowered to
    [[nodiscard]] NftHost host() const { return {.ruleset = &ruleset, .devices = devices, .facts = &facts, .bindings = &bindings}; }
    [[nodiscard]] NftEnforced enforced() const { return {.ruleset = &ruleset, .devices = devices, .bindings = &bindings}; }
};

// Normal. What of the former image can stay, stays (compiler/lower_nft/lower_nft_change.h).
NftImage lowered(const std::optional<Former>& former, const NftHost& next) {
    std::optional<std::vector<NftSet>> sets = former ? nft_changed_sets(former->host(), next) : std::nullopt;
    if (!sets) {
        NftImage image = lower_nft(*next.ruleset, next.devices, *next.facts, *next.bindings);
        normalise(image);
        return image;
    }
    NftImage changed;
    changed.tables.push_back({.family = NftFamily::Bridge, .name = std::string(kNftTable), .sets = std::move(*sets), .chains = {}});
    normalise(changed);
    NftImage image = *former->image;
    for (NftTable& table : image.tables) {
        for (NftSet& set : table.sets) {
            const NftSet* const now = table.family == NftFamily::Bridge ? find_set(changed.tables.front(), set.name) : nullptr;
            if (now != nullptr) {
                set = *now;
            }
        }
    }
    return image;
}

}  // namespace

struct NftDataplane::State {
    WorkCallback work;
    NftWriter writer;
    NftClosing closing;
    NftDepartures departures;
    std::set<std::uint32_t> departed{};        // numbers whose state is not known to be gone
    std::shared_ptr<const NftImage> wanted{};  // what heal() puts back; null: nothing was applied yet
    std::optional<Former> former{};            // none: nobody remembers
    bool is_unfinished = false;                // flows that the last change ends may be there still
    std::vector<std::uint32_t> managed{};      // ifindexes, sorted
    std::uint64_t generation = 0;
    std::map<std::string, std::string> long_labels{};  // by what a comment says instead of them

    [[nodiscard]] Result<std::vector<DeviceBinding>> close_new(std::span<const DeviceBinding> devices);
    [[nodiscard]] Result<std::vector<DeviceBinding>> new_devices(std::span<const DeviceBinding> devices);
    [[nodiscard]] Result<NftBindings> bindings(const Ruleset& ruleset, std::span<const DeviceBinding> devices,
                                               const std::vector<DeviceBinding>& fresh);
    [[nodiscard]] Result<std::size_t> change(const std::shared_ptr<const NftImage>& image, const NftHost& next);
    void remember(const NftHost& host, const std::shared_ptr<const NftImage>& image);
};

// Managed and not guarded by what stands: never seen before, or gone meanwhile and come back.
Result<std::vector<DeviceBinding>> NftDataplane::State::new_devices(std::span<const DeviceBinding> devices) {
    const auto gone = departures.take();
    if (!gone) {
        return fail(gone.error());
    }
    // Those that are not here now as well: they may be back before anything is written.
    if (*gone) {
        departed.insert((*gone)->begin(), (*gone)->end());
    }
    for (std::size_t i = 0; !*gone && i < devices.size(); ++i) {
        departed.insert(devices[i].ifindex);
    }
    const auto standing = writer.standing();
    if (!standing) {
        return fail(standing.error());
    }
    const std::set<std::uint32_t> guarded = guarded_by(**standing);
    std::vector<DeviceBinding> found;
    std::copy_if(devices.begin(), devices.end(), std::back_inserter(found), [&](const DeviceBinding& device) {
        return is_managed(device) && (!guarded.contains(device.ifindex) || departed.contains(device.ifindex));
    });
    return found;
}

Result<std::vector<DeviceBinding>> NftDataplane::State::close_new(std::span<const DeviceBinding> devices) {
    auto fresh = new_devices(devices);
    if (!fresh || fresh->empty()) {
        return fresh;
    }
    if (auto closed = closing.close(*fresh, writer); !closed) {
        return fail(closed.error().with_context("cannot close new devices"));
    }
    return fresh;
}

// A fresh device is another than the one whose number it has.
Result<NftBindings> NftDataplane::State::bindings(const Ruleset& ruleset, std::span<const DeviceBinding> devices,
                                                  const std::vector<DeviceBinding>& fresh) {
    const auto standing = writer.standing();
    if (!standing) {
        return fail(standing.error());
    }
    std::set<std::uint32_t> renewed;
    for (const DeviceBinding& device : fresh) {
        renewed.insert(device.ifindex);
    }
    return NftBindings(**standing, ruleset, devices, renewed);
}

NftDataplane::NftDataplane(std::unique_ptr<State> state) : state_(std::move(state)) {}

NftDataplane::~NftDataplane() = default;

Result<std::unique_ptr<NftDataplane>> NftDataplane::create(const NftDataplaneOptions& options) {
    auto writer = NftWriter::open(std::string(kNftTable), options.owns_tables);
    if (!writer) {
        return fail(writer.error());
    }
    auto closing = NftClosing::open(options.owns_tables);
    if (!closing) {
        return fail(closing.error());
    }
    auto departures = NftDepartures::open();
    if (!departures) {
        return fail(departures.error());
    }
    return std::unique_ptr<NftDataplane>(new NftDataplane(std::make_unique<State>(
        State{.work = options.work, .writer = std::move(*writer), .closing = std::move(*closing), .departures = std::move(*departures)})));
}

// 1. Devices that nothing stands at are closed.
// 2. The change, which takes effect in one transaction; with it, new numbers for their bindings, under which nothing is left of former
// devices.
// 3. Flows that do not outlive the change end.
// 4. They are closed no longer.
Result<ApplyReport> NftDataplane::apply(const Ruleset& ruleset, std::span<const DeviceBinding> devices, const HostFacts& facts) {
    const auto fresh = state_->close_new(devices);
    if (!fresh) {
        return fail(fresh.error());
    }
    const auto bindings = state_->bindings(ruleset, devices, *fresh);
    if (!bindings) {
        return fail(bindings.error());
    }
    const NftHost host{.ruleset = &ruleset, .devices = devices, .facts = &facts, .bindings = &*bindings};
    tell(state_->work, "lowering the policy");
    auto written = state_->change(std::make_shared<const NftImage>(lowered(state_->former, host)), host);
    if (!written) {
        return fail(written.error());
    }
    state_->departed.clear();
    if (auto opened = state_->closing.close({}, state_->writer); !opened) {
        return fail(opened.error().with_context("cannot open new devices"));
    }
    return ApplyReport{.generation = ++state_->generation, .kernel_writes = *written, .unenforced = nft_unenforced(ruleset, devices)};
}

Result<> NftDataplane::close_newcomers(std::span<const DeviceBinding> devices) {
    const auto fresh = state_->close_new(devices);
    return fresh ? Result<>() : fail(fresh.error());
}

Result<std::vector<PlannedWrites>> NftDataplane::plan(const Ruleset& ruleset, std::span<const DeviceBinding> devices,
                                                      const HostFacts& facts) {
    const auto standing = state_->writer.standing();
    if (!standing) {
        return fail(standing.error());
    }
    const auto bindings = state_->bindings(ruleset, devices, {});
    if (!bindings) {
        return fail(bindings.error());
    }
    const NftImage image = lowered(state_->former, {.ruleset = &ruleset, .devices = devices, .facts = &facts, .bindings = &*bindings});
    std::vector<PlannedWrites> writes;
    for (const NftTableDiff& diff : diff_images(**standing, image)) {
        const NftTable& table = diff.wanted != nullptr ? *diff.wanted : *diff.had;
        writes.push_back({std::string(word_of(table.family)) + ' ' + std::string(kNftTable), count_writes({diff})});
    }
    std::sort(writes.begin(), writes.end(), [](const PlannedWrites& a, const PlannedWrites& b) { return a.where < b.where; });
    return writes;
}

// State ends with a change: what a daemon that has started anew finds as it would have it goes on, but for flows that are over by what is
// so now, since the daemon before may have ended between a change and the end of its flows.
Result<std::size_t> NftDataplane::State::change(const std::shared_ptr<const NftImage>& image, const NftHost& next) {
    const auto standing = writer.standing();
    if (!standing) {
        return fail(standing.error());
    }
    const bool is_change = is_unfinished || !(**standing == *image) || (former && !has_same_owners(former->ruleset, *next.ruleset));
    std::optional<NftEnds> ends;
    std::vector<NftStateEnd> ended;
    if (is_change || !former) {
        ends.emplace(former ? std::optional(former->enforced()) : std::nullopt,
                     NftEnforced{.ruleset = next.ruleset, .devices = next.devices, .bindings = next.bindings});
    }
    if (is_change) {
        for (const std::string& set : NftEnds::emptied()) {
            ended.push_back({.family = NftFamily::Bridge, .set = set});
        }
    }
    tell(work, "writing the kernel's tables, in one transaction");
    auto written = writer.write(image, ended);
    if (!written) {
        return fail(written.error());
    }
    wanted = image;
    is_unfinished = true;
    std::size_t flows = 0;
    if (ends) {
        const auto over = portcullis::end_flows(writer, *image, *ends);
        if (!over) {
            return fail(over.error());
        }
        flows = *over;
    }
    is_unfinished = false;
    remember(next, image);
    return *written + flows;
}

void NftDataplane::State::remember(const NftHost& host, const std::shared_ptr<const NftImage>& image) {
    former = Former{.ruleset = *host.ruleset,
                    .devices = {host.devices.begin(), host.devices.end()},
                    .facts = *host.facts,
                    .bindings = *host.bindings,
                    .image = image};
    long_labels.clear();
    for (const Rule& rule : host.ruleset->rules) {
        if (const std::string said = nft_label_in_comment(rule.label); said != rule.label) {
            long_labels.emplace(said, rule.label);
        }
    }
    managed.clear();
    for (const DeviceBinding& device : host.devices) {
        if (is_managed(device)) {
            managed.push_back(device.ifindex);
        }
    }
    std::sort(managed.begin(), managed.end());
}

Result<std::vector<PortCounters>> NftDataplane::port_counters() const {
    if (state_->wanted == nullptr) {
        return std::vector<PortCounters>();
    }
    return read_port_counters(state_->writer.socket(), *state_->wanted, state_->managed);
}

Result<std::vector<RuleHits>> NftDataplane::rule_hits() const {
    if (state_->wanted == nullptr) {
        return std::vector<RuleHits>();
    }
    auto hits = read_rule_hits(state_->writer.socket(), *state_->wanted);
    for (std::size_t i = 0; hits && i < hits->size(); ++i) {
        if (const auto label = state_->long_labels.find((*hits)[i].label); label != state_->long_labels.end()) {
            (*hits)[i].label = label->second;
        }
    }
    return hits;
}

Result<FlowPage> NftDataplane::read_flows(const FlowFilter& filter, std::uint64_t from) const {
    if (state_->wanted == nullptr || !state_->former) {
        return FlowPage{};
    }
    const NftFlowList list(state_->former->enforced());
    return portcullis::read_flows(state_->writer.socket(), *state_->wanted, list, filter, from);
}

Result<FlowsEnded> NftDataplane::end_flows(const FlowFilter& filter, std::uint64_t from) {
    if (state_->wanted == nullptr || !state_->former) {
        return FlowsEnded{};
    }
    const NftFlowList list(state_->former->enforced());
    return cut_flows(state_->writer, *state_->wanted, list, filter, from);
}

Result<VerifiedPart> NftDataplane::verify(std::uint64_t /*from*/) {
    if (state_->wanted == nullptr) {
        return VerifiedPart{};
    }
    // Not by the writer: what it knows of a kernel that others changed is how it heals it.
    const auto found = read_back(state_->writer.socket(), kNftTable);
    if (!found) {
        return fail(found.error());
    }
    return VerifiedPart{.differences = describe_differences(found->image, *state_->wanted, kMostDifferences), .next = {}};
}

// Which of our objects differ is told before they are written: afterwards nobody knows.
Result<Healing> NftDataplane::heal() {
    Healing healing;
    if (auto closed = state_->closing.heal(state_->writer, healing); !closed) {
        return fail(closed.error());
    }
    auto drifted = state_->wanted == nullptr ? Result<bool>(false) : state_->writer.may_have_drifted();
    if (!drifted) {
        return fail(drifted.error());
    }
    if (!*drifted) {
        return healing;
    }
    auto healed = state_->writer.put_back(state_->wanted);
    if (!healed) {
        return fail(healed.error().with_context("cannot put back what was changed in nf_tables"));
    }
    for (std::string& what : *healed) {
        healing.healed.push_back({.what = std::move(what), .kind = Tampering::Kind::Table});
    }
    return healing;
}

Result<> NftDataplane::sweep() { return {}; }

Result<std::vector<Event>> NftDataplane::take_events() { return std::vector<Event>(); }

int NftDataplane::events_fd() const { return -1; }

std::string NftDataplane::description() const { return "nftables (bridge)"; }

}  // namespace portcullis
