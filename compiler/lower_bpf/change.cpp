// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_bpf/change.h"

#include <string>
#include <unordered_map>
#include <utility>

#include "compiler/lower_bpf/keys.h"
#include "compiler/lower_bpf/state.h"

namespace portcullis {
namespace {

// How many indices have a number, and had before the change.
class UseCounts {
   public:
    explicit UseCounts(std::vector<std::uint32_t>& uses) : uses_(uses) {}
    void add(std::uint32_t number) {
        uses_.resize(std::max<std::size_t>(uses_.size(), std::size_t{number} + 1));
        before_.try_emplace(number, uses_[number]);
        ++uses_[number];
    }
    void remove(std::uint32_t number) {
        before_.try_emplace(number, uses_.at(number));
        --uses_[number];
    }
    // True once for a number.
    bool take_come(std::uint32_t number) { return uses_[number] != 0 && take(number, true); }
    bool take_gone(std::uint32_t number) { return uses_[number] == 0 && take(number, false); }

   private:
    bool take(std::uint32_t number, bool was_unused) {
        const auto before = before_.find(number);
        const bool is_it = before != before_.end() && (before->second == 0) == was_unused;
        if (is_it) {
            before_.erase(before);
        }
        return is_it;
    }
    std::vector<std::uint32_t>& uses_;
    std::unordered_map<std::uint32_t, std::uint32_t> before_;
};

struct Label {
    std::string text;
};
std::string key_of(const Label& label) { return label.text; }
void add_to(MapImage& image, std::uint32_t number, Label label) { add_name(PC_NAME_RULE, number, label.text, image.rule_names); }
Label content_of(const Lowering& /*lowering*/, const Rule& rule) { return {rule.label}; }

// One kind of content: what stood at the indices of a change, and what stands there now.
template <class Value, class Content>
class KindChange {
   public:
    KindChange(const std::vector<std::pair<Index, Value>>& former, const std::vector<Value>& values, LoweredPolicies::Kind& kind,
               std::vector<std::uint32_t>& numbers)
        : former_(former), values_(values), uses_(kind.uses), numbers_(numbers) {}

    // To be called for every kind before any number changes: contents are made of numbers.
    Result<> note_former(const Lowering& lowering) {
        for (const auto& [index, value] : former_) {
            if (is_empty(value)) {
                continue;
            }
            if (index >= numbers_.size() || numbers_[index] == 0) {
                return fail("a change takes away what was never lowered");
            }
            gone_.emplace_back(numbers_[index], content_of(lowering, value));
        }
        return {};
    }
    Result<> number(const Lowering& lowering, Numbering& numbering) {
        numbers_.resize(values_.size());
        for (const auto& [index, value] : former_) {
            const Value& now = values_.at(index);
            if (!is_empty(value) && !is_empty(now)) {
                return fail("a change puts one thing in another's place");
            }
            numbers_[index] = 0;
            if (is_empty(now)) {
                continue;
            }
            Content content = content_of(lowering, now);
            const auto number = numbering.number_of(key_of(content));
            if (!number) {
                return fail(number.error());
            }
            numbers_[index] = *number;
            come_.emplace_back(*number, std::move(content));
        }
        return {};
    }
    void finish(MapImage& added, MapImage& removed, std::vector<std::uint32_t>* come = nullptr,
                std::vector<std::uint32_t>* gone = nullptr) {
        for (const auto& [number, content] : gone_) {
            uses_.remove(number);
        }
        for (const auto& [number, content] : come_) {
            uses_.add(number);
        }
        take(gone_, &UseCounts::take_gone, removed, gone);
        take(come_, &UseCounts::take_come, added, come);
    }

   private:
    using Numbered = std::vector<std::pair<std::uint32_t, Content>>;
    void take(Numbered& all, bool (UseCounts::*is_it)(std::uint32_t), MapImage& image, std::vector<std::uint32_t>* numbers) {
        for (auto& [number, content] : all) {
            if (!(uses_.*is_it)(number)) {
                continue;
            }
            add_to(image, number, std::move(content));
            if (numbers != nullptr) {
                numbers->push_back(number);
            }
        }
    }

