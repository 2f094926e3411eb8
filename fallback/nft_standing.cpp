// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_standing.h"

#include <cerrno>
#include <charconv>

#include "compiler/lower_nft/lower_nft.h"
#include "fallback/nft_readback.h"
#include "fallback/nft_socket.h"

namespace portcullis {
namespace {

constexpr std::string_view kIngress = "ingress-";

// Chains that go while they are read have them read again.
constexpr int kMostAttempts = 100;

}  // namespace

std::set<std::uint32_t> guarded_by(const std::vector<NftChain>& netdev_chains) {
    std::set<std::uint32_t> devices;
    for (const NftChain& chain : netdev_chains) {
        if (!chain.hook || chain.name.compare(0, kIngress.size(), kIngress) != 0) {
            continue;
        }
        std::uint32_t ifindex = 0;
        const char* const end = chain.name.data() + chain.name.size();
        const auto [at, error] = std::from_chars(chain.name.data() + kIngress.size(), end, ifindex);
        if (error == std::errc() && at == end) {
            devices.insert(ifindex);
        }
    }
    return devices;
}

std::set<std::uint32_t> guarded_by(const NftImage& image) {
    std::set<std::uint32_t> devices;
    for (const NftTable& table : image.tables) {
        if (table.family == NftFamily::Netdev) {
            devices.merge(guarded_by(table.chains));
        }
    }
    return devices;
}

Result<bool> nft_stands() {
    auto socket = NftSocket::open();
    if (!socket) {
        return fail(socket.error());
    }
    for (const std::string_view name : {kNftTable, kNftClosedTable}) {
        const auto tables = find_tables(*socket, name);
        if (!tables) {
            return fail(tables.error().with_context("cannot look for nftables tables of ours"));
        }
        if (!tables->empty()) {
            return true;
        }
    }
    return false;
}

Result<std::set<std::uint32_t>> nft_guarded_devices() {
    auto socket = NftSocket::open();
    if (!socket) {
        return fail(socket.error());
    }
    std::set<std::uint32_t> devices;
    for (const std::string_view name : {kNftTable, kNftClosedTable}) {
        Result<std::vector<NftChain>> chains;
        for (int i = 0; i < kMostAttempts; ++i) {
            chains = read_chains(*socket, {.family = NftFamily::Netdev, .name = name});
            if (chains || chains.error().code != EINTR) {
                break;
            }
        }
        if (!chains) {
            return fail(chains.error().with_context("cannot look for base chains of ours"));
        }
        devices.merge(guarded_by(*chains));
    }
    return devices;
}

}  // namespace portcullis
