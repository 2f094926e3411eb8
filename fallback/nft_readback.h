// SPDX-License-Identifier: Apache-2.0
// What the kernel has under our tables' names, as an image: the truth that changes start from and drift shows against.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "compiler/lower_nft/nft_image.h"
#include "core/result.h"
#include "fallback/nft_encode.h"
#include "fallback/nft_socket.h"

struct nftnl_set_elem;
struct nftnl_rule;

namespace portcullis {

struct NftStanding {
    NftImage image;                            // normal (nft_diff.h); dynamic sets without their elements
    std::map<NftFamily, std::uint32_t> flags;  // NFT_TABLE_F_* of the tables
    std::uint32_t generation = 0;
};

// All of one generation: asked again while others write.
[[nodiscard]] Result<NftStanding> read_back(NftSocket& socket, std::string_view table);

// Our tables under that name, by family, with their flags NFT_TABLE_F_*.
[[nodiscard]] Result<std::map<NftFamily, std::uint32_t>> find_tables(NftSocket& socket, std::string_view name);

// Chains alone, without rules: base chains of devices can vanish without a new generation.
[[nodiscard]] Result<std::vector<NftChain>> read_chains(NftSocket& socket, const NftTableName& table);

// The elements of a set, sorted. EINTR: ask again.
[[nodiscard]] Result<std::vector<NftElement>> read_elements(NftSocket& socket, const NftTableName& table, const NftSet& set);

// Each element of a set, or rule of a table, as it is now. EINTR: ask again.
[[nodiscard]] Result<> for_each_element(NftSocket& socket, const NftTableName& table, std::string_view set,
                                        const std::function<void(nftnl_set_elem&)>& each);
[[nodiscard]] Result<> for_each_rule(NftSocket& socket, const NftTableName& table, const std::function<void(nftnl_rule&)>& each);

}  // namespace portcullis
