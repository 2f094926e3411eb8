// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_preparation.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "fallback/nft_diff.h"
#include "fallback/nft_objects.h"

namespace portcullis {
namespace {

// By name. Of `wanted`, those that `had` does not have.
template <class Object>
std::vector<const Object*> missing(const std::vector<Object>& had, const std::vector<Object>& wanted) {
    std::unordered_set<std::string_view> known;
    for (const Object& object : had) {
        known.insert(object.name);
    }
    std::vector<const Object*> objects;
    for (const Object& object : wanted) {
        if (known.count(object.name) == 0) {
            objects.push_back(&object);
        }
    }
    return objects;
}

// Rules that name it are good for either.
bool has_same_type(const NftSet& a, const NftSet& b) {
    return a.kind == b.kind && a.key == b.key && (a.kind != NftSet::Kind::DataMap || a.data == b.data);
}

bool keeps_types(const NftTable& had, const NftTable& wanted) {
    return std::all_of(wanted.sets.begin(), wanted.sets.end(), [&](const NftSet& set) {
        const NftSet* const former = find_set(had, set.name);
        return former == nullptr || has_same_type(*former, set);
    });
}

struct Besides {
    std::vector<const NftSet*> sets;
    std::vector<const NftChain*> chains;  // without a hook
};

Besides besides(const NftTable& had, const NftTable& wanted) {
    Besides besides{.sets = missing(had.sets, wanted.sets), .chains = missing(had.chains, wanted.chains)};
    besides.chains.erase(
        std::remove_if(besides.chains.begin(), besides.chains.end(), [](const NftChain* chain) { return chain->hook.has_value(); }),
        besides.chains.end());
    return besides;
}

}  // namespace

std::optional<NftImage> nft_prepared(const NftImage& had, const NftImage& wanted) {
    std::optional<NftImage> prepared;
    for (std::size_t i = 0; i < had.tables.size(); ++i) {
        const NftTable* const now = find_table(wanted, had.tables[i].family);
        if (now == nullptr) {
            continue;
        }
        if (!keeps_types(had.tables[i], *now)) {
            return std::nullopt;
        }
        const Besides fresh = besides(had.tables[i], *now);
        if (fresh.sets.empty() && fresh.chains.empty()) {
            continue;
        }
        if (!prepared) {
            prepared = had;
        }
        for (const NftSet* const set : fresh.sets) {
            prepared->tables[i].sets.push_back(*set);
        }
        for (const NftChain* const chain : fresh.chains) {
            prepared->tables[i].chains.push_back(*chain);
        }
    }
    if (prepared) {
        normalise(*prepared);
    }
    return prepared;
}

}  // namespace portcullis
