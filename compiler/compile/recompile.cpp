// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile/recompile.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "compiler/compile/directory.h"
#include "compiler/compile/memory.h"

namespace portcullis {
namespace {

bool is_same(const SecurityGroupRule& a, const SecurityGroupRule& b) {
    return a.traffic == b.traffic && a.source == b.source && a.id == b.id;
}
bool is_same(const NetworkAclEntry& a, const NetworkAclEntry& b) {
    return a.number == b.number && a.allow == b.allow && a.traffic == b.traffic && a.cidr == b.cidr;
}

// In the same order, too: what is only told otherwise counts as changed.
template <class Items>
bool are_same(const Items (&a)[2], const Items (&b)[2]) {
    const auto same = [](const auto& x, const auto& y) { return is_same(x, y); };
    return std::ranges::equal(a[0], b[0], same) && std::ranges::equal(a[1], b[1], same);
}

template <class Object>
bool have_same_ids(const ById<Object>& a, const ById<Object>& b) {
    if (a.size() != b.size()) {
        return false;
    }
    for (Index i = 0; i < a.size(); ++i) {
        if (a[i].id != b[i].id) {
            return false;
        }
    }
    return true;
}

// Ids of those that are not in both, or not the same in both.
std::set<std::string_view> changed_lists(const ById<PrefixList>& before, const ById<PrefixList>& after) {
    std::set<std::string_view> changed;
    const auto add = [&](const ById<PrefixList>& lists, const ById<PrefixList>& others) {
        for (Index i = 0; i < lists.size(); ++i) {
            const PrefixList* const other = others.find(lists[i].id);
            if (other == nullptr || other->is_known != lists[i].is_known || other->cidrs != lists[i].cidrs) {
                changed.insert(lists[i].id);
            }
        }
    };
    add(before, after);
    add(after, before);
    return changed;
}

bool refers_to(const SecurityGroup& group, const std::set<std::string_view>& lists) {
    const auto is_one = [&](const SecurityGroupRule& rule) {
        const auto* const list = std::get_if<PrefixListReference>(&rule.source);
        return list != nullptr && lists.contains(list->prefix_list_id);
    };
    return !lists.empty() && (std::ranges::any_of(group.rules[0], is_one) || std::ranges::any_of(group.rules[1], is_one));
}

// Of what the memory knows; what it does not know is compiled anyway. None: groups or ACLs came or went, so that the others have other
// indices.
std::optional<ChangedRules> changed_rules(const RuleMemory& known, const Model& before, const Model& after) {
    ChangedRules changed;
    if (&before == &after) {
        return changed;
    }
    const ById<SecurityGroup> former_groups(before.security_groups);
    const ById<SecurityGroup> groups(after.security_groups);
    const ById<NetworkAcl> former_acls(before.network_acls);
    const ById<NetworkAcl> acls(after.network_acls);
    if (!have_same_ids(former_groups, groups) || !have_same_ids(former_acls, acls)) {
        return std::nullopt;
    }
    const ById<PrefixList> former_lists(before.prefix_lists);
    const ById<PrefixList> lists(after.prefix_lists);
    const std::set<std::string_view> other_lists = changed_lists(former_lists, lists);
    for (const auto& [i, group] : known.groups) {
        if (!are_same(former_groups[i].rules, groups[i].rules) || refers_to(groups[i], other_lists)) {
            changed.groups.insert(i);
        }
    }
    for (const auto& [i, acl] : known.acls) {
        if (!are_same(former_acls[i].entries, acls[i].entries)) {
            changed.acls.insert(i);
        }
    }
    return changed;
}

// The values that stood at some indices, at their places again.
template <class Value>
void restore(std::vector<Value>& values, const std::vector<std::pair<Index, Value>>& former) {
    for (const auto& [index, value] : former) {
        values[index] = value;
    }
}

void take_from(CompileMemory& memory, Ruleset& ruleset) {
    ruleset.rules = memory.rules.rules.take();
    ruleset.port_sets = memory.policies.port_sets.slots().take();
    ruleset.policies = memory.policies.policies.slots().take();
}

void put_into(CompileMemory& memory, Ruleset& ruleset) {
    memory.rules.rules.put_back(std::move(ruleset.rules));
    memory.policies.port_sets.slots().put_back(std::move(ruleset.port_sets));
    memory.policies.policies.slots().put_back(std::move(ruleset.policies));
    memory.rules.rules.begin_change();
    memory.policies.port_sets.slots().begin_change();
    memory.policies.policies.slots().begin_change();
}

std::shared_ptr<const RulesetRevision> revision_after(const std::shared_ptr<const RulesetRevision>& former, CompileMemory& memory) {
    auto revision = std::make_shared<RulesetRevision>();
    revision->former = former;
    revision->rules = memory.rules.rules.take_former();
    revision->port_sets = memory.policies.port_sets.slots().take_former();
    revision->policies = memory.policies.policies.slots().take_former();
    return revision;
}

}  // namespace

Compiler::Compiler() = default;
Compiler::~Compiler() = default;

Result<Ruleset> Compiler::compile(const Model& model, const std::optional<Aliases>& aliases) {
    memory_ = std::make_unique<CompileMemory>();
    auto ruleset = compile_with(*memory_, model, aliases, {}, compiled_);
    if (!ruleset) {
        memory_.reset();
        return ruleset;
    }
    take_from(*memory_, *ruleset);
    ruleset->revision = std::make_shared<RulesetRevision>();
    known_ = ruleset->revision;
    return ruleset;
}

Result<Ruleset> Compiler::change(Ruleset& former, const Model& before, const Model& after, const std::optional<Aliases>& aliases) {
    const bool is_known = memory_ && former.revision && known_.lock() == former.revision;
    const std::optional<ChangedRules> changed = is_known ? changed_rules(memory_->rules, before, after) : std::nullopt;
    if (!changed) {
        return compile(after, aliases);
    }
    put_into(*memory_, former);
    auto ruleset = compile_with(*memory_, after, aliases, *changed, compiled_);
    Ruleset taken;
    const auto revision = revision_after(former.revision, *memory_);
    take_from(*memory_, ruleset ? *ruleset : taken);
    (ruleset ? *ruleset : taken).revision = revision;
    if (!ruleset) {
        give_back(former, std::move(taken));
        return ruleset;
    }
    known_ = revision;
    return ruleset;
}

void Compiler::give_back(Ruleset& former, Ruleset changed) {
    if (!changed.revision) {
        return;
    }
    memory_.reset();
    known_.reset();
    const bool was_taken = former.revision && changed.revision->former.lock() == former.revision;
    if (!was_taken) {
        return;
    }
    former.rules = std::move(changed.rules);
    former.port_sets = std::move(changed.port_sets);
    former.policies = std::move(changed.policies);
    restore(former.rules, changed.revision->rules);
    restore(former.port_sets, changed.revision->port_sets);
    restore(former.policies, changed.revision->policies);
}

}  // namespace portcullis
