// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_chain_order.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "compiler/lower_nft/nft_references.h"

namespace portcullis {
namespace {

// Depth first; a chain is done after all that it leads to.
class Walk {
   public:
    explicit Walk(const NftTable& table) {
        for (const NftChain& chain : table.chains) {
            chains_.emplace(chain.name, &chain);
        }
        for (const NftSet& set : table.sets) {
            if (set.kind == NftSet::Kind::VerdictMap) {
                maps_.emplace(set.name, &set);
            }
        }
    }

    // As deep as the kernel lets jumps be nested, gotos included: some dozens of calls.
    void visit(const NftChain& chain) {
        if (!seen_.insert(&chain).second) {
            return;
        }
        for (const NftRule& rule : chain.rules) {
            for (const std::string_view target : chains_of(rule)) {
                visit(target);
            }
            for (const std::string_view name : sets_of(rule)) {
                visit_map(name);
            }
        }
        done_.push_back(&chain);
    }

    std::vector<const NftChain*> done() && { return std::move(done_); }

   private:
    void visit(std::string_view name) {
        if (const auto found = chains_.find(name); found != chains_.end()) {
            visit(*found->second);
        }
    }

    void visit_map(std::string_view name) {
        const auto found = maps_.find(name);
        if (found == maps_.end() || !seen_maps_.insert(found->second).second) {
            return;
        }
        for (const NftElement& element : found->second->elements) {
            if (element.verdict && !element.verdict->chain.empty()) {
                visit(std::string_view(element.verdict->chain));
            }
        }
    }

    std::unordered_map<std::string_view, const NftChain*> chains_;
    std::unordered_map<std::string_view, const NftSet*> maps_;
    std::unordered_set<const NftChain*> seen_;
    std::unordered_set<const NftSet*> seen_maps_;
    std::vector<const NftChain*> done_;
};

}  // namespace

std::vector<const NftChain*> callers_first(const NftTable& table, std::vector<const NftChain*> chains) {
    if (chains.size() < 2) {
        return chains;
    }
    const std::unordered_set<const NftChain*> asked(chains.begin(), chains.end());
    Walk walk(table);
    for (const NftChain* chain : chains) {
        walk.visit(*chain);
    }
    std::vector<const NftChain*> done = std::move(walk).done();
    std::reverse(done.begin(), done.end());
    done.erase(std::remove_if(done.begin(), done.end(), [&](const NftChain* chain) { return !asked.contains(chain); }), done.end());
    return done;
}

}  // namespace portcullis
