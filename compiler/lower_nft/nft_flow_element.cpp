// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_flow_element.h"

#include <cstring>

namespace portcullis {
namespace {

constexpr std::size_t kBindingBytes = 4;

std::uint16_t number_at(const std::uint8_t* bytes) { return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]); }

}  // namespace

bool NftFlowElement::is_icmp() const {
    constexpr std::uint8_t kIcmp = 1, kIcmpv6 = 58;
    return protocol == kIcmp || protocol == kIcmpv6;
}

std::uint32_t nft_number_of(const NftBytes& bytes) {
    return bytes.size() < kBindingBytes ? 0 : std::uint32_t{number_at(bytes.data())} << 16 | number_at(bytes.data() + 2);
}

std::optional<NftFlowElement> nft_flow_of(const NftElement& element, Family family) {
    const std::size_t address_bytes = address_bits(family) / 8U;
    if (element.from.size() < kBindingBytes + 2 * address_bytes + 12 || element.data.size() < 4) {
        return std::nullopt;
    }
    NftFlowElement flow{.local = {.family = family}, .remote = {.family = family}};
    const std::uint8_t* const key = element.from.data() + kBindingBytes;
    std::memcpy(flow.local.bytes.data(), key, address_bytes);
    std::memcpy(flow.remote.bytes.data(), key + address_bytes, address_bytes);
    flow.protocol = key[2 * address_bytes];
    flow.local_port = number_at(key + 2 * address_bytes + 4);
    flow.remote_port = number_at(key + 2 * address_bytes + 8);
    const auto word = NftFlowWord::of(std::uint32_t{number_at(element.data.data())} << 16 | number_at(element.data.data() + 2));
    if (!word) {
        return std::nullopt;
    }
    flow.word = *word;
    return flow;
}

}  // namespace portcullis
