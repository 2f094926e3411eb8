// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_transaction.h"

#include "fallback/nft_encode.h"

namespace portcullis {
namespace {

std::vector<const NftElement*> all_of(const NftSet& set) {
    std::vector<const NftElement*> elements;
    elements.reserve(set.elements.size());
    for (const NftElement& element : set.elements) {
        elements.push_back(&element);
    }
    return elements;
}

// 1. Rules of chains that go or change: they name sets and chains.
// 2. Elements that go: those of verdict maps name chains.
// 3. Chains, then sets.
void encode_ends(NftBatch& batch, const NftTableName& table, const NftTableDiff& diff) {
    for (const NftChain* chain : diff.emptied) {
        encode_rules_end(batch, table, *chain);
    }
    for (const NftSet* set : diff.drained) {
        encode_elements_end(batch, table, *set);
    }
    for (const NftSetDelta& delta : diff.deltas) {
        encode_elements(batch, table, *delta.set, delta.gone, NftElementOp::Delete);
    }
    for (const NftChain* chain : diff.gone_chains) {
        encode_chain_end(batch, table, *chain);
    }
    for (const NftSet* set : diff.gone_sets) {
        encode_set_end(batch, table, *set);
    }
}

// 1. Chains and sets, so that all names are there.
// 2. Elements, before a rule looks at the set: the kernel checks each element against each rule that is there.
// 3. Rules.
void encode_beginnings(NftBatch& batch, const NftTableName& table, const NftTableDiff& diff) {
    for (const NftChain* chain : diff.new_chains) {
        encode_chain(batch, table, *chain);
    }
    for (const NftSet* set : diff.new_sets) {
        encode_set(batch, table, *set);
        encode_elements(batch, table, *set, all_of(*set), NftElementOp::Add);
    }
    for (const NftSetDelta& delta : diff.deltas) {
        encode_elements(batch, table, *delta.set, delta.fresh, NftElementOp::Add);
    }
    for (const NftChain* chain : diff.filled) {
        encode_rules(batch, table, *chain);
    }
}

}  // namespace

void encode_diff(NftBatch& batch, const NftTableDiff& diff, std::uint32_t table_flags) {
    const NftTable& either = diff.wanted != nullptr ? *diff.wanted : *diff.had;
    const NftTableName table{.family = either.family, .name = either.name};
    if (diff.wanted == nullptr) {
        encode_table_end(batch, table);
        return;
    }
    if (diff.had == nullptr) {
        encode_table(batch, table, table_flags);
    }
    encode_ends(batch, table, diff);
    encode_beginnings(batch, table, diff);
}

}  // namespace portcullis
