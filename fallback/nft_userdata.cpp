// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_userdata.h"

#include <algorithm>
#include <iterator>
#include <span>

namespace portcullis {
namespace {

// Type, length, value; a byte each for the first two.
constexpr std::size_t kHeaderBytes = 2;
// NFTNL_UDATA_RULE_COMMENT, NFTNL_UDATA_SET_ELEM_COMMENT.
constexpr std::uint8_t kComment = 0;
// Far from those that nft gives out: it passes over what it does not know.
constexpr std::uint8_t kTypes = 0x70;
constexpr std::size_t kMostComment = 127;

constexpr NftType kTypeList[] = {NftType::Ipv4Address, NftType::Ipv6Address, NftType::EtherAddress, NftType::EtherType,
                                 NftType::Protocol,    NftType::Port,        NftType::Interface,    NftType::Byte,
                                 NftType::Half,        NftType::Word,        NftType::Bytes64,      NftType::DeviceName};

// The value behind the header of `type`; empty: there is none.
std::span<const std::uint8_t> find(std::span<const std::uint8_t> userdata, std::uint8_t type) {
    while (userdata.size() >= kHeaderBytes && userdata.size() >= kHeaderBytes + userdata[1]) {
        if (userdata[0] == type) {
            return userdata.subspan(kHeaderBytes, userdata[1]);
        }
        userdata = userdata.subspan(kHeaderBytes + userdata[1]);
    }
    return {};
}

}  // namespace

std::vector<std::uint8_t> comment_userdata(std::string_view comment) {
    comment = comment.substr(0, kMostComment);
    std::vector<std::uint8_t> bytes(kHeaderBytes + comment.size() + 1);  // ends with a zero
    bytes[0] = kComment;
    bytes[1] = static_cast<std::uint8_t>(comment.size() + 1);
    std::copy(comment.begin(), comment.end(), bytes.begin() + kHeaderBytes);
    return bytes;
}

std::string comment_in(const void* userdata, std::uint32_t length) {
    const auto value = find({static_cast<const std::uint8_t*>(userdata), length}, kComment);
    return {value.begin(), std::find(value.begin(), value.end(), 0)};
}

std::vector<std::uint8_t> types_userdata(const NftSet& set) {
    std::vector<std::uint8_t> bytes = {kTypes, static_cast<std::uint8_t>(set.key.size() + (set.kind == NftSet::Kind::DataMap ? 1 : 0))};
    const auto put = [&](NftType type) {
        bytes.push_back(static_cast<std::uint8_t>(std::find(std::begin(kTypeList), std::end(kTypeList), type) - std::begin(kTypeList)));
    };
    std::for_each(set.key.begin(), set.key.end(), put);
    if (set.kind == NftSet::Kind::DataMap) {
        put(set.data);
    }
    return bytes;
}

bool read_types(const void* userdata, std::uint32_t length, NftSet& set) {
    const auto value = find({static_cast<const std::uint8_t*>(userdata), length}, kTypes);
    if (value.empty() || std::any_of(value.begin(), value.end(), [](std::uint8_t one) { return one >= std::size(kTypeList); })) {
        return false;
    }
    std::transform(value.begin(), value.end(), std::back_inserter(set.key), [](std::uint8_t one) { return kTypeList[one]; });
    if (set.kind == NftSet::Kind::DataMap) {
        set.data = set.key.back();
        set.key.pop_back();
    }
    return !set.key.empty();
}

}  // namespace portcullis
