// SPDX-License-Identifier: Apache-2.0
// Objects of an image as messages of a batch: one word each for tables, chains, sets, elements and rules, to add and to delete. Names and
// objects outlive the batch.
#pragma once

#include <cstdint>
#include <span>

#include "compiler/lower_nft/nft_image.h"
#include "fallback/nft_batch.h"

namespace portcullis {

struct NftTableName {
    NftFamily family = NftFamily::Bridge;
    std::string_view name;
};

// Flags NFT_TABLE_F_*. A table that is there gets the flags.
void encode_table(NftBatch& batch, const NftTableName& table, std::uint32_t flags);
void encode_chain(NftBatch& batch, const NftTableName& table, const NftChain& chain);  // without its rules
void encode_rules(NftBatch& batch, const NftTableName& table, const NftChain& chain);
void encode_set(NftBatch& batch, const NftTableName& table, const NftSet& set);  // without its elements

// Add: one that is there already, the same, is no error. Delete: one that is not there is.
enum class NftElementOp : std::uint8_t { Add, Delete };
void encode_elements(NftBatch& batch, const NftTableName& table, const NftSet& set, std::span<const NftElement* const> elements,
                     NftElementOp op);

void encode_table_end(NftBatch& batch, const NftTableName& table);
void encode_chain_end(NftBatch& batch, const NftTableName& table, const NftChain& chain);
void encode_rules_end(NftBatch& batch, const NftTableName& table, const NftChain& chain);  // of all of the chain
void encode_set_end(NftBatch& batch, const NftTableName& table, const NftSet& set);
void encode_elements_end(NftBatch& batch, const NftTableName& table, const NftSet& set);  // of all of the set

}  // namespace portcullis
