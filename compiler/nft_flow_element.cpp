// SPDX-License-Identifier: Apache-2.0
#include "compiler/nft_flow_element.h"

#include <cstring>

namespace portcullis {
namespace {

std::uint16_t number_at(const NftBytes& bytes, std::size_t at) { return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]); }

}  // namespace

bool NftFlowElement::is_icmp() const {
    constexpr std::uint8_t kIcmp = 1, kIcmpv6 = 58;
    return protocol == kIcmp || protocol == kIcmpv6;
}

std::optional<NftFlowElement> nft_flow_of(const NftElement& element, Family family) {
    const std::size_t address_bytes = address_bits(family) / 8U;
    if (element.from.size() < 2 * address_bytes + 12 || element.data.size() < 4) {
        return std::nullopt;
    }
    NftFlowElement flow{.local = {.family = family}, .remote = {.family = family}};
    std::memcpy(flow.local.bytes.data(), element.from.data(), address_bytes);
    std::memcpy(flow.remote.bytes.data(), element.from.data() + address_bytes, address_bytes);
    flow.protocol = element.from[2 * address_bytes];
    flow.local_port = number_at(element.from, 2 * address_bytes + 4);
    flow.remote_port = number_at(element.from, 2 * address_bytes + 8);
    const auto word = NftFlowWord::of(std::uint32_t{number_at(element.data, 0)} << 16 | number_at(element.data, 2));
    if (!word) {
        return std::nullopt;
    }
    flow.word = *word;
    return flow;
}

}  // namespace portcullis
