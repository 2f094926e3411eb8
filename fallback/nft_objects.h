// SPDX-License-Identifier: Apache-2.0
// Owners of libnftnl's objects, and the kernel's numbers that the oldest headers we build with do not know. Lack of memory ends the
// process.
#pragma once

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

extern "C" {
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
}

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "compiler/lower_nft/nft_image.h"

namespace portcullis {

inline constexpr std::uint32_t kTableOwner = 0x2;    // NFT_TABLE_F_OWNER, since Linux 5.12
inline constexpr std::uint32_t kTablePersist = 0x4;  // NFT_TABLE_F_PERSIST, since Linux 6.9

struct NftnlDeleter {
    void operator()(nftnl_table* one) const noexcept { nftnl_table_free(one); }
    void operator()(nftnl_chain* one) const noexcept { nftnl_chain_free(one); }
    void operator()(nftnl_rule* one) const noexcept { nftnl_rule_free(one); }
    void operator()(nftnl_set* one) const noexcept { nftnl_set_free(one); }
};

template <class T>
using NftnlOwner = std::unique_ptr<T, NftnlDeleter>;

template <class T>
[[nodiscard]] T* or_abort(T* object) {
    if (object == nullptr) {
        std::abort();
    }
    return object;
}

// NFPROTO_* of our families.
[[nodiscard]] constexpr std::uint8_t protocol_family(NftFamily family) {
    switch (family) {
        case NftFamily::Bridge:
            return NFPROTO_BRIDGE;
        case NftFamily::Netdev:
            return NFPROTO_NETDEV;
        case NftFamily::Inet:
            break;
    }
    return NFPROTO_INET;
}

// "bridge", "netdev", "inet".
[[nodiscard]] constexpr const char* word_of(NftFamily family) {
    switch (family) {
        case NftFamily::Bridge:
            return "bridge";
        case NftFamily::Netdev:
            return "netdev";
        case NftFamily::Inet:
            break;
    }
    return "inet";
}

}  // namespace portcullis
