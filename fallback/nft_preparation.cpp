// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_preparation.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "fallback/nft_diff.h"
#include "fallback/nft_objects.h"

namespace portcullis {
namespace {

template <class Object>
void add_missing(std::vector<Object>& to, const std::vector<Object>& from, bool (*counts)(const Object&)) {
    std::unordered_set<std::string_view> known;
    for (const Object& object : to) {
        known.insert(object.name);
    }
    std::vector<Object> missing;
    std::copy_if(from.begin(), from.end(), std::back_inserter(missing),
                 [&](const Object& object) { return counts(object) && known.count(object.name) == 0; });
    to.insert(to.end(), std::make_move_iterator(missing.begin()), std::make_move_iterator(missing.end()));
}

}  // namespace

NftImage nft_prepared(const NftImage& had, const NftImage& wanted) {
    NftImage prepared = had;
    for (NftTable& table : prepared.tables) {
        if (const NftTable* const now = find_table(wanted, table.family)) {
            add_missing<NftSet>(table.sets, now->sets, [](const NftSet& /*set*/) { return true; });
            add_missing<NftChain>(table.chains, now->chains, [](const NftChain& chain) { return !chain.hook; });
        }
    }
    normalise(prepared);
    return prepared;
}

}  // namespace portcullis
