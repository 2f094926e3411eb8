// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/equal.h"

#include <functional>
#include <optional>
#include <utility>

namespace portcullis {
namespace {

constexpr unsigned kBytes = 256;

NftLoad byte_of(const NftLoad& load, unsigned i) { return nft_payload(load.header, static_cast<std::uint16_t>(load.offset + i), 1); }

NftBytes number(unsigned value) { return nft_u8(static_cast<std::uint8_t>(value)); }

// Pairs (x, y) with y from one number to another, by x; none: no y.
using Range = std::optional<std::pair<unsigned, unsigned>>;

std::string pairs(NftBuilder& builder, std::string stem, bool is_interval, const std::function<Range(unsigned)>& range_of) {
    NftSet set{.name = std::move(stem), .key = {NftType::Byte, NftType::Byte}};
    set.is_interval = is_interval;
    for (unsigned x = 0; x < kBytes; ++x) {
        if (const Range range = range_of(x)) {
            NftElement element{.from = nft_key({number(x), number(range->first)}), .to = {}, .verdict = {}, .data = {}, .comment = {}};
            if (is_interval) {
                element.to = nft_key({number(x), number(range->second)});
            }
            set.elements.push_back(std::move(element));
        }
    }
    return builder.set(std::move(set));
}

// y = x + offset
std::string sums(NftBuilder& builder, int offset) {
    return builder.once("byte-sums " + std::to_string(offset), [&] {
        return pairs(builder, "byte-sums", false, [=](unsigned x) {
            const int sum = static_cast<int>(x) + offset;
            return sum >= 0 && sum < static_cast<int>(kBytes) ? Range(std::pair(sum, sum)) : Range();
        });
    });
}

// y >= x + offset
std::string at_least(NftBuilder& builder, int offset) {
    return builder.once("byte-at-least " + std::to_string(offset), [&] {
        return pairs(builder, "byte-at-least", true, [=](unsigned x) {
            const int sum = static_cast<int>(x) + offset;
            return sum >= 0 && sum < static_cast<int>(kBytes) ? Range(std::pair(sum, kBytes - 1)) : Range();
        });
    });
}

}  // namespace

NftConditions nft_equal(NftBuilder& builder, const NftLoad& a, const NftLoad& b) {
    const std::string equal = sums(builder, 0);
    NftConditions conditions;
    for (unsigned i = 0; i < a.length; ++i) {
        conditions.push_back(nft_in({byte_of(a, i), byte_of(b, i)}, equal));
    }
    return conditions;
}

std::vector<NftConditions> nft_sum_fits(NftBuilder& builder, const NftLoad& a, std::uint16_t offset, const NftLoad& b) {
    const std::vector<NftLoad> high = {byte_of(a, 0), byte_of(b, 0)};
    const std::vector<NftLoad> low = {byte_of(a, 1), byte_of(b, 1)};
    const int k = offset;
    const int wrapped = k - static_cast<int>(kBytes);  // where the sum of the low bytes carries
    std::vector<NftConditions> alternatives = {{nft_in(high, sums(builder, 0)), nft_in(low, sums(builder, k))}};
    if (k > 0) {
        alternatives.push_back({nft_in(high, sums(builder, 1)), nft_in(low, sums(builder, wrapped))});
    }
    alternatives.push_back({nft_in(high, sums(builder, 0)), nft_in(low, at_least(builder, k))});
    // The high byte of b is larger: by one it does where the low bytes do not carry, or their rest fits.
    alternatives.push_back({nft_in_range(byte_of(a, 1), number(0), number(kBytes - 1 - offset)), nft_in(high, at_least(builder, 1))});
    if (k > 0) {
        alternatives.push_back({nft_in(high, sums(builder, 1)), nft_in(low, at_least(builder, wrapped))});
        alternatives.push_back({nft_in(high, at_least(builder, 2))});
    }
    return alternatives;
}

}  // namespace portcullis