    const std::vector<std::pair<Index, Value>>& former_;
    const std::vector<Value>& values_;
    UseCounts uses_;
    std::vector<std::uint32_t>& numbers_;  // of the Lowering, by index
    Numbered gone_;
    Numbered come_;
};

template <class Key, class Value>
EntryChanges<Key, Value> changes_of(MapImage::Entries<Key, Value>& added, MapImage::Entries<Key, Value>& removed) {
    sort_by_key(added);
    sort_by_key(removed);
    EntryChanges<Key, Value> changes{.added = std::move(added), .removed = {}};
    changes.removed.reserve(removed.size());
    for (const auto& [key, value] : removed) {
        changes.removed.push_back(key);
    }
    return changes;
}

Result<PolicyChanges> change_policies(Lowering& lowering, LoweredPolicies& lowered) {
    PolicyChanges changes;
    if (lowering.ruleset.revision == lowered.revision) {
        return changes;
    }
    const RulesetRevision& revision = *lowering.ruleset.revision;
    KindChange<Rule, Label> rules(revision.rules, lowering.ruleset.rules, lowered.rules, lowering.rules);
    KindChange<PortSet, PortSetContent> sets(revision.port_sets, lowering.ruleset.port_sets, lowered.port_sets, lowering.port_sets);
    KindChange<Policy, PolicyContent> policies(revision.policies, lowering.ruleset.policies, lowered.policies, lowering.policies);
    auto done = rules.note_former(lowering);
    done = done ? sets.note_former(lowering) : done;
    done = done ? policies.note_former(lowering) : done;
    done = done ? rules.number(lowering, lowering.numberings.rules) : done;
    done = done ? sets.number(lowering, lowering.numberings.port_sets) : done;
    done = done ? policies.number(lowering, lowering.numberings.policies) : done;
    if (!done) {
        return fail(done.error());
    }
    MapImage added;
    MapImage removed;
    rules.finish(added, removed, &changes.new_rules, &changes.old_rules);
    sets.finish(added, removed);
    policies.finish(added, removed);
    changes.policies = changes_of(added.policies, removed.policies);
    changes.set_heads = changes_of(added.set_heads, removed.set_heads);
    changes.port_sets = changes_of(added.port_sets, removed.port_sets);
    changes.cidrs4 = changes_of(added.cidrs4, removed.cidrs4);
    changes.cidrs6 = changes_of(added.cidrs6, removed.cidrs6);
    changes.group_sets = changes_of(added.group_sets, removed.group_sets);
    changes.rule_names = changes_of(added.rule_names, removed.rule_names);
    return changes;
}

Result<> check_entries(const MapImage& image, const MapImage& former, const PolicyChanges& changes, const MapCapacities& capacities) {
    const auto after = [](const auto& entries, const auto& change) { return entries.size() + change.added.size() - change.removed.size(); };
    for (const auto& [map, need, limit] :
         {std::tuple("pc_port_sets", after(former.port_sets, changes.port_sets), capacities.port_set_entries),
          std::tuple("pc_cidrs4", after(former.cidrs4, changes.cidrs4), capacities.cidrs4),
          std::tuple("pc_cidrs6", after(former.cidrs6, changes.cidrs6), capacities.cidrs6),
          std::tuple("pc_group_sets", after(former.group_sets, changes.group_sets), capacities.group_sets),
          std::tuple("pc_names", image.names.size() + after(former.rule_names, changes.rule_names), capacities.names)}) {
        if (auto room = check_room(map, need, limit); !room) {
            return room;
        }
    }
    return {};
}

template <class Key, class Value>
void take(MapImage::Entries<Key, Value>& entries, MapImage::Entries<Key, Value>& former, const EntryChanges<Key, Value>& changes) {
    entries = std::move(former);
    make_changes(entries, changes);
}

}  // namespace

bool goes_on_from(const LoweredPolicies& lowered, const Ruleset& ruleset) { return keeps_indices(lowered.revision, ruleset.revision); }

Result<LoweredChange> lower_bpf_change(const Ruleset& ruleset, const MapImage& former, const MapCapacities& capacities,
                                       Numberings& numberings, const DeviceNumbers& devices, LoweredPolicies& lowered) {
    Lowering lowering{.ruleset = ruleset, .capacities = capacities, .numberings = numberings, .devices = devices};
    LoweredPolicies spent = std::exchange(lowered, {});
    lowering.rules = std::move(spent.rules.numbers);
    lowering.port_sets = std::move(spent.port_sets.numbers);
    lowering.policies = std::move(spent.policies.numbers);
    auto named = number_names(lowering);
    auto changes = named ? change_policies(lowering, spent) : fail(named.error());
    if (!changes) {
        return fail(changes.error());
    }
    if (auto rest = lower_objects(lowering); !rest) {
        return fail(rest.error());
    }
    if (auto room = check_entries(lowering.image, former, *changes, capacities); !room) {
        return fail(room.error());
    }
    lowered = {.revision = ruleset.revision,
               .rules = {.numbers = std::move(lowering.rules), .uses = std::move(spent.rules.uses)},
               .port_sets = {.numbers = std::move(lowering.port_sets), .uses = std::move(spent.port_sets.uses)},
               .policies = {.numbers = std::move(lowering.policies), .uses = std::move(spent.policies.uses)}};
    return LoweredChange{.image = std::move(lowering.image), .policies = std::move(*changes)};
}

void take_policies(MapImage& image, MapImage& former, const PolicyChanges& changes) {
    take(image.policies, former.policies, changes.policies);
    take(image.set_heads, former.set_heads, changes.set_heads);
    take(image.port_sets, former.port_sets, changes.port_sets);
    take(image.cidrs4, former.cidrs4, changes.cidrs4);
    take(image.cidrs6, former.cidrs6, changes.cidrs6);
    take(image.group_sets, former.group_sets, changes.group_sets);
    take(image.rule_names, former.rule_names, changes.rule_names);
}

}  // namespace portcullis
