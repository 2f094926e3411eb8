// SPDX-License-Identifier: Apache-2.0
// What has to be written so that one image becomes another: pure. Objects are told apart by their names; of a set that keeps its name and
// shape the elements are told apart one by one, the rules of a chain are all written anew if one of them differs.
//
// Everything in a difference points into the two images, which outlive it.
#pragma once

#include <cstddef>
#include <vector>

#include "compiler/lower_nft/nft_image.h"

namespace portcullis {

struct NftSetDelta {
    const NftSet* set = nullptr;  // of the new image
    std::vector<const NftElement*> gone;
    std::vector<const NftElement*> fresh;
};

struct NftTableDiff {
    const NftTable* had = nullptr;     // null: there was none
    const NftTable* wanted = nullptr;  // null: it goes, with all that is in it, and nothing else is said
    // In the order of writing: what goes, then what comes.
    std::vector<const NftChain*> emptied;  // chains that go, or whose rules change
    std::vector<const NftSet*> drained;    // verdict maps that go: they hold chains
    std::vector<NftSetDelta> deltas;
    std::vector<const NftChain*> gone_chains;
    std::vector<const NftSet*> gone_sets;
    std::vector<const NftSet*> new_sets;  // with all their elements; those that rules name most often come first
    std::vector<const NftChain*> new_chains;
    std::vector<const NftChain*> filled;  // chains whose rules are to be written: who jumps comes before where it jumps to
    [[nodiscard]] bool is_empty() const;
};

// Both normal (see below). One for each table of either image that has something to write.
[[nodiscard]] std::vector<NftTableDiff> diff_images(const NftImage& had, const NftImage& wanted);

// Whether the kernel's set can stay and only its elements change.
[[nodiscard]] bool has_same_shape(const NftSet& a, const NftSet& b);

// Elements, rules and objects that a difference writes or deletes.
[[nodiscard]] std::size_t count_writes(const std::vector<NftTableDiff>& diffs);

// The one form of what means the same: sorted, ranges of one value as values, what the kernel puts for nothing said.
void normalise(NftImage& image);

}  // namespace portcullis
