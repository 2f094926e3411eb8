// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_numbers.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <iterator>
#include <string>

namespace portcullis {
namespace {

template <class Ours>
struct Pair {
    Ours ours;
    std::int64_t kernels;
};

constexpr Pair<NftHeader> kHeaders[] = {
    {NftHeader::Link, NFT_PAYLOAD_LL_HEADER},
    {NftHeader::Network, NFT_PAYLOAD_NETWORK_HEADER},
    {NftHeader::Transport, NFT_PAYLOAD_TRANSPORT_HEADER},
};

constexpr Pair<NftMeta> kMetas[] = {
    {NftMeta::Length, NFT_META_LEN},
    {NftMeta::Protocol, NFT_META_PROTOCOL},
    {NftMeta::L4Protocol, NFT_META_L4PROTO},
    {NftMeta::Iif, NFT_META_IIF},
    {NftMeta::Oif, NFT_META_OIF},
    {NftMeta::PacketType, NFT_META_PKTTYPE},
    {NftMeta::Mark, NFT_META_MARK},
    {NftMeta::IifName, NFT_META_IIFNAME},
    {NftMeta::OifName, NFT_META_OIFNAME},
    {NftMeta::IifBridge, NFT_META_BRI_IIFNAME},
    {NftMeta::OifBridge, NFT_META_BRI_OIFNAME},
};

constexpr Pair<NftCompare::Op> kCompares[] = {
    {NftCompare::Op::Equal, NFT_CMP_EQ},      {NftCompare::Op::NotEqual, NFT_CMP_NEQ}, {NftCompare::Op::Less, NFT_CMP_LT},
    {NftCompare::Op::LessEqual, NFT_CMP_LTE}, {NftCompare::Op::Greater, NFT_CMP_GT},   {NftCompare::Op::GreaterEqual, NFT_CMP_GTE},
};

constexpr Pair<NftVerdict::Kind> kVerdicts[] = {
    {NftVerdict::Kind::Accept, NF_ACCEPT},  {NftVerdict::Kind::Drop, NF_DROP},  {NftVerdict::Kind::Continue, NFT_CONTINUE},
    {NftVerdict::Kind::Return, NFT_RETURN}, {NftVerdict::Kind::Jump, NFT_JUMP}, {NftVerdict::Kind::Goto, NFT_GOTO},
};

template <class Ours, std::size_t count>
std::uint32_t kernels(const Pair<Ours> (&pairs)[count], Ours ours) {
    return static_cast<std::uint32_t>(std::find_if(pairs, pairs + count, [&](const auto& one) { return one.ours == ours; })->kernels);
}

template <class Ours, std::size_t count>
std::optional<Ours> ours(const Pair<Ours> (&pairs)[count], std::int64_t number) {
    const auto* found = std::find_if(pairs, pairs + count, [&](const auto& one) { return one.kernels == number; });
    return found == pairs + count ? std::nullopt : std::optional(found->ours);
}

}  // namespace

std::uint32_t number_of(NftHeader header) { return kernels(kHeaders, header); }
std::optional<NftHeader> header_of(std::uint32_t number) { return ours(kHeaders, number); }

std::uint32_t number_of(NftMeta meta) { return kernels(kMetas, meta); }
std::optional<NftMeta> meta_of(std::uint32_t number) { return ours(kMetas, number); }

std::uint32_t number_of(NftCompare::Op op) { return kernels(kCompares, op); }
std::optional<NftCompare::Op> compare_of(std::uint32_t number) { return ours(kCompares, number); }

std::uint32_t number_of(NftVerdict::Kind kind) { return kernels(kVerdicts, kind); }

NftVerdict verdict_of(std::uint32_t number, const char* chain) {
    // Codes of nf_tables are negative.
    const auto kind = ours(kVerdicts, static_cast<std::int32_t>(number));
    return {.kind = kind.value_or(NftVerdict::Kind::Continue), .chain = chain == nullptr ? std::string() : std::string(chain)};
}

}  // namespace portcullis
