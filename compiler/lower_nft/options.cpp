// SPDX-License-Identifier: Apache-2.0
// Rules cannot walk: they have no variable for where they are. So for each length of the header there is a chain with the layouts that are
// admitted, each at its fixed offsets.
#include "compiler/lower_nft/options.h"

#include "compiler/lower_nft/nft_words.h"
#include "compiler/lower_nft/own.h"

namespace portcullis {
namespace {

constexpr unsigned kFixed = 20;  // bytes of a header without options
constexpr unsigned kFillersMax = 3;
constexpr std::uint8_t kEnd = 0, kFiller = 1, kLooseRoute = 131, kStrictRoute = 137;

NftLoad at(unsigned offset, std::uint8_t bytes = 1) { return nft_payload(NftHeader::Network, static_cast<std::uint16_t>(offset), bytes); }

NftConditions fillers(unsigned offset, unsigned count) {
    return count == 0 ? NftConditions{} : NftConditions{nft_is(at(offset, static_cast<std::uint8_t>(count)), NftBytes(count, kFiller))};
}

// What may stand in the last `count` bytes of a header of `header` bytes, behind its last option: alternatives.
std::vector<NftConditions> endings(unsigned header, unsigned count) {
    std::vector<NftConditions> alternatives = {fillers(header - count, count)};
    for (unsigned before = 0; before < count; ++before) {
        alternatives.push_back(nft_all({fillers(header - count, before), {nft_is(at(header - count + before), nft_u8(kEnd))}}));
    }
    return alternatives;
}

// A check for headers of that length.
std::string layouts(const NftSanity& sanity, unsigned header) {
    NftBuilder& bridge = *sanity.bridge;
    const std::string routes = nft_byte_set(bridge, "source-routes", {kLooseRoute, kStrictRoute});
    const std::string no_length = nft_byte_set(bridge, "options-special", {kEnd, kFiller});
    std::vector<NftRule> rules;
    for (unsigned before = 0; before <= kFillersMax; ++before) {
        const unsigned type = kFixed + before;
        rules.push_back(nft_when(nft_all({fillers(kFixed, before), {nft_is(at(type), nft_u8(kEnd))}}), nft_return()));
        rules.push_back(nft_when(nft_all({fillers(kFixed, before), {nft_in({at(type)}, routes)}}), sanity.drop(PC_REASON_source_route)));
        for (unsigned behind = 0; behind <= kFillersMax && type + 2 + behind <= header; ++behind) {
            const auto length = static_cast<std::uint8_t>(header - type - behind);
            const NftConditions option = {nft_not_in({at(type)}, no_length), nft_is(at(type + 1), nft_u8(length))};
            for (const NftConditions& ending : endings(header, behind)) {
                rules.push_back(nft_when(nft_all({fillers(kFixed, before), option, ending}), nft_return()));
            }
        }
    }
    if (header == kFixed + 4) {
        rules.push_back(nft_when(fillers(kFixed, 4), nft_return()));
    }
    rules.push_back(nft_always(sanity.drop(PC_REASON_ip_malformed)));
    return bridge.chain("options-" + std::to_string(header), std::move(rules));
}

}  // namespace

std::vector<NftRule> nft_options(const NftSanity& sanity) {
    NftSet map{.name = "options", .kind = NftSet::Kind::VerdictMap, .key = {NftType::Byte}};
    for (unsigned words = 6; words <= 15; ++words) {
        map.elements.push_back({.from = nft_key({nft_u8(static_cast<std::uint8_t>(0x40 | words))}),
                                .to = {},
                                .verdict = nft_jump(layouts(sanity, words * 4)),
                                .data = {},
                                .comment = {}});
    }
    return {nft_rule({nft_verdict_of({at(0)}, sanity.bridge->set(std::move(map)))})};
}

}  // namespace portcullis
