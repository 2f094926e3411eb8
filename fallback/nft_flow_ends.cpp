// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_flow_ends.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "fallback/nft_readback.h"

namespace portcullis {
namespace {

// What others write between reading and writing is read anew so often.
constexpr int kMostAttempts = 100;
// Of one transaction: one that fails costs a grace period.
constexpr std::size_t kMostInPiece = 1024;

// What the change makes of the elements of one set.
Result<> find_in(NftSocket& socket, const NftTable& table, const NftSet& set, const NftEnds& ends, std::vector<NftEnding>& endings) {
    auto elements = read_elements(socket, {.family = table.family, .name = table.name}, set);
    if (!elements) {
        return fail(elements.error());
    }
    for (NftElement& element : *elements) {
        const NftFate fate = ends.fate_of(set.name, element);
        if (fate.kind == NftFate::Kind::Stays) {
            continue;
        }
        NftEnding ending{.set = &set, .gone = std::move(element), .fresh = {}};
        // One whose time is over goes by itself.
        if (fate.kind == NftFate::Kind::Becomes && ending.gone.expires_ms != 0) {
            ending.fresh = ending.gone;
            ending.fresh->data = fate.data;
        }
        endings.push_back(std::move(ending));
    }
    return {};
}

// All that changes; EINTR where it could not be read in one piece.
Result<std::vector<NftEnding>> find_endings(NftSocket& socket, const NftTable& table, const NftEnds& ends) {
    std::vector<NftEnding> endings;
    for (const std::string& name : ends.asked()) {
        const NftSet* const set = find_set(table, name);
        if (set == nullptr) {
            continue;
        }
        if (const auto found = find_in(socket, table, *set, ends, endings); !found) {
            return fail(found.error().with_context("cannot read " + name));
        }
    }
    return endings;
}

// Set by set, as they come.
std::vector<NftElementChange> changes_of(NftFamily family, std::span<const NftEnding> endings) {
    std::vector<NftElementChange> changes;
    for (const NftEnding& ending : endings) {
        if (changes.empty() || changes.back().set != ending.set) {
            changes.push_back({.family = family, .set = ending.set, .gone = {}, .fresh = {}});
        }
        changes.back().gone.push_back(ending.gone);
        if (ending.fresh) {
            changes.back().fresh.push_back(*ending.fresh);
        }
    }
    return changes;
}

// As deep as halving takes.
Result<std::size_t> write_piece(NftWriter& writer, NftFamily family, std::span<const NftEnding> piece) {
    const auto written = writer.change_elements(changes_of(family, piece));
    if (!written) {
        return fail(written.error().with_context("cannot end flows"));
    }
    if (*written) {
        return piece.size();
    }
    if (piece.size() == 1) {
        return std::size_t{0};
    }
    std::size_t count = 0;
    for (const auto half : {piece.first(piece.size() / 2), piece.subspan(piece.size() / 2)}) {
        const auto done = write_piece(writer, family, half);
        if (!done) {
            return done;
        }
        count += *done;
    }
    return count;
}

}  // namespace

Result<std::size_t> end_in_pieces(NftWriter& writer, NftFamily family, std::span<const NftEnding> endings) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < endings.size(); at += kMostInPiece) {
        const auto done = write_piece(writer, family, endings.subspan(at, std::min(kMostInPiece, endings.size() - at)));
        if (!done) {
            return done;
        }
        count += *done;
    }
    return count;
}

Result<std::size_t> end_flows(NftWriter& writer, const NftImage& image, const NftEnds& ends) {
    const NftTable* const bridge = find_table(image, NftFamily::Bridge);
    std::size_t count = 0;
    for (int i = 0; bridge != nullptr && i < kMostAttempts; ++i) {
        const auto endings = find_endings(writer.socket(), *bridge, ends);
        if (!endings && endings.error().code == EINTR) {
            continue;
        }
        if (!endings) {
            return fail(endings.error());
        }
        // Until there is nothing to do: packets change flows between reading and writing.
        if (endings->empty()) {
            return count;
        }
        const auto done = end_in_pieces(writer, bridge->family, *endings);
        if (!done) {
            return done;
        }
        count += *done;
    }
    return bridge == nullptr ? Result<std::size_t>(0) : fail("cannot end flows: others keep changing nf_tables", EBUSY);
}

}  // namespace portcullis
