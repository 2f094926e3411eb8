// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_simplify.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "compiler/lower_nft/nft_digest.h"
#include "compiler/lower_nft/nft_names.h"

namespace portcullis {
namespace {

using Kind = NftVerdict::Kind;

constexpr std::size_t kDigits = 16;  // of a digest in a name

// The name up to its digest; empty: it has none.
std::string_view stem_of(std::string_view name) {
    const std::size_t dash = name.rfind('-');
    const bool has_digest = !nft_keeps_name(name) && dash != std::string_view::npos && name.size() - dash - 1 == kDigits &&
                            name.find_first_not_of("0123456789abcdef", dash + 1) == std::string_view::npos;
    return has_digest ? name.substr(0, dash) : std::string_view();
}

bool leads_on(const NftVerdict& verdict) { return verdict.kind == Kind::Jump || verdict.kind == Kind::Goto; }

const NftVerdict* verdict_in(const NftStatement& statement) { return std::get_if<NftVerdict>(&statement); }
NftVerdict* verdict_in(NftStatement& statement) { return std::get_if<NftVerdict>(&statement); }

// The verdict of a rule that says nothing else.
const NftVerdict* only_verdict(const NftRule& rule) {
    return rule.statements.size() == 1 && rule.comment.empty() ? verdict_in(rule.statements.front()) : nullptr;
}

class Simplifier {
   public:
    explicit Simplifier(NftTable& table) {
        for (NftChain& chain : table.chains) {
            chains_.emplace(chain.name, std::move(chain));
        }
        for (NftSet& set : table.sets) {
            sets_.emplace(set.name, std::move(set));
        }
    }

    void run(NftTable& table) {
        for_each_verdict([this](NftVerdict& verdict) { follow(verdict); });
        join_ends();
        table.chains.clear();
        table.sets.clear();
        for (auto& [name, chain] : chains_) {
            if (chain.hook || stem_of(name).empty()) {
                static_cast<void>(renamed_chain(name));
            }
        }
        for (auto& [name, set] : sets_) {
            if (stem_of(name).empty()) {
                static_cast<void>(renamed_set(name));
            }
        }
        for (auto& [name, chain] : done_chains_) {
            table.chains.push_back(std::move(chain));
        }
        for (auto& [name, set] : done_sets_) {
            table.sets.push_back(std::move(set));
        }
        const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
        std::sort(table.chains.begin(), table.chains.end(), by_name);
        std::sort(table.sets.begin(), table.sets.end(), by_name);
    }

   private:
    template <class Change>
    void for_each_verdict(Change change) {
        for (auto& [name, chain] : chains_) {
            for (NftRule& rule : chain.rules) {
                for (NftStatement& statement : rule.statements) {
                    if (NftVerdict* const verdict = verdict_in(statement)) {
                        change(*verdict);
                    }
                }
            }
        }
        for (auto& [name, set] : sets_) {
            for (NftElement& element : set.elements) {
                if (element.verdict) {
                    change(*element.verdict);
                }
            }
        }
    }

    // Where a chain is that says nothing but where to go on.
    void follow(NftVerdict& verdict) const {
        while (leads_on(verdict)) {
            const NftChain& chain = chains_.at(verdict.chain);
            const NftVerdict* const next = chain.hook || chain.rules.empty() ? nullptr : only_verdict(chain.rules.front());
            if (next == nullptr || next->kind != Kind::Goto) {
                return;
            }
            verdict.chain = next->chain;
        }
    }

    void join_ends() {
        std::unordered_map<std::string, std::size_t> references;
        for_each_verdict([&](const NftVerdict& verdict) {
            if (leads_on(verdict)) {
                ++references[verdict.chain];
            }
        });
        for (auto& [name, chain] : chains_) {
            while (!chain.rules.empty()) {
                const NftVerdict* const last = only_verdict(chain.rules.back());
                if (last == nullptr || last->kind != Kind::Goto || references[last->chain] != 1 || stem_of(last->chain).empty()) {
                    break;
                }
                NftChain& end = chains_.at(last->chain);
                chain.rules.pop_back();
                chain.rules.insert(chain.rules.end(), end.rules.begin(), end.rules.end());
            }
        }
    }

