// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_decode.h"

#include <algorithm>

#include "fallback/nft_decode_rule.h"
#include "fallback/nft_numbers.h"
#include "fallback/nft_objects.h"
#include "fallback/nft_types.h"
#include "fallback/nft_userdata.h"

namespace portcullis {
namespace {

std::string text_or_nothing(const char* text) { return text == nullptr ? std::string() : std::string(text); }

NftHook::Point point_of(NftFamily family, std::uint32_t number) {
    constexpr NftHook::Point kOfNetdev[] = {NftHook::Point::Ingress, NftHook::Point::Egress};
    constexpr NftHook::Point kOfOthers[] = {NftHook::Point::Prerouting, NftHook::Point::Input, NftHook::Point::Forward,
                                            NftHook::Point::Output, NftHook::Point::Postrouting};
    return family == NftFamily::Netdev ? kOfNetdev[std::min(number, 1U)] : kOfOthers[std::min(number, 4U)];
}

std::string device_of(const nftnl_chain& object) {
    if (nftnl_chain_is_set(&object, NFTNL_CHAIN_DEV)) {
        return text_or_nothing(nftnl_chain_get_str(&object, NFTNL_CHAIN_DEV));
    }
    if (nftnl_chain_is_set(&object, NFTNL_CHAIN_DEVICES)) {
        const char* const* devices = nftnl_chain_get_array(&object, NFTNL_CHAIN_DEVICES);
        return devices == nullptr ? std::string() : text_or_nothing(devices[0]);
    }
    return {};
}

NftBytes bytes_at(const void* data, std::uint32_t length) {
    const auto* begin = static_cast<const std::uint8_t*>(data);
    return data == nullptr ? NftBytes() : NftBytes(begin, begin + length);
}

NftBytes padded_bytes(nftnl_set_elem& object, std::uint16_t attribute) {
    std::uint32_t length = 0;
    const void* data = nftnl_set_elem_get(&object, attribute, &length);
    NftBytes bytes = bytes_at(data, length);
    bytes.resize(padded(static_cast<std::uint32_t>(bytes.size())));
    return bytes;
}

bool is_end_of_range(nftnl_set_elem& object) {
    return nftnl_set_elem_is_set(&object, NFTNL_SET_ELEM_FLAGS) &&
           (nftnl_set_elem_get_u32(&object, NFTNL_SET_ELEM_FLAGS) & NFT_SET_ELEM_INTERVAL_END) != 0;
}

NftBytes all_ones(std::uint32_t bytes) { return NftBytes(bytes, 0xff); }

}  // namespace

NftChain decode_chain(const nftnl_chain& object, NftFamily family) {
    NftChain chain{.name = text_or_nothing(nftnl_chain_get_str(&object, NFTNL_CHAIN_NAME)), .hook = {}, .rules = {}};
    if (nftnl_chain_is_set(&object, NFTNL_CHAIN_HOOKNUM)) {
        chain.hook = NftHook{.point = point_of(family, nftnl_chain_get_u32(&object, NFTNL_CHAIN_HOOKNUM)),
                             .priority = nftnl_chain_get_s32(&object, NFTNL_CHAIN_PRIO),
                             .device = device_of(object),
                             .accepts = nftnl_chain_get_u32(&object, NFTNL_CHAIN_POLICY) == NF_ACCEPT};
    }
    return chain;
}

NftRule decode_rule(nftnl_rule& object, const NftDataBytes& data_bytes) {
    NftRule rule;
    std::uint32_t length = 0;
    if (const void* userdata = nftnl_rule_get_data(&object, NFTNL_RULE_USERDATA, &length); userdata != nullptr) {
        rule.comment = comment_in(userdata, length);
    }
    if (auto statements = decode_expressions(object, data_bytes)) {
        rule.statements = std::move(*statements);
    } else {
        rule.comment.assign(1, kForeign);
    }
    return rule;
}

NftSet decode_set(const nftnl_set& object) {
    NftSet set;
    set.name = text_or_nothing(nftnl_set_get_str(&object, NFTNL_SET_NAME));
    const std::uint32_t flags = nftnl_set_get_u32(&object, NFTNL_SET_FLAGS);
    if ((flags & NFT_SET_MAP) != 0) {
        const bool is_verdict = nftnl_set_get_u32(&object, NFTNL_SET_DATA_TYPE) == NFT_DATA_VERDICT;
        set.kind = is_verdict ? NftSet::Kind::VerdictMap : NftSet::Kind::DataMap;
    }
    std::uint32_t length = 0;
    const void* userdata = nftnl_set_get_data(&object, NFTNL_SET_USERDATA, &length);
    if (userdata == nullptr || !read_types(userdata, length, set)) {
        set.key.clear();  // no set of ours: equal to none
    }
    set.is_interval = (flags & NFT_SET_INTERVAL) != 0;
    set.is_dynamic = (flags & NFT_SET_EVAL) != 0;
    set.has_timeout = (flags & NFT_SET_TIMEOUT) != 0;
    set.timeout_ms = nftnl_set_is_set(&object, NFTNL_SET_TIMEOUT) ? nftnl_set_get_u64(&object, NFTNL_SET_TIMEOUT) : 0;
    set.size = nftnl_set_is_set(&object, NFTNL_SET_DESC_SIZE) ? nftnl_set_get_u32(&object, NFTNL_SET_DESC_SIZE) : 0;
    set.counts = nftnl_set_is_set(&object, NFTNL_SET_EXPR) || nftnl_set_is_set(&object, NFTNL_SET_EXPRESSIONS);
    return set;
}

NftBytes key_of_element(nftnl_set_elem& object) { return padded_bytes(object, NFTNL_SET_ELEM_KEY); }

NftElement NftElementDecoder::element_of(nftnl_set_elem& object) const {
    NftElement element;
    element.from = key_of_element(object);
    if (nftnl_set_elem_is_set(&object, NFTNL_SET_ELEM_KEY_END)) {
        element.to = padded_bytes(object, NFTNL_SET_ELEM_KEY_END);
    }
    std::uint32_t length = 0;
    if (set_.kind == NftSet::Kind::VerdictMap) {
        element.verdict = verdict_of(
            nftnl_set_elem_get_u32(&object, NFTNL_SET_ELEM_VERDICT),
            nftnl_set_elem_is_set(&object, NFTNL_SET_ELEM_CHAIN) ? nftnl_set_elem_get_str(&object, NFTNL_SET_ELEM_CHAIN) : nullptr);
    } else if (set_.kind == NftSet::Kind::DataMap) {
        const void* data = nftnl_set_elem_get(&object, NFTNL_SET_ELEM_DATA, &length);
        element.data = bytes_at(data, length);
    }
    if (const void* userdata = nftnl_set_elem_get(&object, NFTNL_SET_ELEM_USERDATA, &length); userdata != nullptr) {
        element.comment = comment_in(userdata, length);
    }
    if (nftnl_set_elem_is_set(&object, NFTNL_SET_ELEM_TIMEOUT) && nftnl_set_elem_is_set(&object, NFTNL_SET_ELEM_EXPIRATION)) {
        element.timeout_ms = nftnl_set_elem_get_u64(&object, NFTNL_SET_ELEM_TIMEOUT);
        element.expires_ms = nftnl_set_elem_get_u64(&object, NFTNL_SET_ELEM_EXPIRATION);
    }
    return element;
}

void NftElementDecoder::add(nftnl_set_elem& object) {
    if (is_end_of_range(object)) {
        ends_.push_back(key_of_element(object));
    } else {
        elements_.push_back(element_of(object));
    }
}

// Of ranges of one field, each ends before the smallest end behind its beginning; the last one may have none, and then goes on to the
// greatest value.
std::vector<NftElement> NftElementDecoder::take() && {
    std::sort(elements_.begin(), elements_.end(), [](const NftElement& a, const NftElement& b) { return a.from < b.from; });
    if (!set_.is_interval || set_.key.size() != 1) {
        return std::move(elements_);
    }
    std::sort(ends_.begin(), ends_.end());
    auto end = ends_.begin();
    const std::uint32_t bytes = bytes_of(set_.key.front());
    for (NftElement& element : elements_) {
        end = std::upper_bound(end, ends_.end(), element.from);
        NftBytes last = all_ones(bytes);
        if (end != ends_.end()) {
            last = *end;
            last.resize(bytes);
            last = before(std::move(last));
        }
        last.resize(padded(bytes));
        element.to = std::move(last);
    }
    return std::move(elements_);
}

}  // namespace portcullis
