// SPDX-License-Identifier: Apache-2.0
#include "compiler/parse/model_diff.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "compiler/parse/content.h"
#include "core/rule_label.h"

namespace portcullis {
namespace {

using Change = ObjectDifference::Change;

const std::string& id_of(const PortClaim& port) { return port.network_interface_id; }
const std::string& id_of(const Bridge& bridge) { return bridge.device; }
template <class T>
const std::string& id_of(const T& object) {
    return object.id;
}

// The rule by what it does: its id says nothing to whoever reads a difference.
std::string text_of(const SecurityGroup& group, Direction direction, const SecurityGroupRule& rule) {
    SecurityGroupRule unnamed = rule;
    unnamed.id.clear();
    return rule_label(group, direction, unnamed);
}

std::string text_of(const NetworkAcl& acl, Direction direction, const NetworkAclEntry& entry) {
    return rule_label(acl, direction, entry) + (entry.allow ? " allow " : " deny ") + traffic_text(entry.traffic) + ' ' +
           entry.cidr.to_string();
}

const std::vector<SecurityGroupRule>& rules_of(const SecurityGroup& group, std::size_t direction) { return group.rules[direction]; }
const std::vector<NetworkAclEntry>& rules_of(const NetworkAcl& acl, std::size_t direction) { return acl.entries[direction]; }

bool has_same_head(const SecurityGroup& a, const SecurityGroup& b) { return a.name == b.name && a.vpc_id == b.vpc_id; }
bool has_same_head(const NetworkAcl& a, const NetworkAcl& b) {
    return a.vpc_id == b.vpc_id && a.is_default == b.is_default && sorted_keys(a.subnet_ids) == sorted_keys(b.subnet_ids);
}

struct ByContent {
    template <class Rule>
    bool operator()(const Rule* left, const Rule* right) const {
        return content(*left) < content(*right);
    }
};

template <class Rule>
std::vector<const Rule*> sorted(const std::vector<Rule>& rules) {
    std::vector<const Rule*> pointers;
    pointers.reserve(rules.size());
    for (const Rule& rule : rules) {
        pointers.push_back(&rule);
    }
    std::ranges::sort(pointers, ByContent{});
    return pointers;
}

template <class Rule>
std::vector<const Rule*> only_in(const std::vector<Rule>& rules, const std::vector<Rule>& others) {
    const std::vector<const Rule*> left = sorted(rules);
    const std::vector<const Rule*> right = sorted(others);
    std::vector<const Rule*> rest;
    std::ranges::set_difference(left, right, std::back_inserter(rest), ByContent{});
    return rest;
}

class Differences {
   public:
    explicit Differences(RuleTexts texts) : texts_(texts) {}
    std::vector<ObjectDifference> take() { return std::move(all_); }

    // `is_same(before, after)` of two with one id.
    template <class T, class IsSame>
    void compare(std::string_view kind, const std::vector<T>& before, const std::vector<T>& after, IsSame is_same) {
        compare_all(
            before, after, [&](const T& object, Change change) { add(kind, object, change); },
            [&](const T& former, const T& now) {
                if (!is_same(former, now)) {
                    add(kind, now, Change::Changed);
                }
            });
    }

    // Groups and ACLs: rule by rule.
    template <class T>
    void compare_rules(std::string_view kind, const std::vector<T>& before, const std::vector<T>& after) {
        const T none{};
        compare_all(
            before, after,
            [&](const T& object, Change change) {
                ObjectDifference& one = add(kind, object, change);
                add_rules(one, change == Change::Added ? none : object, change == Change::Added ? object : none, object);
            },
            [&](const T& former, const T& now) {
                if (has_same_head(former, now) && has_equal_rules(former, now)) {
                    return;
                }
                ObjectDifference one{.kind = kind, .id = now.id};
                add_rules(one, former, now, now);
                if (one.rules_added + one.rules_removed != 0 || !has_same_head(former, now)) {
                    all_.push_back(std::move(one));
                }
            });
    }

    template <class T>
    void compare_setting(std::string_view key, const T& before, const T& after) {
        if (!(before == after)) {
            all_.push_back({.kind = "settings", .id = std::string(key)});
        }
    }

   private:
    template <class T, class AddOne, class CompareTwo>
    static void compare_all(const std::vector<T>& before, const std::vector<T>& after, AddOne add_one, CompareTwo compare_two) {
        std::unordered_map<std::string_view, const T*> now;
        for (const T& object : after) {
            now.emplace(id_of(object), &object);
        }
        for (const T& object : before) {
            const auto found = now.find(id_of(object));
            if (found == now.end()) {
                add_one(object, Change::Removed);
            } else {
                compare_two(object, *found->second);
                now.erase(found);
            }
        }
        for (const T& object : after) {
            if (now.contains(id_of(object))) {
                add_one(object, Change::Added);
            }
        }
    }