    // ---- names, from what is referred to up; only what something leads to gets here

    [[nodiscard]] std::string renamed_chain(const std::string& name) {
        if (const auto found = new_names_.find(name); found != new_names_.end()) {
            return found->second;
        }
        NftChain chain = std::move(chains_.at(name));  // each is asked for once
        for (NftRule& rule : chain.rules) {
            for (NftStatement& statement : rule.statements) {
                rename(statement);
            }
        }
        const std::string_view stem = chain.hook ? std::string_view() : stem_of(name);
        chain.name = stem.empty() ? name : std::string(stem) + "-" + nft_digest(chain);
        return new_names_[name] = keep(done_chains_, std::move(chain));
    }

    [[nodiscard]] std::string renamed_set(const std::string& name) {
        if (const auto found = new_names_.find("set " + name); found != new_names_.end()) {
            return found->second;
        }
        NftSet set = std::move(sets_.at(name));
        for (NftElement& element : set.elements) {
            if (element.verdict) {
                rename(*element.verdict);
            }
        }
        if (const std::string_view stem = stem_of(name); !stem.empty()) {
            set.name = std::string(stem) + "-" + nft_digest(set);
        }
        return new_names_["set " + name] = keep(done_sets_, std::move(set));
    }

    // As NftBuilder: contents that share a digest have numbers behind it.
    template <class Object>
    [[nodiscard]] static std::string keep(std::unordered_map<std::string, Object>& done, Object object) {
        const std::string base = object.name;
        std::string name = base;
        for (unsigned i = 1;; ++i) {
            const auto [at, is_new] = done.try_emplace(name, std::move(object));  // one that is there leaves the object as it is
            if (is_new || at->second == object) {
                return name;
            }
            name = base + "-" + std::to_string(i);
            object.name = name;
        }
    }

    void rename(NftVerdict& verdict) {
        if (leads_on(verdict)) {
            verdict.chain = renamed_chain(verdict.chain);
        }
    }

    void rename(std::vector<NftLoad>& key) {
        for (NftLoad& load : key) {
            rename(load);
        }
    }

    void rename(NftLoad& load) {
        if (load.kind == NftLoad::Kind::Map) {
            load.map = renamed_set(load.map);
            rename(load.key);
        }
    }

    void rename(NftStatement& statement) {
        if (auto* const compare = std::get_if<NftCompare>(&statement)) {
            rename(compare->load);
        } else if (auto* const range = std::get_if<NftRange>(&statement)) {
            rename(range->load);
        } else if (auto* const lookup = std::get_if<NftLookup>(&statement)) {
            lookup->set = renamed_set(lookup->set);
            rename(lookup->key);
        } else if (auto* const verdicts = std::get_if<NftVerdictLookup>(&statement)) {
            verdicts->map = renamed_set(verdicts->map);
            rename(verdicts->key);
        } else if (auto* const update = std::get_if<NftUpdate>(&statement)) {
            update->set = renamed_set(update->set);
            rename(update->key);
        } else if (auto* const change = std::get_if<NftMapUpdate>(&statement)) {
            change->map = renamed_set(change->map);
            rename(change->key);
            rename(change->data);
        } else if (auto* const verdict = verdict_in(statement)) {
            rename(*verdict);
        }
    }

    std::unordered_map<std::string, NftChain> chains_, done_chains_;
    std::unordered_map<std::string, NftSet> sets_, done_sets_;
    std::unordered_map<std::string, std::string> new_names_;
};

}  // namespace

NftTable nft_simplified(NftTable table) {
    Simplifier(table).run(table);
    return table;
}

}  // namespace portcullis
