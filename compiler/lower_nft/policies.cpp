// SPDX-License-Identifier: Apache-2.0
// Policies -> chains: the remote address leads, by an interval verdict map, to the chain of the port set that decides there; what that says
// nothing of goes to the chain of group references, and from there, or at once, to the drop.
#include "compiler/lower_nft/policies.h"

#include <map>

#include "compiler/lower_nft/nft_intervals.h"
#include "compiler/lower_nft/nft_words.h"

namespace portcullis {
namespace {

constexpr std::size_t kFewSets = 4;
constexpr std::size_t kManyPerSet = 16;

class PolicyChains {
   public:
    PolicyChains(NftBuilder& bridge, const NftPort& port, const Policy& policy, const NftQuestion& question)
        : bridge_(bridge), port_(port), policy_(policy), question_(question) {}

    std::vector<NftRule> rules() {
        end_ = question_.asks_groups && !policy_.groups.empty() ? nft_goto(group_chain()) : drop();
        const auto& everywhere = policy_.default_set[static_cast<std::size_t>(question_.family)];
        std::vector<NftRule> rules = address_rules();
        if (rules.empty()) {
            return everywhere ? set_rules(*everywhere) : std::vector{nft_rule({end_})};
        }
        rules.push_back(nft_rule({everywhere ? nft_goto(set_chain(*everywhere)) : end_}));
        return rules;
    }

   private:
    NftVerdict drop() { return bridge_.drop(question_.direction, question_.reason); }

    // At every change the kernel walks from each element of a verdict map to where it leads, for each way to the map. So where long lists
    // lead to few port sets, each of these has a set of addresses and a rule.
    std::vector<NftRule> address_rules() {
        std::vector<std::pair<Prefix, Index>> cidrs;
        for (const auto& cidr : policy_.cidrs) {
            if (cidr.first.family() == question_.family) {
                cidrs.push_back(cidr);
            }
        }
        const std::vector<NftInterval> intervals = nft_intervals(cidrs);
        std::map<Index, std::vector<NftElement>> by_set;
        NftSet map = nft_interval_set("addresses", question_.family, {});
        map.kind = NftSet::Kind::VerdictMap;
        for (const NftInterval& interval : intervals) {
            by_set[interval.value].push_back(nft_element(interval));
            map.elements.push_back(nft_element(interval));
            map.elements.back().verdict = nft_goto(set_chain(interval.value));
        }
        if (intervals.empty()) {
            return {};
        }
        if (by_set.size() > kFewSets || intervals.size() < kManyPerSet * by_set.size()) {
            return {nft_rule({nft_verdict_of({nft_remote(question_)}, bridge_.set(std::move(map)))})};
        }
        std::vector<NftRule> rules;
        for (auto& [set, elements] : by_set) {
            const std::string name = bridge_.set(nft_interval_set("prefixes", question_.family, std::move(elements)));
            rules.push_back(nft_rule({nft_in({nft_remote(question_)}, name), nft_goto(set_chain(set))}));
        }
        return rules;
    }

    std::vector<NftRule> set_rules(Index set) {
        std::vector<NftRule> rules = nft_port_set(bridge_, port_.ruleset(), port_.ruleset().port_sets[set], question_, {});
        rules.push_back(nft_rule({end_}));
        return rules;
    }

    std::string set_chain(Index set) {
        const auto found = chains_.find(set);
        return found != chains_.end() ? found->second : chains_.emplace(set, bridge_.chain("set", set_rules(set))).first->second;
    }

    std::string group_chain() {
        std::vector<NftRule> rules;
        for (const auto& [group, set] : policy_.groups) {
            const std::vector<NftStatement> is_member = {
                nft_in({nft_remote(question_)}, nft_members(bridge_, port_, question_.family, group))};
            for (NftRule& rule : nft_port_set(bridge_, port_.ruleset(), port_.ruleset().port_sets[set], question_, is_member)) {
                rules.push_back(std::move(rule));
            }
        }
        rules.push_back(nft_rule({drop()}));
        return bridge_.chain("groups", std::move(rules));
    }

    NftBuilder& bridge_;
    const NftPort& port_;
    const Policy& policy_;
    const NftQuestion& question_;
    NftVerdict end_;                       // for what neither the address nor the port decides
    std::map<Index, std::string> chains_;  // by port set
};

}  // namespace

NftLoad nft_remote(const NftQuestion& question) {
    return question.is_to_group ? nft_destination(question.family) : nft_remote(question.family, question.direction);
}

std::vector<NftRule> nft_policy_rules(NftBuilder& bridge, const NftPort& port, Index policy, const NftQuestion& question) {
    const Policy& content = port.ruleset().policies[policy];
    const bool asks_groups = question.asks_groups && !content.groups.empty();
    std::string key = "policy";
    for (const std::size_t part :
         {static_cast<std::size_t>(policy), static_cast<std::size_t>(question.direction), static_cast<std::size_t>(question.family),
          static_cast<std::size_t>(question.reason), static_cast<std::size_t>(question.ports), std::size_t{question.is_to_group},
          asks_groups ? std::size_t{port.port->zone} + 1 : 0}) {
        key += " " + std::to_string(part);
    }
    return bridge.once_rules(key, [&] { return PolicyChains(bridge, port, content, question).rules(); });
}

std::string nft_policy(NftBuilder& bridge, const NftPort& port, Index policy, const NftQuestion& question) {
    return bridge.chain("policy", nft_policy_rules(bridge, port, policy, question));
}

}  // namespace portcullis