    template <class T>
    ObjectDifference& add(std::string_view kind, const T& object, Change change) {
        return all_.emplace_back(ObjectDifference{.change = change, .kind = kind, .id = id_of(object)});
    }

    // In one order, which is how an object that nobody touched has them: no need to sort a million rules.
    template <class T>
    static bool has_equal_rules(const T& former, const T& now) {
        const auto is_equal = [&](std::size_t direction) {
            return std::ranges::equal(rules_of(former, direction), rules_of(now, direction),
                                      [](const auto& a, const auto& b) { return content(a) == content(b); });
        };
        return is_equal(0) && is_equal(1);
    }

    template <class T>
    void add_rules(ObjectDifference& one, const T& former, const T& now, const T& object) const {
        for (const Direction direction : {Direction::Inbound, Direction::Outbound}) {
            const auto& old_rules = rules_of(former, static_cast<std::size_t>(direction));
            const auto& new_rules = rules_of(now, static_cast<std::size_t>(direction));
            const auto added = only_in(new_rules, old_rules);
            const auto removed = only_in(old_rules, new_rules);
            one.rules_added += added.size();
            one.rules_removed += removed.size();
            if (texts_ == RuleTexts::No) {
                continue;
            }
            for (const auto* rule : added) {
                one.added_rules.push_back(text_of(object, direction, *rule));
            }
            for (const auto* rule : removed) {
                one.removed_rules.push_back(text_of(object, direction, *rule));
            }
        }
    }

    RuleTexts texts_;
    std::vector<ObjectDifference> all_;
};

std::string sign_of(Change change) { return change == Change::Added ? "+" : change == Change::Removed ? "-" : "~"; }

std::string text_of(const ObjectDifference& one) {
    std::string text = sign_of(one.change) + std::string(one.kind) + '/' + one.id;
    if (one.rules_added + one.rules_removed != 0) {
        text += " (+" + std::to_string(one.rules_added) + " -" + std::to_string(one.rules_removed) + " rules)";
    }
    return text;
}

}  // namespace

std::vector<ObjectDifference> diff_models(const Model& before, const Model& after, RuleTexts texts) {
    Differences found(texts);
    const auto is_same = [](const auto& a, const auto& b) { return content(a) == content(b); };
    found.compare("ports", before.ports, after.ports, is_same);
    found.compare("bridges", before.bridges, after.bridges, is_same);
    found.compare("network-interfaces", before.network_interfaces, after.network_interfaces, is_same);
    found.compare_rules("security-groups", before.security_groups, after.security_groups);
    found.compare_rules("network-acls", before.network_acls, after.network_acls);
    found.compare("prefix-lists", before.prefix_lists, after.prefix_lists,
                  [](const PrefixList& a, const PrefixList& b) { return a.is_known == b.is_known && content(a) == content(b); });
    found.compare("subnets", before.subnets, after.subnets, is_same);
    found.compare("vpcs", before.vpcs, after.vpcs, is_same);
    found.compare_setting("NetworkAcls", before.has_network_acls, after.has_network_acls);
    found.compare_setting("Services", before.services, after.services);
    found.compare_setting("Egress", std::tuple(sorted_keys(before.deny_cidrs), before.isolates_instances),
                          std::tuple(sorted_keys(after.deny_cidrs), after.isolates_instances));
    found.compare_setting("HostServices", before.host_services, after.host_services);
    const auto id_of = [](const ClosedInterface& interface) { return interface.id; };
    found.compare_setting("ClosedInterfaces", sorted_keys(before.closed_interfaces, id_of), sorted_keys(after.closed_interfaces, id_of));
    found.compare_setting("OnDeny", before.on_deny, after.on_deny);
    found.compare_setting("OnRevoke", before.on_revoke, after.on_revoke);
    found.compare_setting("Quotas", std::tie(before.quotas.flows, before.quotas.flows_per_port, before.quotas.half_open_per_port),
                          std::tie(after.quotas.flows, after.quotas.flows_per_port, after.quotas.half_open_per_port));
    return found.take();
}

std::string_view to_string(ObjectDifference::Change change) {
    return change == Change::Added ? "added" : change == Change::Removed ? "removed" : "changed";
}

std::string to_line(const std::vector<ObjectDifference>& differences, std::size_t most) {
    std::string line;
    for (std::size_t i = 0; i < differences.size(); ++i) {
        if (line.size() >= most) {
            return line + " and " + std::to_string(differences.size() - i) + " more";
        }
        line += (line.empty() ? "" : ", ") + text_of(differences[i]);
    }
    return line.empty() ? "no difference" : line;
}

}  // namespace portcullis
