// SPDX-License-Identifier: Apache-2.0
// Objects of libnftnl, as the kernel gave them, as those of an image: the way back of nft_encode.h and nft_expressions.h. What we would not
// have written that way comes out as something that is equal to nothing of ours.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/lower_nft/nft_image.h"

struct nftnl_chain;
struct nftnl_rule;
struct nftnl_set;
struct nftnl_set_elem;

namespace portcullis {

// Bytes of the data of each data map, by name: the kernel's lookups do not say them.
using NftDataBytes = std::unordered_map<std::string, std::uint8_t>;

// Without rules.
[[nodiscard]] NftChain decode_chain(const nftnl_chain& object, NftFamily family);
[[nodiscard]] NftRule decode_rule(nftnl_rule& object, const NftDataBytes& data_bytes);
// Without elements.
[[nodiscard]] NftSet decode_set(const nftnl_set& object);

// Elements of one set, put in one by one as a dump gives them.
class NftElementDecoder {
   public:
    explicit NftElementDecoder(const NftSet& set) : set_(set) {}
    void add(nftnl_set_elem& object);
    // Sorted.
    [[nodiscard]] std::vector<NftElement> take() &&;

   private:
    [[nodiscard]] NftElement element_of(nftnl_set_elem& object) const;
    const NftSet& set_;
    std::vector<NftElement> elements_;
    std::vector<NftBytes> ends_;  // of ranges of one field: the first value behind
};

// Key of an element as images have it: padded.
[[nodiscard]] NftBytes key_of_element(nftnl_set_elem& object);

// What a rule or set that is not of ours has for a comment.
inline constexpr char kForeign = '\x01';

}  // namespace portcullis
