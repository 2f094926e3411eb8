// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/rule_counts.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "core/rule_label.h"

namespace portcullis {
namespace {

// What is kept of a rule while all are gone through: texts are made of those alone that are listed.
struct Candidate {
    std::string label;
    std::uint64_t decisions = 0;
    Direction direction = Direction::Outbound;
    const SecurityGroup* group = nullptr;  // with `rule`, or `acl` with `entry`
    const SecurityGroupRule* rule = nullptr;
    const NetworkAcl* acl = nullptr;
    const NetworkAclEntry* entry = nullptr;
};

bool is_before(const Candidate& a, const Candidate& b) { return std::tie(b.decisions, a.label) < std::tie(a.decisions, b.label); }

RuleCount count_of(Candidate candidate) {
    const bool is_group = candidate.group != nullptr;
    return {.owner_id = is_group ? candidate.group->id : candidate.acl->id,
            .rule_id = is_group ? candidate.rule->id : std::to_string(candidate.entry->number),
            .direction = candidate.direction,
            .text = is_group ? rule_text(candidate.direction, *candidate.rule) : rule_text(candidate.direction, *candidate.entry),
            .label = std::move(candidate.label),
            .decisions = candidate.decisions};
}

// The first `most` of all that are added, in bounded memory.
class Listing {
   public:
    Listing(const std::vector<RuleHits>& hits, std::size_t most) : most_(most) {
        for (const RuleHits& one : hits) {
            decisions_.emplace(one.label, one.decisions);
        }
    }
    void add(Candidate candidate) {
        const auto found = decisions_.find(candidate.label);
        candidate.decisions = found == decisions_.end() ? 0 : found->second;
        candidates_.push_back(std::move(candidate));
        if (candidates_.size() > 2 * most_) {
            shorten();
        }
    }
    RuleCounts take() {
        shorten();
        RuleCounts counts{.rules = {}, .is_truncated = is_truncated_};
        for (Candidate& candidate : candidates_) {
            counts.rules.push_back(count_of(std::move(candidate)));
        }
        return counts;
    }

   private:
    // Rules of one label are one rule: the same permission given twice.
    void shorten() {
        std::ranges::sort(candidates_, is_before);
        const auto has_same_label = [](const Candidate& one, const Candidate& other) { return one.label == other.label; };
        candidates_.erase(std::unique(candidates_.begin(), candidates_.end(), has_same_label), candidates_.end());
        if (candidates_.size() > most_) {
            candidates_.resize(most_);
            is_truncated_ = true;
        }
    }

    std::unordered_map<std::string_view, std::uint64_t> decisions_;
    std::vector<Candidate> candidates_;
    std::size_t most_;
    bool is_truncated_ = false;
};

}  // namespace

RuleCounts count_rules(const Model& model, const std::vector<RuleHits>& hits, std::size_t most) {
    Listing listing(hits, most);
    for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
        const auto side = static_cast<std::size_t>(direction);
        for (const SecurityGroup& group : model.security_groups) {
            for (const SecurityGroupRule& rule : group.rules[side]) {
                listing.add({.label = rule_label(group, direction, rule), .direction = direction, .group = &group, .rule = &rule});
            }
        }
        for (const NetworkAcl& acl : model.network_acls) {
            for (const NetworkAclEntry& entry : acl.entries[side]) {
                listing.add({.label = rule_label(acl, direction, entry), .direction = direction, .acl = &acl, .entry = &entry});
            }
        }
    }
    return listing.take();
}

}  // namespace portcullis
