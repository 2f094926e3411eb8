// SPDX-License-Identifier: Apache-2.0
// The one form of images that mean the same (nft_diff.h).
#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_set>

#include "fallback/nft_diff.h"
#include "fallback/nft_expressions.h"

namespace portcullis {
namespace {

void normalise(NftSet& set) {
    for (NftElement& element : set.elements) {
        if (element.to == element.from) {
            element.to.clear();
        }
    }
    if (set.is_dynamic) {
        set.elements.clear();
        set.size = set.size == 0 ? kNftRoomOnDemand : set.size;
    }
    const auto by_key = [](const NftElement& a, const NftElement& b) { return a.from < b.from; };
    if (!std::is_sorted(set.elements.begin(), set.elements.end(), by_key)) {
        std::sort(set.elements.begin(), set.elements.end(), by_key);
    }
}

void normalise(NftStatement& statement, const std::unordered_set<std::string_view>& counting) {
    if (auto* limit = std::get_if<NftLimit>(&statement); limit != nullptr && limit->burst == 0) {
        limit->burst = kDefaultBurst;
    }
    if (auto* update = std::get_if<NftMapUpdate>(&statement); update != nullptr && update->op == NftMapUpdate::Op::Delete) {
        update->data = {};  // says nothing
        update->timeout_ms = 0;
    }
    // The kernel does not tell those of the rule where the set has them by itself.
    if (auto* update = std::get_if<NftUpdate>(&statement); update != nullptr && !update->counts) {
        update->counts = counting.contains(update->set);
    }
}

void normalise_rules(NftTable& table) {
    std::unordered_set<std::string_view> counting;
    for (const NftSet& set : table.sets) {
        if (set.counts && set.is_dynamic) {
            counting.insert(set.name);
        }
    }
    for (NftChain& chain : table.chains) {
        for (NftRule& rule : chain.rules) {
            for (NftStatement& statement : rule.statements) {
                normalise(statement, counting);
            }
        }
    }
}

}  // namespace

void normalise(NftImage& image) {
    const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
    for (NftTable& table : image.tables) {
        for (NftSet& set : table.sets) {
            normalise(set);
        }
        normalise_rules(table);
        std::sort(table.sets.begin(), table.sets.end(), by_name);
        std::sort(table.chains.begin(), table.chains.end(), by_name);
    }
    std::sort(image.tables.begin(), image.tables.end(),
              [](const NftTable& a, const NftTable& b) { return std::tie(a.family, a.name) < std::tie(b.family, b.name); });
}

}  // namespace portcullis
