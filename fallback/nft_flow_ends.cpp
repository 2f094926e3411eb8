// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_flow_ends.h"

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "fallback/nft_readback.h"

namespace portcullis {
namespace {

// An element can be gone by itself between reading and deleting it, and others can write.
constexpr int kMostAttempts = 100;

// What the change makes of the elements of one set.
Result<NftElementChange> change_in(NftSocket& socket, const NftTable& table, const NftSet& set, const NftEnds& ends) {
    auto elements = read_elements(socket, {.family = table.family, .name = table.name}, set);
    if (!elements) {
        return fail(elements.error());
    }
    NftElementChange change{.family = table.family, .set = &set, .gone = {}, .fresh = {}};
    for (NftElement& element : *elements) {
        const NftFate fate = ends.fate_of(set.name, element);
        if (fate.kind == NftFate::Kind::Stays) {
            continue;
        }
        // One whose time is over goes by itself.
        if (fate.kind == NftFate::Kind::Becomes && element.expires_ms != 0) {
            change.fresh.push_back(element);
            change.fresh.back().data = fate.data;
        }
        change.gone.push_back(std::move(element));
    }
    return change;
}

// All that changes; EINTR where it could not be read in one piece.
Result<std::vector<NftElementChange>> find_changes(NftSocket& socket, const NftTable& table, const NftEnds& ends) {
    std::vector<NftElementChange> changes;
    for (const std::string& name : ends.asked()) {
        const NftSet* const set = find_set(table, name);
        if (set == nullptr) {
            continue;
        }
        auto change = change_in(socket, table, *set, ends);
        if (!change) {
            return fail(change.error().with_context("cannot read " + name));
        }
        if (!change->gone.empty()) {
            changes.push_back(std::move(*change));
        }
    }
    return changes;
}

}  // namespace

Result<std::size_t> end_flows(NftWriter& writer, const NftImage& image, const NftEnds& ends) {
    const NftTable* const bridge = find_table(image, NftFamily::Bridge);
    std::size_t count = 0;
    for (int i = 0; bridge != nullptr && i < kMostAttempts; ++i) {
        auto changes = find_changes(writer.socket(), *bridge, ends);
        if (!changes && changes.error().code == EINTR) {
            continue;
        }
        if (!changes) {
            return fail(changes.error());
        }
        // Until there is nothing to do: packets change flows between reading and writing.
        if (changes->empty()) {
            return count;
        }
        auto written = writer.change_elements(*changes);
        if (!written) {
            return fail(written.error().with_context("cannot end flows"));
        }
        for (const NftElementChange& change : *changes) {
            count += *written ? change.gone.size() : 0;
        }
    }
    return bridge == nullptr ? Result<std::size_t>(0) : fail("cannot end flows: others keep changing nf_tables", EBUSY);
}

}  // namespace portcullis
