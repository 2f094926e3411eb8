// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_teardown.h"

#include <cerrno>
#include <string_view>

#include "compiler/lower_nft/lower_nft.h"
#include "fallback/nft_encode.h"
#include "fallback/nft_readback.h"
#include "fallback/nft_socket.h"
#include "fallback/nft_standing.h"

namespace portcullis {
namespace {

// How often others may get in between looking and deleting.
constexpr int kMostAttempts = 100;

// Fails with ERESTART where somebody did.
Result<NftTeardownReport> try_teardown(NftSocket& socket) {
    const auto generation = socket.generation();
    if (!generation) {
        return fail(generation.error());
    }
    NftBatch batch(*generation);
    NftTeardownReport report;
    for (const std::string_view name : {kNftTable, kNftClosedTable}) {
        const auto tables = find_tables(socket, name);
        if (!tables) {
            return fail(tables.error());
        }
        for (const auto& [family, flags] : *tables) {
            encode_table_end(batch, {.family = family, .name = name});
            ++report.tables;
        }
    }
    if (batch.is_empty()) {
        return report;
    }
    const auto refusals = socket.commit(batch);
    if (!refusals) {
        return fail(refusals.error());
    }
    if (!refusals->empty()) {
        return fail(error_of(batch, *refusals));
    }
    return report;
}

}  // namespace

Result<NftTeardownReport> nft_teardown() {
    auto socket = NftSocket::open();
    if (!socket) {
        return fail(socket.error());
    }
    Result<NftTeardownReport> report;
    for (int i = 0; i < kMostAttempts; ++i) {
        report = try_teardown(*socket);
        if (report || (report.error().code != ERESTART && report.error().code != EINTR && report.error().code != EAGAIN)) {
            break;
        }
    }
    if (!report && report.error().code == EPERM) {
        return fail("the nftables tables belong to a running process", EPERM);
    }
    return report;
}

}  // namespace portcullis
